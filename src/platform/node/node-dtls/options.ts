import { isIP } from "node:net"
import { wifi } from "../../../dtls/flight/retransmission.js"
import { type CipherSuite } from "../../../dtls/handshake/cipher-suite.js"
import { QuestionKind } from "../../../dtls/handshake/question.js"
import { allSuites } from "../../../dtls/key-exchange/suites.js"
import { type Credentials } from "../../../gio/credentials.js"
import { type CertificateAndKey, type Pem } from "../connect/certificate-options.js"
import { checkNames } from "../connect/option-checks.js"
import { wrongArgument } from "../connect/errors.js"
import { type CommonOptions, type ConnectOptions, type ListenOptions } from "../connect/options.js"
import { type Psk } from "../connect/psk-options.js"
import { secretCopy } from "../secret.js"

/** Options of both sides; names and meaning are node:dtls'. */
export interface DTLSOptions {
    /** certificate in PEM format */
    cert?: Pem | undefined
    /** private key in PEM format */
    key?: Pem | undefined
    /** authorities in PEM format */
    ca?: Pem | Pem[] | undefined
    /** default true */
    rejectUnauthorized?: boolean | undefined
    /** ALPN names, or their wire format */
    alpn?: string[] | Buffer | undefined
    /** OpenSSL's names of suites with pre-shared keys, separated by colons; anything after an @ is ignored */
    ciphers?: string | undefined
    /** size of a datagram, 256 to 16384 bytes; default 1200 */
    mtu?: number | undefined
    /** limit on the duration of a handshake, ms; 0: no limit; default 60000 */
    handshakeTimeout?: number | undefined
}

/**
 * Returns the key for an identity; undefined or null: the client is refused. May return a promise, which node:dtls does
 * not support.
 */
export type KeyOf = (identity: string) => Uint8Array | undefined | null | Promise<Uint8Array | undefined | null>

/** Options of `listen`. */
export interface DTLSListenOptions extends DTLSOptions {
    port: number
    /** numeric address; default "0.0.0.0" */
    host?: string | undefined
    /** keys by identity, or a function of the identity */
    psk?: Record<string, Uint8Array> | KeyOf | undefined
    pskIdentityHint?: string | undefined
    /** default false */
    requestCert?: boolean | undefined
    /** certificates by host name; "*" stands for all other names */
    sni?: Record<string, CertificateAndKey> | undefined
    /** limit on sessions, 0: none; default 10000 */
    maxSessions?: number | undefined
}

/** Options of `connect`. */
export interface DTLSConnectOptions extends DTLSOptions {
    /** identity and key, or a function of the server's hint */
    psk?: Psk | ((hint: string | undefined) => Psk | Promise<Psk>) | undefined
    /** name that the server's certificate must contain; default: the host */
    servername?: string | undefined
    /** numeric local address and local port */
    bindHost?: string | undefined
    bindPort?: number | undefined
    /** `session.session` of an earlier connection */
    session?: Buffer | undefined
}

const COMMON = ["cert", "key", "ca", "rejectUnauthorized", "alpn", "ciphers", "mtu", "handshakeTimeout", "psk"]
const LISTEN = [...COMMON, "port", "host", "pskIdentityHint", "requestCert", "sni", "maxSessions"]
const CONNECT = [...COMMON, "servername", "bindHost", "bindPort", "session"]

const NO_LIMIT = 0x7fffffff

/** Converts the options to those of Mote's `listen`. Throws ERR_DTLS_INVALID_ARGUMENT, which names the option. */
export function listenOptions(options: DTLSListenOptions): ListenOptions {
    checkNames(options, LISTEN)
    const { psk, pskIdentityHint, requestCert, maxSessions = 10000, sni } = options
    checkNumber("maxSessions", maxSessions, 0, NO_LIMIT)
    const named = sni === undefined ? {} : namedCertificates(sni)
    return {
        ...common(options),
        ...named,
        ...(psk !== undefined && { psk: lookUp(psk) }),
        ...(pskIdentityHint !== undefined && { pskIdentityHint }),
        ...(requestCert !== undefined && { requestCert }),
        // Like Node's endpoint: at the limit, new clients get no answer.
        limits: { peers: maxSessions === 0 ? NO_LIMIT : maxSessions, refuseWhenFull: true },
        sessions: true,
    }
}

