import { createPrivateKey, createPublicKey } from "node:crypto"
import { isIP } from "node:net"
import { type CryptoProvider } from "../../../dtls/crypto/provider.js"
import { type CipherSuite } from "../../../dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../../dtls/handshake/hello-extension.js"
import { type Answer, type CertificateQuestion, type Question, QuestionKind } from "../../../dtls/handshake/question.js"
import { serverName } from "../../../dtls/handshake/server-name.js"
import {
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
} from "../../../dtls/key-exchange/certificate-suites.js"
import { type CertificateOptions, SignatureKind, isEcdsaScheme } from "../../../dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../dtls/key-exchange/ecdhe-certificate.js"
import { certificates } from "../../../dtls/key-exchange/v13/certificates.js"
import { CertificateType } from "../../../dtls/wire/code-points.js"
import { type AskingConnection, type Credentials } from "../../../gio/credentials.js"
import { EitherCredentials } from "../../../gio/either-credentials.js"
import { EitherPeers } from "../../../gio/either-peers.js"
import { GError } from "../../../gio/errors.js"
import { type OwnKey, PinnedKeys } from "../../../gio/pinned-keys.js"
import { TlsCertificate } from "../../../gio/tls-certificate.js"
import { TlsDatabase } from "../../../gio/tls-database.js"
import { X509Credentials } from "../../../gio/x509-credentials.js"
import { type Services } from "../../services.js"
import { NodeKeys, NodePrivateKey } from "../keys.js"
import { systemDatabase } from "../system-authorities.js"
import { checkNames } from "./option-checks.js"
import { wrongArgument } from "./errors.js"

/** PEM data, as a string or as bytes. */
export type Pem = string | Uint8Array

/**
 * One or several certificates with their private keys, for example one ECDSA and one RSA certificate. A peer gets the first one that it can
 * verify.
 */
export interface CertificateAndKey {
    /** the own certificate first, then its issuers, at most four certificates in all; may also contain the private key */
    cert: Pem | Pem[]
    /** private keys in PKCS#8 or SEC 1 format, not encrypted; with several certificates, in any order */
    key?: Pem | Pem[] | undefined
}

/** Options of both sides for certificates and raw public keys. */
export interface PublicKeyOptions {
    /** this side's certificates; see CertificateAndKey */
    cert?: Pem | Pem[] | undefined
    /** private keys of `cert`. Without `cert`: one private key, whose public key this side presents as a raw public key (RFC 7250) */
    key?: Pem | Pem[] | undefined
    /** trusted certificate authorities. Default, if the peer has to present a certificate: the authorities that this computer trusts */
    ca?: Pem | Pem[] | undefined
    /** raw public keys of trusted peers: each a SubjectPublicKeyInfo in DER, or its SHA-256 digest (32 bytes) */
    rawPublicKeys?: Uint8Array[] | undefined
    /** false: accept a peer even if its certificate is invalid, and report the problem in `authorizationError`. Default: true */
    rejectUnauthorized?: boolean | undefined
}

export const PUBLIC_KEY_OPTIONS = ["cert", "key", "ca", "rawPublicKeys", "rejectUnauthorized"]

/** What `publicKeysOf` makes of the options for certificates and raw public keys. */
export interface PublicKeys {
    /** cipher suites of DTLS 1.2 */
    suites: CipherSuite[]
    /** makes the extension that negotiates certificates in DTLS 1.3 */
    authentication: (crypto: CryptoProvider) => HelloExtension
    credentials: Credentials
}

/** Whether the options contain a certificate, a private key, authorities or raw public keys. */
export function hasPublicKeys({ cert, key, ca, rawPublicKeys }: PublicKeyOptions): boolean {
    return [cert, key, ca, rawPublicKeys].some((option) => option !== undefined)
}

/**
 * Makes cipher suites and credentials from the options.
 * @param isServer true: `ca` also gives the authorities that a CertificateRequest names
 * @param contexts certificates of a server by server name
 */
export function publicKeysOf(
    services: Services,
    options: PublicKeyOptions,
    isServer: boolean,
    contexts: Record<string, CertificateAndKey> = {},
): PublicKeys {
    const own = ownKeys(services, options, contexts)
    const pins = pinsOf(options.rawPublicKeys)
    const wantsX509 = options.ca !== undefined || pins.length === 0
    const database = wantsX509 ? databaseOf(services, options.ca) : undefined
    const peerTypes = [
        ...(pins.length > 0 ? [CertificateType.rawPublicKey] : []),
        ...(wantsX509 ? [CertificateType.x509] : []),
    ]
    const ownTypes = [own.raw === undefined ? CertificateType.x509 : CertificateType.rawPublicKey]
    const authorities = isServer && options.ca !== undefined && database !== undefined ? database.subjects() : []
    const types = { peerTypes, ownTypes, authorities }
    const x509 = new X509Credentials(services, own.certificates, database)
    const pinned = new PinnedKeys(services.crypto, pins, own.raw)
    return {
        suites: suitesFor(types, isServer ? own : undefined),
        authentication: certificates(new NodeKeys(), types),
        credentials: new EitherCredentials(
            undefined,
            new OwnCredentials(
                x509,
                pinned,
                new Map(
                    [...own.contexts].map(([name, entry]) => [name, new X509Credentials(services, entry, database)]),
                ),
            ),
            new EitherPeers(pinned, x509),
        ),
    }
}

/** What this side presents: its raw public key, the certificate for the requested server name, or its default certificate. */
class OwnCredentials implements Credentials {
    constructor(
        private x509: X509Credentials,
        private pinned: PinnedKeys,
        private contexts: Map<string, X509Credentials>,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        if (question.kind !== QuestionKind.certificate) return undefined
        const raw = await this.pinned.answer(question, connection)
        return raw ?? (await this.contextOf(question).answer(question, connection))
    }

