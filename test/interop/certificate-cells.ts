import { EcdhePskKeyExchange } from "../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 } from "../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { RoughPath } from "../support/rough-path.js"
import { type Cell, features, IDENTITY, KEY } from "./cell.js"
import { liveCell, type Trial } from "./live.js"
import { type Party, theParties } from "./parties.js"
import { resumedByPeer, resumedByUs } from "./resumed.js"
import { type PeerKind } from "./tools.js"

/* Certificates, raw public keys and ECDHE_PSK with the tools of OpenSSL and GnuTLS. */

const SUITE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
/** GnuTLS priority string for raw public keys of both sides (RFC 7250). */
const RAW = "NORMAL:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK"

/** Our options with certificates. @param own undefined: none */
export function certified(own: Party | undefined): ConnectOptions & ListenOptions {
    const parties = theParties()
    const keys = own === undefined ? {} : { cert: parties.pem(own, "pem"), key: parties.pem(own, "key") }
    return { ca: parties.pem("root", "pem"), ...keys }
}

/** Our options with raw public keys. */
export function rawKeyed(own: Party, peer: Party): ConnectOptions & ListenOptions {
    return { key: theParties().pem(own, "key"), rawPublicKeys: [theParties().publicKey(peer)] }
}

function file(party: Party, kind: Parameters<ReturnType<typeof theParties>["file"]>[1]): string {
    return theParties().file(party, kind)
}

function opensslServer(...more: string[]): (port: number) => string[] {
    const own = ["-cert", file("server", "pem"), "-key", file("server", "key")]
    return (port) => ["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-brief", ...own, ...more]
}

function opensslClient(...more: string[]): (port: number) => string[] {
    const verify = ["-CAfile", file("root", "pem"), "-verify_return_error", "-verify_hostname", "server.test"]
    return (port) => [
        ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-brief", "-nocommands"],
        ...verify,
        ...more,
    ]
}

function gnutlsServer(...more: string[]): (port: number) => string[] {
    const own = ["--x509certfile", file("server", "pem"), "--x509keyfile", file("server", "key")]
    return (port) => ["gnutls-serv", "--udp", "--echo", "-p", `${port}`, "--priority", "NORMAL", ...own, ...more]
}

function gnutlsClient(...more: string[]): (port: number) => string[] {
    const verify = ["--x509cafile", file("root", "pem"), "--verify-hostname=server.test"]
    return (port) => ["gnutls-cli", "--udp", "-p", `${port}`, "--priority", "NORMAL", ...verify, ...more, "127.0.0.1"]
}

/** The common options of a peer's trials. */
type Common = Pick<Trial, "peer" | "version" | "needs" | "suite" | "echoes" | "ready">

function commonOf({ peer, version, needs, echoes, ready }: PeerKind): Common {
    return { peer, version, needs, echoes, ready, suite: SUITE }
}

/** Which side is authenticated in a cell. */
const SERVER_ONLY = { what: "certificate of an authority", features: features("certificate") }
const BOTH = { what: "certificates of both sides", features: features("certificate", "client-certificate") }

/** The same over a path that loses datagrams until the handshake is complete: with this seed the fourth one. */
function withLoss(trial: Trial): Trial<RoughPath> {
    const roughness = { loss: 0.2, reorder: 0, duplicate: 0, seed: 1 }
    return {
        ...trial,
        what: `${trial.what}, with losses`,
        features: [...trial.features, "loss"],
        path: (port) => RoughPath.open(port, { ...roughness }),
        connected: (path) => path?.calm(),
        then: async (_ours, _peer, path) => await Promise.resolve(path?.mishaps === 0 ? "nothing was lost" : undefined),
    }
}

function openssl(common: Common): Cell[] {
    const root = file("root", "pem")
    const own = ["-cert", file("client", "pem"), "-key", file("client", "key")]
    const verify = ["-Verify", "1", "-verify_return_error", "-CAfile", root]
    const asServer = { ...common, role: "server" as const, shown: opensslServer(...verify, "-timeout") }
    const asClient = { ...common, role: "client" as const, shown: opensslClient(...own, "-timeout") }
    const requesting = (): ListenOptions => ({ ...certified("server"), requestCert: true })
    return [
        liveCell({ ...asServer, ...SERVER_ONLY, shown: opensslServer(), ours: () => certified(undefined) }),
        liveCell({ ...asClient, ...SERVER_ONLY, shown: opensslClient(), ours: () => certified("server") }),
        liveCell({ ...asServer, ...BOTH, ours: () => certified("client") }),
        liveCell({ ...asClient, ...BOTH, ours: requesting }),
        liveCell(withLoss({ ...asServer, ...BOTH, ours: () => certified("client") })),
        liveCell(withLoss({ ...asClient, ...BOTH, ours: requesting })),
    ]
}