/** Converts the options to those of Mote's `connect`. Throws ERR_DTLS_INVALID_ARGUMENT, which names the option. */
export function connectOptions(host: string, options: DTLSConnectOptions): ConnectOptions {
    checkNames(options, CONNECT)
    if (typeof host !== "string" || isIP(host) === 0)
        throw wrongArgument("host", "an IPv4 or IPv6 address is needed: names are not resolved")
    const { psk, servername, bindHost, bindPort, session = true } = options
    return {
        ...common(options),
        ...(psk !== undefined && { psk: typeof psk === "function" ? byHint(psk) : psk }),
        ...(servername !== undefined && servername !== "" && { servername }),
        ...(bindHost !== undefined && { localAddress: bindHost }),
        ...(bindPort !== undefined && { localPort: bindPort }),
        session,
    }
}

function common(options: DTLSOptions): CommonOptions {
    const { cert, key, ca, rejectUnauthorized, alpn, ciphers, mtu = 1200, handshakeTimeout = 60000 } = options
    checkNumber("mtu", mtu, 256, 16384)
    checkNumber("handshakeTimeout", handshakeTimeout, 0, NO_LIMIT)
    return {
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(ca !== undefined && { ca }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
        ...(alpn !== undefined && { protocols: protocolsOf(alpn) }),
        ...(ciphers !== undefined && { suites: suitesOf(ciphers) }),
        pathBudget: mtu,
        retransmission: { ...wifi(), deadline: handshakeTimeout === 0 ? NO_LIMIT : handshakeTimeout },
    }
}

function checkNumber(name: string, value: number, least: number, most: number): void {
    if (!Number.isInteger(value) || value < least || value > most)
        throw wrongArgument(name, `a whole number from ${least} to ${most}`)
}

/** In a Buffer each name is preceded by its length in one byte. */
function protocolsOf(alpn: string[] | Buffer): string[] {
    if (Array.isArray(alpn)) return alpn
    if (!(alpn instanceof Uint8Array)) throw wrongArgument("alpn", "an array of names, or a Buffer")
    const names: string[] = []
    for (let at = 0; at < alpn.length; at += 1 + alpn[at]) {
        const name = alpn.subarray(at + 1, at + 1 + alpn[at])
        if (name.length !== alpn[at]) throw wrongArgument("alpn", "a length byte before each name")
        names.push(name.toString("latin1"))
    }
    return names
}

/** For example "PSK-AES128-CCM8" for TLS_PSK_WITH_AES_128_CCM_8. */
export function opensslName(iana: string): string {
    return iana
        .replace(/^TLS_/, "")
        .replace(/_WITH_AES_/, "-AES")
        .replace(/_WITH_CHACHA20_POLY1305_SHA256/, "-CHACHA20-POLY1305")
        .replace(/_8$/, "8")
        .replaceAll("_", "-")
}

function suitesOf(ciphers: string): CipherSuite[] {
    const known = new Map(allSuites().map((suite) => [opensslName(suite.name), suite]))
    const names = String(ciphers).split("@")[0].split(":")
    return names.map((name) => {
        const suite = known.get(name)
        if (suite === undefined) throw wrongArgument("ciphers", `${name} is none of ${[...known.keys()].join(", ")}`)
        return suite
    })
}

function namedCertificates(sni: Record<string, CertificateAndKey>): Pick<ListenOptions, "cert" | "key" | "contexts"> {
    const fallback = typeof sni === "object" ? sni["*"] : undefined
    if (fallback === undefined)
        throw wrongArgument("sni", 'an object with "*" in it: the certificate for names that match nothing')
    const { "*": _, ...contexts } = sni
    return { ...fallback, contexts }
}

function lookUp(psk: Record<string, Uint8Array> | KeyOf): (identity: Buffer) => Promise<Uint8Array | undefined> {
    if (typeof psk === "function") return async (identity) => (await psk(String(identity))) ?? undefined
    if (typeof psk !== "object" || psk === null) throw wrongArgument("psk", "an object of keys, or a function")
    const keys = new Map(Object.entries(psk).map(([identity, key]) => [identity, secretCopy(key)]))
    return (identity) => Promise.resolve(keys.get(String(identity)))
}

function byHint(choose: (hint: string | undefined) => Psk | Promise<Psk>): Credentials {
    return {
        answer: async (question) => {
            if (question.kind !== QuestionKind.clientPsk) return undefined
            const { identity, key } = await choose(question.hint === undefined ? undefined : String(question.hint))
            return { identity: Buffer.from(identity), key: secretCopy(key) }
        },
    }
}
