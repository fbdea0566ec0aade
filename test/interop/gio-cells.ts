import { TlsChannelBindingType } from "../../src/gio/enums.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { certified } from "./certificate-cells.js"
import { type Cell, features } from "./cell.js"
import { liveCell } from "./live.js"
import { theParties } from "./parties.js"
import { GIO, type Running, versionOf } from "./process.js"

/* The real Gio.DtlsConnection, whose API ours follows. */

/** The first suite that our side offers, or has in common with GIO: GnuTLS follows the client's order, too. */
const SUITE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"

function command(role: Cell["role"], port: number): string[] {
    const file = (party: "root" | "server" | "client", kind: "pem" | "key"): string => theParties().file(party, kind)
    const own = ["--cert", file(role, "pem"), "--cert-key", file(role, "key"), "--ca", file("root", "pem")]
    return ["/usr/bin/python3", "test/interop/peers/gio/peer.py", role, "--port", `${port}`, ...own, "--alpn", "coap"]
}

/** Checks that both sides have the same protocol and channel bindings, and that GIO sees our close_notify. */
async function compare(ours: DtlsSocket, peer: Running): Promise<string | undefined> {
    if (ours.negotiated.suite !== SUITE) return `${ours.negotiated.suite} was chosen`
    await peer.expect("protocol: coap")
    const { UNIQUE, SERVER_END_POINT, EXPORTER } = TlsChannelBindingType
    for (const type of [UNIQUE, SERVER_END_POINT, EXPORTER])
        await peer.expect(`binding ${type}: ${ours.dtls.getChannelBindingData(type).toString("hex")}\n`, 1000)
    await ours.close()
    await peer.expect("ended")
    return undefined
}

export function gioCells(): Cell[] {
    return (["server", "client"] as const).map((role) =>
        liveCell({
            ...{ peer: "gio", version: versionOf("gio", "version"), needs: [GIO], role },
            suite: SUITE,
            what: "certificates of both sides, ALPN, channel bindings, close",
            features: features("certificate", "client-certificate", "alpn", "exporter"),
            shown: (port) => command(role, port),
            command: (port) => {
                theParties().make()
                return command(role, port)
            },
            ours: () => ({
                ...(role === "server" ? certified("client") : { ...certified("server"), requestCert: true }),
                protocols: ["coap", "h2"],
            }),
            then: compare,
        }),
    )
}
