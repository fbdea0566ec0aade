import { connect } from "../../src/platform/node/connect/connect.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { listen } from "../../src/platform/node/connect/listen.js"
import { type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { type Cell } from "./cell.js"
import { withPrograms } from "./command-line.js"
import { commandOf, greet, liveCell, type Trial } from "./live.js"
import { freePort, untilBound } from "./process.js"

/* Cells that resume a session, with our side in this process. */

/** ms */
const timeout = 20000

/** @returns what is wrong; undefined: nothing */
function wrongAbout(ours: DtlsSocket, resumed: boolean): string | undefined {
    if (ours.isSessionReused() !== resumed) return resumed ? "a full handshake" : "resumed at once"
    if (resumed && !ours.dtls.getAssociation()?.parameters.extendedMasterSecret) return "no extended master secret"
    return undefined
}

/** Our client connects twice to the peer's server; the server's credentials are known both times. */
export function resumedByUs(trial: Omit<Trial, "role">): Cell {
    const run = (): Promise<string> =>
        withPrograms(async (start) => {
            const port = await freePort()
            const peer = start(commandOf(trial)(port))
            await untilBound(port)
            let session: Uint8Array | true | undefined = true
            for (const resumed of [false, true]) {
                const options: ConnectOptions = { ...(trial.ours() as ConnectOptions), session, timeout }
                await using ours: DtlsSocket = await connect("127.0.0.1", port, options)
                await greet(ours, peer, resumed ? "again" : "first", trial.echoes)
                const wrong = wrongAbout(ours, resumed)
                if (wrong !== undefined) return wrong
                if (options.ca !== undefined && !ours.authorized) return "the server's certificate is not known"
                session = ours.getSession()
            }
            return "ok"
        })
    return { ...liveCell({ ...trial, role: "server" }), run }
}

/**
 * The peer's client connects twice to our server: a second process with the options `again`, or one process by itself.
 */
export function resumedByPeer(trial: Omit<Trial, "role">, again?: string[]): Cell {
    const run = (): Promise<string> =>
        withPrograms(async (start) => {
            await using server = await listen(0, trial.ours() as ListenOptions, "127.0.0.1")
            let peer = start(commandOf(trial)(server.port))
            for (const resumed of [false, true]) {
                if (resumed && again !== undefined) peer = start([...commandOf(trial)(server.port), ...again])
                await using ours = await server.accept({ timeout })
                const wrong = wrongAbout(ours, resumed)
                if (wrong !== undefined) return wrong
                if (!resumed && again === undefined) continue
                if (trial.ready !== undefined) await peer.expect(trial.ready)
                await greet(ours, peer)
                peer.endInput()
                await peer.ended()
            }
            return "ok"
        })
    return { ...liveCell({ ...trial, role: "client" }), run }
}
