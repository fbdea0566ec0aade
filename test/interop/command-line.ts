import { CCM_8, type Cell, type Feature, IDENTITY, KEY, type SuiteNames } from "./cell.js"
import { freePort, mote, Running, sleep, untilBound } from "./process.js"
import { type PeerKind } from "./tools.js"

/* Cells in which our side is the command line. */

/** Differences of a cell from the basic one. */
export interface Variant {
    what: string
    suite?: SuiteNames
    /** in addition to "psk" */
    features?: Feature[]
    peer?: string[]
    mote?: string[]
    /** text that the peer's or mote's output must contain in addition to the data */
    shows?: string
    /** length of the longest message that our side sends, bytes */
    longest?: number
    /** both lines are written at once and must arrive before anything else is sent */
    together?: boolean
    expected?: string
}

export function cell(
    kind: PeerKind,
    role: Cell["role"],
    variant: Variant,
    commands: [string[], string[]],
    run: Cell["run"],
): Cell {
    return {
        peer: kind.peer,
        version: kind.version,
        role,
        suite: (variant.suite ?? CCM_8).iana,
        what: variant.what,
        features: ["psk", ...(variant.features ?? [])],
        command: commands.map((words) => words.join(" ").replace(process.execPath, "node")).join("  ||  "),
        needs: kind.needs,
        run,
        expected: variant.expected ?? "ok",
    }
}

/** Runs `body`, and then ends all programs, even after an exception. */
export async function withPrograms(body: (start: (command: string[]) => Running) => Promise<string>): Promise<string> {
    const programs: Running[] = []
    try {
        return await body((command) => {
            const program = new Running(command)
            programs.push(program)
            return program
        })
    } finally {
        await Promise.all(programs.map((program) => program.end()))
    }
}

/** Options for mote's command line. */
export const psk = ["--psk", `${IDENTITY}:${KEY}`]
export const ONE_RECORD = "the second record of a datagram is read only when the next datagram comes"

/** mote client with the peer's server. */
export function againstServer(kind: PeerKind, variant: Variant): Cell {
    const suite = variant.suite ?? CCM_8
    const server = (port: number): string[] => [...kind.server(port, suite), ...(variant.peer ?? [])]
    const client = (port: number): string[] =>
        mote("client", `127.0.0.1:${port}`, ...psk, "--suite", suite.iana, "--wait", "100", ...(variant.mote ?? []))
    return cell(kind, "server", variant, [server(4433), client(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const peer = start(server(port))
            await untilBound(port)
            const ours = start(client(port))
            await ours.expect(`connected: DTLS 1.2, ${suite.iana}`)
            if (variant.shows !== undefined) await ours.expect(variant.shows)
            if (variant.together === true) {
                ours.write("first up\nsecond up\n")
                const seen = kind.echoes ? ours : peer
                await seen.expect("first up")
                return await secondRecord(seen, "second up", variant)
            }
            ours.write("hello up\n")
            if (kind.echoes) await ours.expect("hello up")
            else {
                await peer.expect("hello up")
                peer.write("hello down\n")
                await ours.expect("hello down")
            }
            await refusesLonger(ours, variant.longest)
            ours.endInput()
            return "ok"
        }),
    )
}

/** Checks the second of two records; a missing one is not waited for as long if that is expected. */
async function secondRecord(reader: Running, text: string, { expected }: Variant): Promise<string> {
    const patience = expected === ONE_RECORD ? 1500 : 20000
    return (await reader.has(text, patience)) ? "ok" : ONE_RECORD
}

async function refusesLonger(ours: Running, longest: number | undefined): Promise<void> {
    if (longest === undefined) return
    ours.write(`${"x".repeat(longest + 1)}\n`)
    await ours.expect(`maximum is ${longest} bytes`)
}

/** The peer's client with mote server. */
export function againstClient(kind: PeerKind, variant: Variant): Cell {
    const suite = variant.suite ?? CCM_8
    const client = (port: number): string[] => {
        const words = kind.client(port, suite)
        // gnutls-cli requires the host as the last argument.
        return kind.echoes
            ? [...words.slice(0, -1), ...(variant.peer ?? []), ...words.slice(-1)]
            : [...words, ...(variant.peer ?? [])]
    }
    const server = (port: number): string[] =>
        mote(
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            `${port}`,
            ...psk,
            "--suite",
            suite.iana,
            ...(variant.mote ?? []),
        )
    return cell(kind, "client", variant, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await ours.expect(`client 1 connected: DTLS 1.2, ${suite.iana}`)
            if (kind.ready !== undefined) await peer.expect(kind.ready)
            if (variant.shows !== undefined) await peer.expect(variant.shows)
            if (variant.together === true) {
                ours.write("first down\nsecond down\n")
                await peer.expect("first down")
                return await secondRecord(peer, "second down", variant)
            }
            peer.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await peer.expect("hello down")
            await refusesLonger(ours, variant.longest)
            await sleep(20)
            return "ok"
        }),
    )
}
