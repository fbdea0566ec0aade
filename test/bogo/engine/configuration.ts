import { equal } from "../../../src/dtls/bytes/bytes.js"

/** Thrown if a shim does not support a test; the runner then counts it as unimplemented instead of failed. */
export class Unimplemented extends Error {}

/** Version numbers on the wire. */
export const DTLS12 = 0xfefd
export const DTLS13 = 0xfefc

/** A certificate chain or raw public key with its private key, DER. */
export interface Credential {
    /** its number among the credentials with flags of their own; -1: the one without */
    index: number
    isRawKey: boolean
    chain: Buffer[]
    /** PrivateKeyInfo (RFC 5958) */
    key: Buffer
    /** SubjectPublicKeyInfo */
    publicKey: Buffer
    /** SignatureSchemes to sign with, preferred first; empty: all that the key supports */
    signingPrefs: number[]
    /** presented only to peers that name its issuer as an authority */
    mustMatchIssuer: boolean
    /** set if it is an external pre-shared key to be imported; the other fields are then unused */
    imported?: ImportedCredential
}

/** A pre-shared key to be imported (RFC 9258). */
export interface ImportedCredential {
    /** `Credential.index` */
    index: number
    key: Buffer
    identity: Buffer
    context: Buffer
    isSha384: boolean
}

/** The keys to be imported, preferred first. */
export function importedOf(of: ShimConfiguration): ImportedCredential[] {
    const imported: ImportedCredential[] = []
    for (const credential of of.credentials) if (credential.imported !== undefined) imported.push(credential.imported)
    return imported
}

/** The key with that external identity. */
export function importedAs(of: ShimConfiguration, identity: Buffer): ImportedCredential | undefined {
    return importedOf(of).find((imported) => equal(imported.identity, identity))
}

/** The credentials with certificates or raw public keys. */
export function certifiedBy(of: ShimConfiguration): Credential[] {
    return of.credentials.filter((credential) => credential.imported === undefined)
}

/** The runner's flags for one connection, under the flags' names. */
export interface ShimConfiguration {
    isServer: boolean
    isDtls: boolean
    resumeCount: number
    /** version on the wire; undefined: no limit */
    minVersion: number | undefined
    maxVersion: number | undefined
    /** versions excluded from that range */
    excluded: number[]
    curves: number[]
    verifyPrefs: number[]
    credentials: Credential[]
    /** IANA names of the DTLS 1.2 suites to use; undefined: all */
    suites: string[] | undefined
    /** CertificateTypes that a client offers for its own certificate; empty: X.509 */
    ownTypes: number[]
    psk: Buffer | undefined
    pskIdentity: Buffer
    hostName: string | undefined
    advertiseAlpn: string[]
    selectAlpn: string | undefined
    mtu: number | undefined
    /** largest handshake message to accept, bytes */
    maxCertList: number | undefined
    initialTimeout: number
    requireClientCertificate: boolean
    verifyPeer: boolean
    verifyFail: boolean
    /** a refusal has its own alert */
    customVerify: boolean
    /** the peer is verified even if a session is resumed */
    reverifyOnResume: boolean
    /** a server neither issues nor accepts tickets */
    noTicket: boolean
    writesFirst: boolean
    initialWrite: Buffer
    repeatInitialWrite: number
    shutsDown: boolean
    checkCloseNotify: boolean
    sendAlert: boolean
    exportLength: number
    exportLabel: string
    exportContext: Buffer
    useExportContext: boolean
    tlsUnique: boolean
    expect: Expectations
}

/** Expectations about the completed handshake; undefined: anything. */
export interface Expectations {
    version?: number
    suite?: number
    alpn?: string
    extendedMasterSecret?: boolean
    peerCertificate?: boolean
    serverName?: string
    /** `Credential.index` */
    credential?: number
    /** the session must not be resumed */
    sessionMiss?: boolean
}

export function newConfiguration(): ShimConfiguration {
    return {
        isServer: false,
        isDtls: false,
        resumeCount: 0,
        minVersion: undefined,
        maxVersion: undefined,
        excluded: [],
        curves: [],
        verifyPrefs: [],
        credentials: [],
        suites: undefined,
        ownTypes: [],
        psk: undefined,
        pskIdentity: Buffer.alloc(0),
        hostName: undefined,
        advertiseAlpn: [],
        selectAlpn: undefined,
        mtu: undefined,
        maxCertList: undefined,
        initialTimeout: 400,
        requireClientCertificate: false,
        verifyPeer: false,
        verifyFail: false,
        customVerify: false,
        reverifyOnResume: false,
        noTicket: false,
        writesFirst: false,
        initialWrite: Buffer.from("hello"),
        repeatInitialWrite: 1,
        shutsDown: false,
        checkCloseNotify: false,
        sendAlert: false,
        exportLength: 0,
        exportLabel: "",
        exportContext: Buffer.alloc(0),
        useExportContext: false,
        tlsUnique: false,
        expect: {},
    }
}

/** Parses the JSON form, in which a Buffer is an object with `hex`. */
export function readConfiguration(text: string): ShimConfiguration {
    return revived(JSON.parse(text) as object) as ShimConfiguration
}

function revived(value: unknown): unknown {
    if (Array.isArray(value)) return (value as unknown[]).map((item) => revived(item))
    if (typeof value !== "object" || value === null) return value
    const fields = value as Record<string, unknown>
    if (fields["hex"] !== undefined) return Buffer.from(fields["hex"] as string, "hex")
    for (const name of Object.keys(fields)) fields[name] = revived(fields[name])
    return fields
}