    /** Finds the credentials for the requested server name: an exact match first, then a wildcard in place of the first label. */
    private contextOf({ serverName: asked }: CertificateQuestion): X509Credentials {
        const name = asked?.toLowerCase() ?? ""
        return this.contexts.get(name) ?? this.contexts.get(name.replace(/^[^.]*/, "*")) ?? this.x509
    }
}

/** This side's certificates and keys. */
interface OwnKeys {
    certificates: TlsCertificate[]
    raw: OwnKey | undefined
    contexts: Map<string, TlsCertificate[]>
}

function ownKeys(
    services: Services,
    { cert, key }: PublicKeyOptions,
    contexts: Record<string, CertificateAndKey>,
): OwnKeys {
    const named = Object.entries(contexts).map(([name, entry]): [string, TlsCertificate[]] => {
        checkNames(entry, ["cert", "key"])
        return [name.toLowerCase(), certificatesOf(services, `contexts.${name}`, entry)]
    })
    const certificates = cert === undefined ? [] : certificatesOf(services, "cert", { cert, key })
    const raw = cert === undefined && key !== undefined ? rawKeyOf(key) : undefined
    return { certificates, raw, contexts: new Map(named) }
}

function certificatesOf(services: Services, option: string, { cert, key }: CertificateAndKey): TlsCertificate[] {
    const keys = listOf(key).map((entry) => textOf("key", entry))
    return listOf(cert).map((entry) => certificateOf(services, option, textOf(option, entry), keys))
}

function certificateOf(services: Services, option: string, chain: string, keys: string[]): TlsCertificate {
    const withKeys = ["", ...keys].map((key) =>
        readingPem(option, () => TlsCertificate.newFromPem(services, `${chain}\n${key}`)),
    )
    const certificate = withKeys.find(
        (own) => own.privateKey instanceof NodePrivateKey && own.privateKey.belongsTo(own.getPublicKey()),
    )
    if (certificate === undefined) throw wrongArgument(option, "a certificate with its private key: set key")
    if (certificate.getChain().length > 4) throw wrongArgument(option, "at most four certificates")
    return certificate
}

function listOf(given: Pem | Pem[] | undefined): Pem[] {
    if (given === undefined) return []
    return Array.isArray(given) ? given : [given]
}

function rawKeyOf(pem: Pem | Pem[]): OwnKey {
    try {
        const key = createPrivateKey(textOf("key", pem))
        const publicKey = createPublicKey(key).export({ format: "der", type: "spki" })
        return { type: CertificateType.rawPublicKey, certificates: [publicKey], key: new NodePrivateKey(key) }
    } catch {
        // The message of node:crypto may contain parts of the key, so it is not passed on.
        throw wrongArgument("key", "a private key in PEM, not encrypted: P-256, P-384, Ed25519 or RSA")
    }
}

function databaseOf(services: Services, ca: Pem | Pem[] | undefined): TlsDatabase {
    if (ca === undefined) return systemDatabase(services)
    const text = listOf(ca)
        .map((entry) => textOf("ca", entry))
        .join("\n")
    return readingPem("ca", () => TlsDatabase.newFromPem(services, text))
}

function pinsOf(given: Uint8Array[] | undefined): Buffer[] {
    if (given === undefined) return []
    const valid = Array.isArray(given) && given.every((pin) => pin instanceof Uint8Array && pin.length >= 32)
    if (!valid) throw wrongArgument("rawPublicKeys", "an array of SubjectPublicKeyInfo in DER, or of SHA-256 of them")
    return given.map((pin) => Buffer.from(pin))
}

function textOf(option: string, pem: Pem | Pem[]): string {
    if (typeof pem === "string") return pem
    if (pem instanceof Uint8Array) return Buffer.from(pem).toString("latin1")
    throw wrongArgument(option, "PEM, as text or bytes")
}

function readingPem<T>(option: string, read: () => T): T {
    try {
        return read()
    } catch (error) {
        if (error instanceof GError) throw wrongArgument(option, error.message)
        throw error
    }
}

/** A server gets the suites that fit its keys (ECDSA, RSA or both). A client gets all suites. */
function suitesFor(options: CertificateOptions, server: OwnKeys | undefined): CipherSuite[] {
    const operations = new NodeKeys()
    const ecdsa = new EcdheCertificateKeyExchange(operations, SignatureKind.ecdsa, options)
    const rsa = new EcdheCertificateKeyExchange(operations, SignatureKind.rsa, options)
    const ecdsaSuites = [
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384(ecdsa),
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(ecdsa),
    ]
    const rsaSuites = [
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256(rsa),
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384(rsa),
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256(rsa),
    ]
    if (server === undefined) return [...ecdsaSuites, ...rsaSuites]
    const certificates = [...server.certificates, ...[...server.contexts.values()].flat()]
    const keys = [server.raw?.key, ...certificates.map(({ privateKey }) => privateKey)]
    const schemes = keys.flatMap((key) => key?.schemes ?? [])
    const some = (wanted: boolean): boolean => schemes.some((scheme) => isEcdsaScheme(scheme) === wanted)
    return [...(some(true) ? ecdsaSuites : []), ...(some(false) ? rsaSuites : [])]
}

/** The server_name extension. An IP address gets none, because server_name must not contain one (RFC 6066 §3). */
export function serverNameFor(name: string): (() => HelloExtension)[] {
    return isIP(name) === 0 && name !== "" ? [serverName(name)] : []
}
