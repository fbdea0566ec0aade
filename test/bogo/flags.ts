import { readFileSync } from "node:fs"

/** What a shim cannot do; the runner then counts the test as unimplemented instead of failed. */
export class Unimplemented extends Error {}

/** A certificate chain or raw public key with its private key, PEM files. */
export interface Credential {
    chain: string
    key: string
}

/** What the runner's flags ask of one connection. The names are the flags'. */
export interface ShimConfiguration {
    port: number
    ipv6: boolean
    shimId: bigint
    isServer: boolean
    isDtls: boolean
    resumeCount: number
    /** of the wire; undefined: not limited */
    minVersion: number | undefined
    maxVersion: number | undefined
    curves: number[]
    verifyPrefs: number[]
    signingPrefs: number[]
    credentials: Credential[]
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
}

export function defaults(): ShimConfiguration {
    return {
        port: 0,
        ipv6: false,
        shimId: 0n,
        isServer: false,
        isDtls: false,
        resumeCount: 0,
        minVersion: undefined,
        maxVersion: undefined,
        curves: [],
        verifyPrefs: [],
        signingPrefs: [],
        credentials: [],
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

type Apply = (to: ShimConfiguration, value: string) => void

/** Flags without a value. */
const SWITCHES: Record<string, Apply> = {
    "-ipv6": (to) => (to.ipv6 = true),
    "-server": (to) => (to.isServer = true),
    "-dtls": (to) => (to.isDtls = true),
    "-no-tls13": (to) => (to.maxVersion = DTLS12),
    "-no-tls12": (to) => (to.minVersion = DTLS13),
    "-require-any-client-certificate": (to) => (to.requireClientCertificate = true),
    "-verify-peer": (to) => (to.verifyPeer = true),
    "-use-custom-verify-callback": (to) => (to.customVerify = true),
    "-verify-fail": (to) => (to.verifyFail = true),
    "-shim-writes-first": (to) => (to.writesFirst = true),
    "-shim-shuts-down": (to) => (to.shutsDown = true),
    "-check-close-notify": (to) => (to.checkCloseNotify = true),
    "-send-alert": (to) => (to.sendAlert = true),
    "-use-export-context": (to) => (to.useExportContext = true),
    "-tls-unique": (to) => (to.tlsUnique = true),
    "-decline-alpn": (to) => (to.selectAlpn = undefined),
    "-expect-extended-master-secret": (to) => (to.expect.extendedMasterSecret = true),
    "-expect-no-peer-cert": (to) => (to.expect.peerCertificate = false),
    "-new-x509-credential": (to) => to.credentials.push({ chain: "", key: "" }),
}

/** Flags that change how BoringSSL is called, and mean nothing to an engine that is called in one way. */
const WITHOUT_MEANING = new Set([
    "-async",
    "-implicit-handshake",
    "-peek-then-read",
    "-use-early-callback",
    "-use-old-client-cert-callback",
    "-no-op-extra-handshake",
    "-handshake-twice",
    "-no-tls1",
    "-no-tls11",
    "-expect-secure-renegotiation",
    "-expect-no-session",
    "-no-ticket",
])

/** Flags with a value. */
const OPTIONS: Record<string, Apply> = {
    "-port": (to, value) => (to.port = Number(value)),
    "-shim-id": (to, value) => (to.shimId = BigInt(value)),
    "-resume-count": (to, value) => (to.resumeCount = Number(value)),
    "-min-version": (to, value) => (to.minVersion = Number(value)),
    "-max-version": (to, value) => (to.maxVersion = Number(value)),
    "-curves": (to, value) => to.curves.push(Number(value)),
    "-verify-prefs": (to, value) => to.verifyPrefs.push(Number(value)),
    "-signing-prefs": (to, value) => to.signingPrefs.push(Number(value)),
    "-cert-file": (to, value) => (lastCredential(to).chain = readFileSync(value, "utf8")),
    "-key-file": (to, value) => (lastCredential(to).key = readFileSync(value, "utf8")),
    "-psk": (to, value) => (to.psk = Buffer.from(value)),
    "-psk-identity": (to, value) => (to.pskIdentity = Buffer.from(value)),
    "-host-name": (to, value) => (to.hostName = value),
    "-advertise-alpn": (to, value) => (to.advertiseAlpn = protocols(value)),
    "-select-alpn": (to, value) => (to.selectAlpn = value),
    "-max-cert-list": (to, value) => (to.maxCertList = Number(value)),
    "-mtu": (to, value) => (to.mtu = Number(value)),
    "-initial-timeout-duration-ms": (to, value) => (to.initialTimeout = Number(value)),
    "-shim-initial-write": (to, value) => (to.initialWrite = Buffer.from(value)),
    "-repeat-shim-initial-write": (to, value) => (to.repeatInitialWrite = Number(value)),
    "-export-keying-material": (to, value) => (to.exportLength = Number(value)),
    "-export-label": (to, value) => (to.exportLabel = value),
    "-export-context": (to, value) => (to.exportContext = Buffer.from(value)),
    "-expect-version": (to, value) => (to.expect.version = Number(value)),
    "-expect-cipher": (to, value) => (to.expect.suite = Number(value)),
    "-expect-alpn": (to, value) => (to.expect.alpn = value),
    "-expect-server-name": (to, value) => (to.expect.serverName = value),
}

/** Values that say nothing which could be checked here: what they expect is checked by the runner, too. */
const VALUES_WITHOUT_MEANING = new Set([
    "-expect-cipher-aes",
    "-expect-cipher-no-aes",
    "-expect-curve-id",
    "-expect-peer-signature-algorithm",
    "-expect-total-renegotiations",
    "-expect-msg-callback",
    "-expect-peer-cert-file",
    "-trust-cert",
    "-handshaker-path",
    "-read-size",
])

/** As they stand on the wire. */
export const DTLS12 = 0xfefd
export const DTLS13 = 0xfefc

function lastCredential(of: ShimConfiguration): Credential {
    const last = of.credentials.at(-1) ?? { chain: "", key: "" }
    if (of.credentials.length === 0) of.credentials.push(last)
    return last
}

/** "\x03foo\x03bar", as the extension has it. */
function protocols(list: string): string[] {
    const names: string[] = []
    for (let at = 0; at < list.length; at += 1 + list.charCodeAt(at))
        names.push(list.slice(at + 1, at + 1 + list.charCodeAt(at)))
    return names
}

/** Whether a flag is for this connection, and its name without the part that says so. */
function forConnection(flag: string, isResumption: boolean): string | undefined {
    const match = /^-on-(initial|resume|retry)(-.*)$/.exec(flag)
    if (match === null) return flag
    return (match[1] === "resume") === isResumption && match[1] !== "retry" ? match[2] : undefined
}

/** The flags of one connection. Throws Unimplemented for a flag that is not known. */
export function parse(args: string[], isResumption: boolean): ShimConfiguration {
    const to = defaults()
    for (let i = 0; i < args.length; i++) {
        const given = args[i]
        const bare = /^-on-(initial|resume|retry)(-.*)$/.exec(given)?.[2] ?? given
        const flag = forConnection(given, isResumption)
        const apply = SWITCHES[bare]
        if (apply !== undefined) {
            if (flag !== undefined) apply(to, "")
        } else if (OPTIONS[bare] !== undefined) {
            const value = args[++i] ?? ""
            if (flag !== undefined) OPTIONS[bare](to, value)
        } else if (VALUES_WITHOUT_MEANING.has(bare)) i++
        else if (!WITHOUT_MEANING.has(bare)) throw new Unimplemented(`the flag ${given}`)
    }
    return to
}
