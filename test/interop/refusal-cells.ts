import { CCM_8, type Cell, SUITES } from "./cell.js"
import { cell, psk, withPrograms } from "./command-line.js"
import { freePort, mote, untilBound } from "./process.js"
import { type PeerKind } from "./tools.js"

const NO_COMMON_SUITE = "no suite in common: handshake_failure (RFC 5246 §7.4.1.3), named on both sides"
const [, , , , GCM] = SUITES

/** OpenSSL's server has none of our suites. It prints only its own reason, so our report shows its alert. */
export function noCommonSuiteServer(kind: PeerKind): Cell {
    const server = (port: number): string[] => kind.server(port, GCM)
    const client = (port: number): string[] => mote("client", `127.0.0.1:${port}`, ...psk, "--suite", CCM_8.iana)
    return cell(kind, "server", { what: NO_COMMON_SUITE }, [server(4433), client(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const peer = start(server(port))
            await untilBound(port)
            const ours = start(client(port))
            await peer.expect("no shared cipher")
            await ours.expect("mote: the peer ended the handshake, alert handshake_failure (40)")
            return "ok"
        }),
    )
}

/** OpenSSL's client has none of our suites. */
export function noCommonSuiteClient(kind: PeerKind): Cell {
    const client = (port: number): string[] => kind.client(port, GCM)
    const server = (port: number): string[] =>
        mote("server", "--host", "127.0.0.1", "--port", `${port}`, ...psk, "--suite", CCM_8.iana, "--trace")
    return cell(kind, "client", { what: NO_COMMON_SUITE }, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await peer.expect("SSL alert number 40")
            await ours.expect("Alert handshake_failure (40)")
            return "ok"
        }),
    )
}
