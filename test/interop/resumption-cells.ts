import { join } from "node:path"
import { temporaryFolder } from "../../host/temporary.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { CCM_8, type Cell, features, IDENTITY, KEY } from "./cell.js"
import { cell, psk, type Variant, withPrograms } from "./command-line.js"
import { freePort, mote, untilBound } from "./process.js"
import { resumedByPeer, resumedByUs } from "./resumed.js"
import { type PeerKind } from "./tools.js"

/** Sessions with a pre-shared key; with OpenSSL also from the command line. */
export function resumptionCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const id = { what: "resumption by session id", features: features("resumption-id") }
    const ticket = { what: "resumption by ticket", features: features("ticket") }
    return [
        live(ssl, "server", id, "-no_ticket"),
        resumedByServer(ssl, ticket),
        live(tls, "server", id, "--noticket"),
        live(tls, "server", ticket),
        resumedByOpenssl(ssl, { ...id, mote: ["--no-tickets"] }),
        resumedByOpenssl(ssl, ticket),
        live(tls, "client", id, "--resume"),
        live(tls, "client", ticket, "--resume"),
    ]
}

/** gnutls-cli --resume connects twice by itself. */
function live(kind: PeerKind, role: Cell["role"], tried: Pick<Cell, "what" | "features">, ...more: string[]): Cell {
    const { peer, version, needs, echoes, ready } = kind
    const keyed = { psk: { identity: IDENTITY, key: Buffer.from(KEY, "hex") } }
    const suites = allSuites().filter(({ name }) => name === CCM_8.iana)
    const tickets = tried.features.includes("ticket")
    const trial = {
        ...{ peer, version, needs, suite: CCM_8.iana, what: tried.what, features: features("psk", ...tried.features) },
        ...{ echoes, ready },
        ours: () => ({ ...keyed, suites, ...(role === "client" ? { sessions: { tickets } } : {}) }),
    }
    if (role === "server") return resumedByUs({ ...trial, shown: (port) => [...kind.server(port, CCM_8), ...more] })
    return resumedByPeer({ ...trial, shown: (port) => withOptions(kind, port, more) })
}

/** gnutls-cli requires the host as the last argument. */
function withOptions(kind: PeerKind, port: number, more: string[]): string[] {
    const words = kind.client(port, CCM_8)
    return [...words.slice(0, -1), ...more, ...words.slice(-1)]
}

/** mote client connects twice to the peer's server. */
function resumedByServer(kind: PeerKind, variant: Variant): Cell {
    const server = (port: number): string[] => [...kind.server(port, CCM_8), ...(variant.peer ?? [])]
    const client = (port: number, file: string): string[] =>
        mote("client", `127.0.0.1:${port}`, ...psk, "--suite", CCM_8.iana, "--wait", "100", "--session", file)
    return cell(kind, "server", variant, [server(4433), client(4433, "session")], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const file = join(temporaryFolder("interop"), `session-${port}`)
            const peer = start(server(port))
            await untilBound(port)
            for (const connected of ["; handshake", ", resumed"]) {
                const ours = start(client(port, file))
                await ours.expect(`connected: DTLS 1.2, ${CCM_8.iana}${connected}`)
                ours.write(`hello${connected}\n`)
                await (kind.echoes ? ours : peer).expect(`hello${connected}`)
                ours.endInput()
                await ours.ended()
            }
            return "ok"
        }),
    )
}

function resumingServer(variant: Variant): (port: number) => string[] {
    const at = (port: number): string[] => ["--host", "127.0.0.1", "--port", `${port}`]
    return (port) => mote("server", ...at(port), ...psk, "--suite", CCM_8.iana, "--sessions", ...(variant.mote ?? []))
}

/** openssl s_client connects twice to mote server: -sess_out, then -sess_in. */
function resumedByOpenssl(kind: PeerKind, variant: Variant): Cell {
    const server = resumingServer(variant)
    const client = (port: number, file: string): string[] => [...kind.client(port, CCM_8), "-sess_out", file]
    return cell(kind, "client", variant, [client(4433, "session.pem"), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const file = join(temporaryFolder("interop"), `session-${port}.pem`)
            const ours = start(server(port))
            await untilBound(port)
            const first = start(client(port, file))
            await first.expect("CONNECTION ESTABLISHED")
            first.endInput()
            await first.ended()
            const second = start([...client(port, file), "-sess_in", file])
            await ours.expect(`client 2 connected: DTLS 1.2, ${CCM_8.iana}, resumed`)
            second.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await second.expect("hello down")
            return "ok"
        }),
    )
}