function gnutls(common: Common): Cell[] {
    const verify = ["--require-client-cert", "--verify-client-cert", "--x509cafile", file("root", "pem")]
    const own = ["--x509certfile", file("client", "pem"), "--x509keyfile", file("client", "key")]
    const asServer = { ...common, role: "server" as const }
    const asClient = { ...common, role: "client" as const }
    const alone = gnutlsServer("--disable-client-cert")
    const requesting = (): ListenOptions => ({ ...certified("server"), requestCert: true })
    return [
        liveCell({ ...asServer, ...SERVER_ONLY, shown: alone, ours: () => certified(undefined) }),
        liveCell({ ...asClient, ...SERVER_ONLY, shown: gnutlsClient(), ours: () => certified("server") }),
        liveCell({ ...asServer, ...BOTH, shown: gnutlsServer(...verify), ours: () => certified("client") }),
        liveCell({ ...asClient, ...BOTH, shown: gnutlsClient(...own), ours: requesting }),
        ...gnutlsRawKeys(common),
    ]
}

function gnutlsRawKeys(common: Common): Cell[] {
    const raw = { ...common, what: "raw public keys of both sides", features: features("rpk") }
    const keys = (party: Party): string[] => ["--rawpkfile", file(party, "pub"), "--rawpkkeyfile", file(party, "key")]
    const server = (port: number): string[] => [
        ...["gnutls-serv", "--udp", "--echo", "-p", `${port}`, "--priority", RAW, ...keys("server")],
    ]
    const client = (port: number): string[] => [
        ...["gnutls-cli", "--udp", "--insecure", "-p", `${port}`, "--priority", RAW, ...keys("client"), "127.0.0.1"],
    ]
    const requesting = (): ListenOptions => ({ ...rawKeyed("server", "client"), requestCert: true })
    return [
        liveCell({ ...raw, role: "server", shown: server, ours: () => rawKeyed("client", "server") }),
        liveCell({ ...raw, role: "client", shown: client, ours: requesting }),
    ]
}

/**
 * RFC 7905 has the only ECDHE_PSK suite with an AEAD that OpenSSL supports. gnutls-cli 3.7 crashes (signal 11) after
 * such a handshake.
 */
function ecdhePsk(kind: PeerKind): Cell[] {
    const suite = { iana: "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", openssl: "ECDHE-PSK-CHACHA20-POLY1305" }
    const names = { ...suite, gnutls: "" }
    const options = (): ConnectOptions & ListenOptions => ({
        psk: { identity: IDENTITY, key: Buffer.from(KEY, "hex") },
        suites: [TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256(new EcdhePskKeyExchange(new NodeKeys()))],
    })
    const trial = {
        ...commonOf(kind),
        ...{
            suite: suite.iana,
            what: "handshake, data both ways",
            features: features("ecdhe-psk"),
            ours: options,
        },
    }
    return [
        liveCell({ ...trial, role: "server", shown: (port) => kind.server(port, names) }),
        liveCell({ ...trial, role: "client", shown: (port) => kind.client(port, names) }),
    ]
}

/** Sessions with certificates: the server's is still known after resumption. */
function resumption(common: Common): Cell[] {
    const saved = theParties().file("client", "session")
    const id = { what: "certificates, resumption by session id", features: features("certificate", "resumption-id") }
    const ticket = { what: "certificates, resumption by ticket", features: features("certificate", "ticket") }
    const [byId, byTicket] = [
        { ...common, ...id },
        { ...common, ...ticket },
    ]
    const client = opensslClient("-sess_out", saved)
    const ours = (tickets: boolean) => (): ListenOptions => ({ ...certified("server"), sessions: { tickets } })
    return [
        resumedByUs({ ...byId, shown: opensslServer("-no_ticket"), ours: () => certified(undefined) }),
        resumedByUs({ ...byTicket, shown: opensslServer(), ours: () => certified(undefined) }),
        resumedByPeer({ ...byId, shown: client, ours: ours(false) }, ["-sess_in", saved]),
        resumedByPeer({ ...byTicket, shown: client, ours: ours(true) }, ["-sess_in", saved]),
    ]
}

/** Makes the parties' files before a command refers to them. */
function madeFirst(run: Cell["run"]): Cell["run"] {
    return () => {
        theParties().make()
        return run()
    }
}

export function certificateCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const cells = [...openssl(commonOf(ssl)), ...gnutls(commonOf(tls)), ...resumption(commonOf(ssl))]
    return [...cells.map((cell) => ({ ...cell, run: madeFirst(cell.run) })), ...ecdhePsk(ssl)]
}
