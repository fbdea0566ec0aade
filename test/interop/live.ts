import { connect } from "../../src/platform/node/connect/connect.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { listen } from "../../src/platform/node/connect/listen.js"
import { type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { type Cell, type Feature } from "./cell.js"
import { withPrograms } from "./command-line.js"
import { freePort, type Running, untilBound } from "./process.js"

/*
 * Cells in which our side is `connect` or `listen` in this process, which allows any option and saves the start of
 * another Node.
 */

/** The path between client and server, such as a NAT. */
export interface Path {
    /** port to which the client sends */
    port: number
    close(): void
}

/** A peer's program, with our side in this process. */
export interface Trial<P extends Path = Path> {
    peer: string
    version: string
    needs: string[]
    /** the peer's role */
    role: Cell["role"]
    /** IANA name */
    suite: string
    what: string
    features: Feature[]
    /** the peer's command, for people */
    shown: (port: number) => string[]
    /** the command to run; may build the program. Default: `shown` */
    command?: (port: number) => string[]
    /** options for `connect` or `listen` */
    ours: () => ConnectOptions | ListenOptions
    /** the peer is a server that echoes */
    echoes?: boolean
    /** output of a client when it is ready for messages */
    ready?: string
    /** opened in front of the server */
    path?: (serverPort: number) => Promise<P>
    /** called when the handshake is complete */
    connected?: (path: P | undefined) => void
    /** called after a message in each direction. @returns a failure, if not "ok" */
    then?: (ours: DtlsSocket, peer: Running, path: P | undefined) => Promise<string | undefined>
    expected?: string
}

/** ms */
const timeout = 20000

/** Scandium begins a handshake only when it has something to send, so an empty message may come first. */
async function expectMessage(ours: DtlsSocket, text: string): Promise<void> {
    let message = (await ours.receive({ timeout }))?.toString().trim()
    while (message === "") message = (await ours.receive({ timeout }))?.toString().trim()
    if (message !== text) throw new Error(`instead of "${text}" came: ${message ?? "the end"}`)
}

/** Exchanges a line in each direction. */
export async function greet(ours: DtlsSocket, peer: Running, what = "hello", echoes = false): Promise<void> {
    await ours.send(`${what} up\n`)
    if (echoes) return await expectMessage(ours, `${what} up`)
    await peer.expect(`${what} up`)
    peer.write(`${what} down\n`)
    await expectMessage(ours, `${what} down`)
}

/** The command to run. */
export function commandOf({ command, shown }: Pick<Trial, "command" | "shown">): (port: number) => string[] {
    return command ?? shown
}

type Start = (command: string[]) => Running

/** Adds the peer's output to an error. */
async function explained(peer: Running, body: () => Promise<string>): Promise<string> {
    try {
        return await body()
    } catch (error) {
        const message = error instanceof Error ? error.message : "unknown error"
        throw new Error(`${message}; the peer: ${peer.output.slice(-800)}`, { cause: error })
    }
}

async function withServer<P extends Path>(trial: Trial<P>, start: Start): Promise<string> {
    const port = await freePort()
    const peer = start(commandOf(trial)(port))
    await untilBound(port)
    const path = await trial.path?.(port)
    try {
        return await explained(peer, async () => {
            const options = { ...trial.ours(), timeout } as ConnectOptions
            await using ours = await connect("127.0.0.1", path?.port ?? port, options)
            trial.connected?.(path)
            await greet(ours, peer, "hello", trial.echoes)
            return (await trial.then?.(ours, peer, path)) ?? "ok"
        })
    } finally {
        path?.close()
    }
}

async function withClient<P extends Path>(trial: Trial<P>, start: Start): Promise<string> {
    await using server = await listen(0, trial.ours() as ListenOptions, "127.0.0.1")
    const path = await trial.path?.(server.port)
    try {
        const peer = start(commandOf(trial)(path?.port ?? server.port))
        return await explained(peer, async () => {
            await using ours = await server.accept({ timeout })
            trial.connected?.(path)
            if (trial.ready !== undefined) await peer.expect(trial.ready)
            await greet(ours, peer)
            return (await trial.then?.(ours, peer, path)) ?? "ok"
        })
    } finally {
        path?.close()
    }
}

export function liveCell<P extends Path>(trial: Trial<P>): Cell {
    const { peer, version, needs, role, suite, what, features } = trial
    return {
        ...{ peer, version, needs, role, suite, what, features },
        command: trial.shown(4433).join(" "),
        expected: trial.expected ?? "ok",
        run: () => withPrograms((start) => (role === "server" ? withServer(trial, start) : withClient(trial, start))),
    }
}
