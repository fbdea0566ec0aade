import { equal } from "../../../src/dtls/bytes/bytes.js"

/** What a shim cannot do; the runner then counts the test as unimplemented instead of failed. */
export class Unimplemented extends Error {}

/** As they stand on the wire. */
export const DTLS12 = 0xfefd
export const DTLS13 = 0xfefc

/** A certificate chain or raw public key with its private key, DER. */
export interface Credential {
    /** its place among those that are named one by one; -1: the one that is not */
    index: number
    isRawKey: boolean
    chain: Buffer[]
    /** PrivateKeyInfo (RFC 5958) */
    key: Buffer
    /** SubjectPublicKeyInfo */
    publicKey: Buffer
    /** SignatureSchemes to sign with, preferred first; empty: all that the key can make */
    signingPrefs: number[]
    /** it is presented only to peers that name its issuer as an authority */
    mustMatchIssuer: boolean
    /** it is an external pre-shared key, to be imported, and nothing of the above */
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

/** Those to be imported, preferred first. */
export function importedOf(of: ShimConfiguration): ImportedCredential[] {
    const imported: ImportedCredential[] = []
    for (const credential of of.credentials) if (credential.imported !== undefined) imported.push(credential.imported)
    return imported
}

/** The one with that external identity. */
export function importedAs(of: ShimConfiguration, identity: Buffer): ImportedCredential | undefined {
    return importedOf(of).find((imported) => equal(imported.identity, identity))
}

/** Those with certificates or raw public keys. */
export function certifiedBy(of: ShimConfiguration): Credential[] {
    return of.credentials.filter((credential) => credential.imported === undefined)
}

/** What the runner's flags ask of one connection. The names are the flags'. */
export interface ShimConfiguration {
    isServer: boolean
    isDtls: boolean
    resumeCount: number
    /** of the wire; undefined: not limited */
    minVersion: number | undefined
    maxVersion: number | undefined
    /** versions left out of that range */
    excluded: number[]
    curves: number[]
    verifyPrefs: number[]
    credentials: Credential[]
    /** IANA names of the suites of DTLS 1.2 to use; undefined: all */
    suites: string[] | undefined
    /** CertificateTypes that a client offers for itself; empty: X.509 */
    ownTypes: number[]
    psk: Buffer | undefined
    pskIdentity: Buffer
    hostName: string | undefined
    advertiseAlpn: string[]
    selectAlpn: string | undefined
    mtu: number | undefined
    /** largest handshake message to take, bytes */
    maxCertList: number | undefined
    initialTimeout: number
    requireClientCertificate: boolean
    verifyPeer: boolean
    verifyFail: boolean
    /** the refusal has an alert of its own */
    customVerify: boolean
    /** what is wrong with the peer counts when a session is resumed, too */
    reverifyOnResume: boolean
    /** a server gives no tickets, and takes none */
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

/** What must be so once the handshake is done; undefined: anything. */
export interface Expectations {
    version?: number
    suite?: number
    alpn?: string
    extendedMasterSecret?: boolean
    peerCertificate?: boolean
    serverName?: string
    /** `Credential.index` */
    credential?: number
    /** the session is not resumed */
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

/** Of its form in JSON, in which a Buffer is an object with `hex`. */
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
