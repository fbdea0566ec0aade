import * as nodeCrypto from "node:crypto"
import { readFileSync } from "node:fs"
import { readPem } from "../../src/gio/pem.js"
import {
    type Credential,
    type ImportedCredential,
    DTLS12,
    DTLS13,
    newConfiguration,
    type ShimConfiguration,
    Unimplemented,
} from "./engine/configuration.js"

/** The runner's flags for one connection, and the runner's address. */
export interface Flags extends ShimConfiguration {
    port: number
    ipv6: boolean
    shimId: bigint
}

type Apply = (to: Flags, value: string) => void

/** Flags without a value. */
const SWITCHES: Record<string, Apply> = {
    "-ipv6": (to) => (to.ipv6 = true),
    "-server": (to) => (to.isServer = true),
    "-dtls": (to) => (to.isDtls = true),
    "-no-tls13": (to) => to.excluded.push(DTLS13),
    "-no-tls12": (to) => to.excluded.push(DTLS12),
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
    "-expect-session-miss": (to) => (to.expect.sessionMiss = true),
    "-reverify-on-resume": (to) => (to.reverifyOnResume = true),
    "-no-ticket": (to) => (to.noTicket = true),
    "-must-match-issuer": (to) => (lastCredential(to).mustMatchIssuer = true),
    "-new-x509-credential": (to) => addCredential(to, false),
    "-new-rpk-credential": (to) => addCredential(to, true),
    "-new-psk-credential": (to) => addImported(to),
    "-psk-importer-sha256": (to) => (lastImported(to).isSha384 = false),
    "-psk-importer-sha384": (to) => (lastImported(to).isSha384 = true),
}

/** Flags that change how BoringSSL's API is used, and have no meaning for this engine. */
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
    // Checked by the runner: whether a session was stored shows in the next connection, or in what the runner sees of
    // this one.
    "-expect-session-id",
    "-expect-no-session-id",
    "-expect-ticket-renewal",
    "-expect-hrr",
    "-expect-no-hrr",
    // There is no chain verification: the shim itself determines the result.
    "-expect-verify-result",
    // DTLS 1.3 has no early data here, nor in BoringSSL.
    "-enable-early-data",
    "-expect-accept-early-data",
    "-expect-ticket-supports-early-data",
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
    "-signing-prefs": (to, value) => lastCredential(to).signingPrefs.push(Number(value)),
    "-cipher": (to, value) => (to.suites = suiteNames(value)),
    "-available-client-cert-types": (to, value) => to.ownTypes.push(Number(value)),
    "-expect-selected-credential": (to, value) => (to.expect.credential = Number(value)),
    "-cert-file": (to, value) => (lastCredential(to).chain = certificatesIn(value)),
    "-key-file": (to, value) => readKey(lastCredential(to), value),
    "-psk-importer-key": (to, value) => (lastImported(to).key = Buffer.from(value, "base64")),
    "-psk-importer-identity": (to, value) => (lastImported(to).identity = Buffer.from(value, "base64")),
    "-psk-importer-context": (to, value) => (lastImported(to).context = Buffer.from(value, "base64")),
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

/** Expectations that cannot be checked here; the runner checks them, too. */
const VALUES_WITHOUT_MEANING = new Set([
    "-expect-cipher-aes",
    "-expect-cipher-no-aes",
    "-expect-curve-id",
    "-expect-peer-signature-algorithm",
    "-expect-total-renegotiations",
    "-expect-early-data-reason",
    "-expect-advertised-alpn",
    "-expect-msg-callback",
    "-expect-peer-cert-file",
    "-trust-cert",
    "-handshaker-path",
    "-read-size",
])

function newCredential(index: number, isRawKey: boolean): Credential {
    const none = Buffer.alloc(0)
    return { index, isRawKey, chain: [], key: none, publicKey: none, signingPrefs: [], mustMatchIssuer: false }
}

function addCredential(to: ShimConfiguration, isRawKey: boolean): void {
    const index = to.credentials.filter((credential) => credential.index >= 0).length
    to.credentials.push(newCredential(index, isRawKey))
}

function addImported(to: ShimConfiguration): void {
    addCredential(to, false)
    const none = Buffer.alloc(0)
    const credential = lastCredential(to)
    const { index } = credential
    credential.imported = { index, key: none, identity: none, context: none, isSha384: false }
}

function lastImported(of: ShimConfiguration): ImportedCredential {
    const { imported } = lastCredential(of)
    if (imported === undefined) throw new Unimplemented("a pre-shared key that is no credential")
    return imported
}

function lastCredential(of: ShimConfiguration): Credential {
    const last = of.credentials.at(-1) ?? newCredential(-1, false)
    if (of.credentials.length === 0) of.credentials.push(last)
    return last
}

function certificatesIn(path: string): Buffer[] {
    return (readPem(readFileSync(path, "utf8")) ?? []).map(({ data }) => data)
}

function readKey(of: Credential, path: string): void {
    const key = nodeCrypto.createPrivateKey(readFileSync(path))
    of.key = key.export({ format: "der", type: "pkcs8" })
    of.publicKey = nodeCrypto.createPublicKey(key).export({ format: "der", type: "spki" })
}

/** Throws Unimplemented for names that stand for several suites. */
function suiteNames(list: string): string[] {
    const names = list.split(":")
    const other = names.find((name) => !name.startsWith("TLS_"))
    if (other !== undefined) throw new Unimplemented(`the suites ${other}`)
    return names
}

/** "\x03foo\x03bar", as in the extension. */
function protocols(list: string): string[] {
    const names: string[] = []
    for (let at = 0; at < list.length; at += 1 + list.charCodeAt(at))
        names.push(list.slice(at + 1, at + 1 + list.charCodeAt(at)))
    return names
}

/** The flag's name without the prefix that selects connections; undefined if it is not for this connection. */
function forConnection(flag: string, isResumption: boolean): string | undefined {
    const match = /^-on-(initial|resume|retry)(-.*)$/.exec(flag)
    if (match === null) return flag
    return (match[1] === "resume") === isResumption && match[1] !== "retry" ? match[2] : undefined
}

/** Parses the flags of one connection. Throws Unimplemented for an unknown flag. */
export function parse(args: string[], isResumption: boolean): Flags {
    const to = { ...newConfiguration(), port: 0, ipv6: false, shimId: 0n }
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
