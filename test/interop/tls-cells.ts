import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { certificateCells } from "./certificate-cells.js"
import { CCM_8, type Cell, features, IDENTITY, KEY, LONG_ALPN, LONG_HINT, SUITES } from "./cell.js"
import { againstClient, againstServer, cell, ONE_RECORD, psk, withPrograms } from "./command-line.js"
import { limitCells } from "./limit-cells.js"
import { liveCell } from "./live.js"
import { freePort, mote, untilBound } from "./process.js"
import { noCommonSuiteClient, noCommonSuiteServer } from "./refusal-cells.js"
import { resumptionCells } from "./resumption-cells.js"
import { gnutls, openssl, type PeerKind } from "./tools.js"

/** All cells of OpenSSL and GnuTLS. */
export function tlsCells(): Cell[] {
    const [ssl, tls] = [openssl(), gnutls()]
    const cells: Cell[] = []
    for (const kind of [ssl, tls]) {
        const variant = { what: "handshake, data both ways", suite: CCM_8 }
        cells.push(againstServer(kind, variant), againstClient(kind, variant), ...suiteCells(kind))
    }
    const ours = ["--mtu", "228"]
    cells.push(
        againstServer(ssl, { what: "stateless cookie (-listen)", peer: ["-listen"] }),
        againstServer(ssl, {
            what: "ServerKeyExchange in fragments of 228 bytes",
            features: ["fragments"],
            peer: ["-psk_hint", LONG_HINT],
        }),
        againstServer(tls, { what: "flight in fragments of 80 bytes", features: ["fragments"], peer: ["--mtu=80"] }),
        againstServer(ssl, {
            what: "our ClientHello in fragments",
            features: ["fragments"],
            mote: [...ours, "--alpn", LONG_ALPN],
        }),
        againstServer(tls, {
            what: "our ClientHello in fragments",
            features: ["fragments"],
            mote: [...ours, "--alpn", LONG_ALPN],
        }),
        againstClient(ssl, {
            what: "its ClientHello in fragments",
            features: ["fragments"],
            peer: ["-mtu", "256", "-alpn", LONG_ALPN],
            mote: ["--alpn", "coap"],
        }),
        againstClient(tls, {
            what: "its ClientHello in fragments of 100 bytes",
            features: ["fragments"],
            peer: ["--mtu=100"],
        }),
        againstClient(ssl, {
            what: "our flight in fragments",
            features: ["fragments"],
            mote: [...ours, "--hint", LONG_HINT],
        }),
        againstClient(tls, {
            what: "our flight in fragments",
            features: ["fragments"],
            mote: [...ours, "--hint", LONG_HINT],
        }),
        againstServer(ssl, {
            what: "ALPN",
            features: ["alpn"],
            peer: ["-alpn", "coap"],
            mote: ["--alpn", "h2,coap"],
            shows: "ALPN coap",
        }),
        againstServer(ssl, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstServer(tls, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstClient(ssl, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstClient(tls, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
            expected: ONE_RECORD,
        }),
    )
    return [
        ...cells,
        ...limitCells(ssl, tls),
        ...resumptionCells(ssl, tls),
        ...certificateCells(ssl, tls),
        exporterCell(ssl),
        ...clientCells(ssl),
        noCommonSuiteServer(ssl),
        noCommonSuiteClient(ssl),
    ]
}

/** The suites that no other cell tests. */
function suiteCells(kind: PeerKind): Cell[] {
    const { peer, version, needs, echoes, ready } = kind
    const what = "handshake, data both ways"
    const psk = { identity: IDENTITY, key: Buffer.from(KEY, "hex") }
    const ours = (iana: string) => () => ({ psk, suites: allSuites().filter(({ name }) => name === iana) })
    return SUITES.filter((suite) => suite !== CCM_8).flatMap((suite) => {
        const trial = { peer, version, needs, ready, suite: suite.iana, what, ours: ours(suite.iana) }
        const features = ["psk" as const]
        return [
            liveCell({ ...trial, role: "server", features, echoes, shown: (port) => kind.server(port, suite) }),
            liveCell({ ...trial, role: "client", features, shown: (port) => kind.client(port, suite) }),
        ]
    })
}

const LABEL = "EXPORTER-mote-interop"

/** OpenSSL's client reports the same about a handshake as our server. */
function clientCells(kind: PeerKind): Cell[] {
    const { peer, version, needs } = kind
    const psk = { identity: IDENTITY, key: Buffer.from(KEY, "hex") }
    const suites = allSuites().filter(({ name }) => name === CCM_8.iana)
    const trial = { peer, version, needs, role: "client" as const, suite: CCM_8.iana }
    const exporting = (port: number): string[] => [
        ...kind.client(port, CCM_8).filter((word) => word !== "-brief"),
        ...["-keymatexport", LABEL, "-keymatexportlen", "32"],
    ]
    return [
        liveCell({
            ...{ ...trial, what: "ALPN", features: features("psk", "alpn") },
            shown: (port) => [...kind.client(port, CCM_8), "-alpn", "h2,coap"],
            ours: () => ({ psk, suites, protocols: ["coap"] }),
            then: async (ours) =>
                await Promise.resolve(ours.negotiated.protocol === "coap" ? undefined : "no protocol in common"),
        }),
        liveCell({
            ...{ ...trial, what: "exporter (RFC 5705)", features: features("psk", "exporter") },
            shown: exporting,
            ours: () => ({ psk, suites }),
            then: async (ours, program) => {
                await program.expect("Keying material: ")
                const theirs = /Keying material: ([0-9A-F]{64})/.exec(program.output)?.[1]?.toLowerCase()
                const mine = ours.dtls.exportKeyingMaterial(LABEL, undefined, 32).toString("hex")
                return theirs === mine ? undefined : "the two sides export different bytes"
            },
        }),
    ]
}

/** The exporter's result is the same as OpenSSL's. */
function exporterCell(kind: PeerKind): Cell {
    const server = (port: number): string[] => [
        ...kind.server(port, CCM_8).filter((word) => word !== "-brief"),
        ...["-keymatexport", LABEL, "-keymatexportlen", "32"],
    ]
    const client = (port: number): string[] => mote("client", `127.0.0.1:${port}`, ...psk, "--export", LABEL)
    return cell(
        kind,
        "server",
        { what: "exporter (RFC 5705), so the same session hash [H16]", features: ["exporter"] },
        [server(4433), client(4433)],
        () =>
            withPrograms(async (start) => {
                const port = await freePort()
                const peer = start(server(port))
                await untilBound(port)
                const ours = start(client(port))
                await ours.expect("keying material: ")
                await peer.expect("Keying material: ")
                const theirs = /Keying material: ([0-9A-F]{64})/.exec(peer.output)?.[1]
                const mine = /keying material: ([0-9a-f]{64})/.exec(ours.output)?.[1]
                return theirs !== undefined && theirs.toLowerCase() === mine
                    ? "ok"
                    : "the two sides export different bytes"
            }),
    )
}
