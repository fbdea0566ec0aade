import { join } from "node:path"
import { temporaryFolder } from "../../host/temporary.js"
import { CCM_8, type Cell, type Feature } from "./cell.js"
import { cell, psk, type Variant, withPrograms } from "./command-line.js"
import { freePort, mote, untilBound } from "./process.js"
import { type PeerKind } from "./tools.js"

/** Sessions with a pre-shared key. */
export function resumptionCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const [byId, byTicket]: Feature[] = ["resumption-id", "ticket"]
    const [id, ticket] = ["resumption by session id", "resumption by ticket"]
    return [
        resumedByServer(ssl, { what: id, features: [byId], peer: ["-no_ticket"] }),
        resumedByServer(ssl, { what: ticket, features: [byTicket] }),
        resumedByServer(tls, { what: id, features: [byId], peer: ["--noticket"] }),
        resumedByServer(tls, { what: ticket, features: [byTicket] }),
        resumedByOpenssl(ssl, { what: id, features: [byId], mote: ["--no-tickets"] }),
        resumedByOpenssl(ssl, { what: ticket, features: [byTicket] }),
        resumedByGnutls(tls, { what: id, features: [byId], mote: ["--no-tickets"] }),
        resumedByGnutls(tls, { what: ticket, features: [byTicket] }),
    ]
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
            await ours.expect(`client 2 connected: ${CCM_8.iana}, resumed`)
            second.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await second.expect("hello down")
            return "ok"
        }),
    )
}

/** gnutls-cli --resume connects twice by itself. */
function resumedByGnutls(kind: PeerKind, variant: Variant): Cell {
    const server = resumingServer(variant)
    const client = (port: number): string[] => {
        const words = kind.client(port, CCM_8)
        return [...words.slice(0, -1), "--resume", ...words.slice(-1)]
    }
    return cell(kind, "client", variant, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await ours.expect(`client 2 connected: ${CCM_8.iana}, resumed`)
            await peer.expect("*** This is a resumed session")
            peer.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await peer.expect("hello down")
            return "ok"
        }),
    )
}
