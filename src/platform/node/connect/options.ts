import { type RetransmissionProfile, wifi } from "../../../dtls/flight/retransmission.js"
import { type KeyOperations } from "../../../dtls/crypto/keys.js"
import { type CipherSuite } from "../../../dtls/handshake/cipher-suite.js"
import { connectionIds } from "../../../dtls/handshake/connection-ids.js"
import { AuthenticationMode } from "../../../dtls/handshake/key-exchange.js"
import { gatewayLimits, type Limits } from "../../../dtls/handshake/limits.js"
import { allSuitesV13 } from "../../../dtls/handshake/v13/suites.js"
import { connectionIdsV13, MAX_SPARES } from "../../../dtls/handshake/v13/connection-ids.js"
import { severalPsks } from "../../../dtls/handshake/v13/several-psks.js"
import { maxFragmentLength, recordSizeLimit } from "../../../dtls/handshake/record-limits.js"
import { enhancedReturnRoutability, returnRoutability } from "../../../dtls/handshake/return-routability.js"
import { allSuites } from "../../../dtls/key-exchange/suites.js"
import { keyShares } from "../../../dtls/key-exchange/v13/key-shares.js"
import { type Credentials } from "../../../gio/credentials.js"
import { type NewClientConnection } from "../../../gio/dtls-client-connection.js"
import { type DtlsSettings, newSettings } from "../../../gio/settings.js"
import { type SessionStore } from "../../../dtls/handshake/session.js"
import { type TicketKeys } from "../../../dtls/handshake/ticket-keys.js"
import { GROUP_NAMES, type GroupName, keysWithGroups } from "./groups.js"
import { NodeKeys } from "../keys.js"
import { secretCopy } from "../secret.js"
import { NodeServices } from "../services.js"
import {
    type CertificateAndKey,
    hasPublicKeys,
    PUBLIC_KEY_OPTIONS,
    type PublicKeyOptions,
    type PublicKeys,
    publicKeysOf,
} from "./certificate-options.js"
import { checkNames } from "./check-names.js"
import { EitherCredentials } from "../../../gio/either-credentials.js"
import { nodeError, wrongArgument } from "./errors.js"
import { type DiagnosticEvent, HandshakeWatch } from "./handshake-watch.js"
import { HASH_NAMES, type ImportedPsk, importing } from "./imported-psk.js"
import { type AssociationStore, type SaveOptions, type Saving, savingOf } from "./saved-connection.js"
import { checkIdentities, credentialsOf, listOf, lookingUp, type Psk, type PskLookup } from "./psk-options.js"
import {
    addClientSessions,
    addSessions,
    checkStore,
    sessionIn,
    type SessionOptions,
    SingleSession,
} from "./sessions.js"
import { clientOf, exchangeOf, type Version, type Versions } from "./versions.js"
import { checkWait, WAIT_OPTIONS, type WaitOptions } from "./waiting.js"

/** How a pre-shared key is used in DTLS 1.3 (RFC 8446 §4.2.9): with a key agreement, or alone. */
export type PskMode = "psk_dhe_ke" | "psk_ke"

/** What both sides may set. Everything but the key has a default; a name that is not known is refused. */
export interface CommonOptions extends PublicKeyOptions {
    /** oldest version that is spoken; default "1.2" */
    minVersion?: Version | undefined
    /** newest version that is spoken; default: `minVersion`. Of "1.2" and "1.3" a server takes the newer one that the client offers */
    maxVersion?: Version | undefined
    /**
     * DTLS 1.3: groups of the key agreement, preferred first; a client sends its share of the first one at once.
     * X25519MLKEM768 withstands quantum computers, too; without Node 24.7 it needs the package @noble/post-quantum.
     * Default: X25519, P-256
     */
    groups?: GroupName[] | undefined
    /** DTLS 1.3: modes that are offered or taken; with a key agreement where both sides have it. Default: both */
    pskModes?: PskMode[] | undefined
    /**
     * with `minVersion: "1.3"`: keys are imported (RFC 9258), on both sides alike, so that one goes with suites of either hash and is
     * bound to DTLS 1.3 and to a context. Default: they are used as they are
     */
    importedPsk?: ImportedPsk | undefined
    /** cipher suites, preferred first; default: every suite, AES-128-GCM first */
    suites?: CipherSuite[] | undefined
    /**
     * bytes of this side's connection id (RFC 9146), 0 to 255, so that the association survives a new address of its peer;
     * 0: this side needs none and sends the peer's. Default: no connection ids
     */
    connectionId?: number | undefined
    /**
     * beside `connectionId`: how a new address of the peer is checked (RFC 9853). `enhanced` asks the one before first, so that
     * nobody can lead the peer elsewhere by sending its records on; after a real change the peer gets nothing for up to
     * a second. Default: basic
     */
    returnRoutability?: "basic" | "enhanced" | undefined
    /**
     * DTLS 1.3, beside `connectionId`: ids of the peer, 0 to 4, to keep for new paths (RFC 9147 §9), so that who watches both
     * networks sees no id twice. Default: 0
     */
    spareConnectionIds?: number | undefined
    /** records of the peer are no larger, plaintext of 64 to 16384 bytes (RFC 8449). Default: 16384 */
    recordSizeLimit?: number | undefined
    /**
     * DTLS 1.2: records of both sides are no larger (RFC 6066 §4): 512, 1024, 2048 or 4096 bytes, a server's 0: as the client says.
     * Where both sides have `recordSizeLimit`, it alone counts (RFC 8449 §5). Default: not offered, not taken
     */
    maxFragmentLength?: number | undefined
    /** ALPN names (RFC 7301), preferred first, 1 to 255 bytes each */
    protocols?: string[] | undefined
    /** default: `wifi()` */
    retransmission?: RetransmissionProfile | undefined
    /** those that differ from `gatewayLimits()` */
    limits?: Partial<Limits> | undefined
    /** largest datagram to send, bytes, 228 to 16384; default 1232 */
    pathBudget?: number | undefined
    /** refuse peers without extended master secret (RFC 7627); default false */
    requireExtendedMasterSecret?: boolean | undefined
    /** the messages of one `sendAll` share datagrams up to `pathBudget`, one record each; default false: not every peer reads that */
    coalesce?: boolean | undefined
    /** one line of an NSS key log per handshake: it opens the traffic to whoever reads it */
    keyLog?: ((line: string) => void) | undefined
    /** what is worth knowing while nothing has failed; on a server also whom it refused and why */
    onDiagnostic?: ((event: DiagnosticEvent) => void) | undefined
    /** cryptography, sockets, names and log; default: `new NodeServices()` */
    services?: NodeServices | undefined
}

/** What `connect` takes. `signal` and `timeout` are the handshake's. */
export interface ConnectOptions extends CommonOptions, WaitOptions {
    /**
     * identity and key; with DTLS 1.3 up to 4 of them, preferred first, of which the server takes one that it knows (DTLS 1.2 has
     * the first one); or credentials that choose them by the server's hint. Without it, certificates or raw public keys
     */
    psk?: Psk | Psk[] | Credentials | undefined
    /** name or IP address that the server's certificate must have, and that it chooses one by; default: the host */
    servername?: string | undefined
    /** numeric address to send from; default: what the route prefers */
    localAddress?: string | undefined
    /** UDP port to send from; default 0: any */
    localPort?: number | undefined
    /** what `getSession` of an earlier connection gave, to be resumed; true: there is none yet, and one is wanted */
    session?: Uint8Array | true | undefined
    /** where sessions are kept by server, in place of `session`; for one identity or certificate of this side */
    sessions?: SessionStore | undefined
    /** keeps the association over a restart of the program (docs/sleeping-sensors.md); for one identity of this side */
    save?: SaveOptions | undefined
}

/** What `listen` takes. */
export interface ListenOptions extends CommonOptions {
    /** the one client's identity and key, a look-up by identity, or credentials; without it, `cert` or `key` */
    psk?: Psk | PskLookup | Credentials | undefined
    /** certificates for names that clients ask for, such as "a.example" or "*.example"; `cert` for all others */
    contexts?: Record<string, CertificateAndKey> | undefined
    /** ask clients for a certificate, or a raw public key; they need one unless `rejectUnauthorized` is false. Default false */
    requestCert?: boolean | undefined
    /** psk_identity_hint for clients (RFC 4279 §2) */
    pskIdentityHint?: string | Uint8Array | undefined
    /** whether clients may resume their sessions (RFC 5246 §7.3, RFC 5077, RFC 8446 §2.2), and how; default: they may not */
    sessions?: SessionOptions | true | undefined
    /** keeps the associations of clients over a restart of the program (docs/sleeping-sensors.md) */
    save?: SaveOptions<AssociationStore> | undefined
    /** answer a wrong key with decrypt_error at once; default false: silence, which RFC 4279 §2 allows */
    alertOnKeyMismatch?: boolean | undefined
}

const COMMON = [
    ...[
        "psk",
        "suites",
        "connectionId",
        "returnRoutability",
        "recordSizeLimit",
        "maxFragmentLength",
        "save",
        "protocols",
        "retransmission",
        "limits",
        "pathBudget",
    ],
    ...PUBLIC_KEY_OPTIONS,
    ...[
        "minVersion",
        "maxVersion",
        "spareConnectionIds",
        "pskModes",
        "importedPsk",
        "groups",
        "requireExtendedMasterSecret",
        "coalesce",
        "keyLog",
        "onDiagnostic",
        "services",
    ],
]
const CONNECT = [...COMMON, "servername", "localAddress", "localPort", "session", "sessions", ...WAIT_OPTIONS]
const LISTEN = [...COMMON, "contexts", "requestCert", "pskIdentityHint", "sessions", "alertOnKeyMismatch"]

/** What a connection or a listener is made from. */
export interface Prepared {
    services: NodeServices
    settings: DtlsSettings
    /** of one side that tells what it sees */
    watch: HandshakeWatch | undefined
}

export interface PreparedClient extends Prepared {
    newConnection: NewClientConnection
    /** A copy of the newest session with the server, of DTLS 1.3 or 1.2. */
    session: (isV13: boolean) => Buffer | undefined
    saving: Saving | undefined
}

export interface PreparedServer extends Prepared {
    ticketKeys: TicketKeys | undefined
    saving: Saving<AssociationStore> | undefined
}

/** @param server by which its session is kept: the name asked for, host and port */
export function prepareConnect(options: ConnectOptions, server: string): PreparedClient {
    checkNames(options, CONNECT)
    checkWait(options)
    const { psk } = options
    if (psk === undefined && !hasPublicKeys(options))
        throw wrongArgument("psk", "a key, or else ca, cert or rawPublicKeys")
    const versions = versionsOf(options)
    const keys = Array.isArray(psk) ? listOf(psk, versions) : psk && credentialsOf(psk)
    if (psk !== undefined && !("answer" in psk)) checkIdentities(Array.isArray(psk) ? psk : [psk], versions)
    // Not spread into what is returned: that took longer than all of the checks.
    const { services, settings, watch } = prepare(options, { psk: keys, isServer: false, contexts: {} })
    if (Array.isArray(psk) && options.importedPsk === undefined) settings.extensions.push(severalPsks())
    const sessions = sessionsOf(options, versions.oldest)
    if (sessions !== undefined) addClientSessions(settings, versions, sessions, server)
    const session = (isV13: boolean): Buffer | undefined => sessions && sessionIn(sessions, server, isV13)
    const saving = savingFor(services, options.save, false)
    return { services, settings, watch, newConnection: clientOf(versions), session, saving }
}

function sessionsOf({ session, sessions, pskModes }: ConnectOptions, oldest: Version): SessionStore | undefined {
    if (session === undefined && sessions === undefined) return undefined
    const name = session === undefined ? "sessions" : "session"
    if (oldest === "1.3" && pskModes?.includes("psk_dhe_ke") === false)
        throw wrongArgument(name, `left out, or pskModes has "psk_dhe_ke"`)
    if (session !== undefined && sessions !== undefined) throw wrongArgument(name, "left out, or sessions is")
    if (sessions !== undefined) return checkStore("sessions", sessions)
    if (session !== true && !(session instanceof Uint8Array)) throw wrongArgument("session", "bytes, or true")
    return new SingleSession(session === true ? undefined : secretCopy(session))
}

export function prepareListen(options: ListenOptions): PreparedServer {
    checkNames(options, LISTEN)
    const { psk, pskIdentityHint: hint } = options
    const { contexts = {} } = options
    if (typeof contexts !== "object" || contexts === null) throw wrongArgument("contexts", "an object of { cert, key }")
    const isCertified = options.cert !== undefined || options.key !== undefined || Object.keys(contexts).length > 0
    if (psk === undefined && !isCertified) throw wrongArgument("psk", "a key, or else cert and key, or key alone")
    const keys = typeof psk === "function" ? lookingUp(psk) : psk && credentialsOf(psk)
    const prepared = prepare(options, { psk: keys, isServer: true, contexts })
    if (flag("requestCert", options.requestCert))
        prepared.settings.authenticationMode = isRejecting(options)
            ? AuthenticationMode.required
            : AuthenticationMode.requested
    if (hint !== undefined) prepared.settings.pskIdentityHint = bytesOf("pskIdentityHint", hint)
    const versions = versionsOf(options)
    prepared.settings.newExchange = exchangeOf(versions)
    prepared.settings.alertOnKeyMismatch = flag("alertOnKeyMismatch", options.alertOnKeyMismatch)
    const { sessions } = options
    const { settings, services } = prepared
    const ticketKeys = sessions === undefined ? undefined : addSessions(settings, services, versions, sessions)
    return { ...prepared, ticketKeys, saving: savingFor(services, options.save, true) }
}

/** Whether what is wrong with a peer's certificate ends the handshake. */
export function isRejecting({ rejectUnauthorized }: CommonOptions): boolean {
    return rejectUnauthorized === undefined || flag("rejectUnauthorized", rejectUnauthorized)
}

function savingFor<Store extends SessionStore>(
    services: NodeServices,
    save: SaveOptions<Store> | undefined,
    isServer: boolean,
): Saving<Store> | undefined {
    return save === undefined ? undefined : savingOf(services, save, isServer)
}

/** Where the keys of one side come from. */
interface KeySources {
    psk: Credentials | undefined
    isServer: boolean
    contexts: Record<string, CertificateAndKey>
}

function prepare(options: CommonOptions, { psk, isServer, contexts }: KeySources): Prepared {
    const { onDiagnostic } = options
    const { services = new NodeServices() } = options
    if (typeof (services as Partial<NodeServices> | null)?.openUdp !== "function")
        throw wrongArgument("services", "a NodeServices, or what has its methods")
    const named = Object.keys(contexts).length > 0
    const publicKeys = hasPublicKeys(options) || named ? publicKeysOf(services, options, isServer, contexts) : undefined
    const credentials = new EitherCredentials(psk, publicKeys?.credentials)
    const everySuite = (): CipherSuite[] => [
        ...allSuitesV13(),
        ...(publicKeys?.suites ?? []),
        ...(psk === undefined ? [] : allSuites()),
    ]
    if (onDiagnostic !== undefined && typeof onDiagnostic !== "function")
        throw wrongArgument("onDiagnostic", "a function")
    const watch = onDiagnostic && new HandshakeWatch((event) => onDiagnostic(event))
    const settings = newSettings(
        options.suites ?? everySuite(),
        watch === undefined ? credentials : watch.watched(credentials),
        options.retransmission ?? wifi(),
        limitsOf(options.limits),
    )
    settings.pathBudget = options.pathBudget ?? settings.pathBudget
    settings.requireExtendedMasterSecret = flag("requireExtendedMasterSecret", options.requireExtendedMasterSecret)
    settings.coalesce = flag("coalesce", options.coalesce)
    settings.keyLog = options.keyLog
    settings.onDiagnostic = watch?.diagnostic
    settings.extensions = [
        ...idsOf(options),
        ...recordLimitsOf(options, isServer),
        ...keysV13(options, publicKeys),
        ...importOf(options),
    ]
    return { services, settings, watch }
}

/** How the sides of DTLS 1.3 agree on keys and know each other, besides a pre-shared key alone. */
function keysV13(options: CommonOptions, publicKeys: PublicKeys | undefined): DtlsSettings["extensions"] {
    const modes = modesOf(options)
    const agrees = modes.includes("psk_dhe_ke")
    const certified =
        publicKeys === undefined || versionsOf(options).newest === "1.2" ? [] : [publicKeys.authentication]
    if (certified.length > 0 && !agrees)
        throw wrongArgument("pskModes", `with "psk_dhe_ke": certificates need a key agreement`)
    const { groups } = options
    if (!agrees && groups === undefined) return []
    const keys = groups === undefined ? new NodeKeys() : keysOf(groups, agrees)
    return agrees ? [keyShares(keys, !modes.includes("psk_ke")), ...certified] : []
}

function keysOf(groups: GroupName[], agrees: boolean): KeyOperations {
    const areGroups = Array.isArray(groups) && groups.every((name) => GROUP_NAMES.includes(name))
    if (!agrees || !areGroups || groups.length === 0 || new Set(groups).size < groups.length)
        throw wrongArgument("groups", `some of ${GROUP_NAMES.join(", ")}, for DTLS 1.3 with a key agreement`)
    try {
        return keysWithGroups(groups)
    } catch (error) {
        throw nodeError(error)
    }
}

function versionsOf(options: CommonOptions): Versions {
    const oldest = options.minVersion ?? "1.2"
    const newest = options.maxVersion ?? oldest
    if (oldest !== "1.2" && oldest !== "1.3") throw wrongArgument("minVersion", `"1.2" or "1.3"`)
    if (newest !== "1.2" && newest !== "1.3") throw wrongArgument("maxVersion", `"1.2" or "1.3"`)
    if (oldest > newest) throw wrongArgument("minVersion", "no newer than maxVersion")
    return { oldest, newest }
}

/** None in DTLS 1.2, whose suites say how keys are exchanged. */
function modesOf(options: CommonOptions): PskMode[] {
    const { pskModes } = options
    const isOlder = versionsOf(options).newest === "1.2"
    if (isOlder && pskModes === undefined) return []
    const modes = pskModes ?? ["psk_dhe_ke", "psk_ke"]
    const areModes = Array.isArray(modes) && modes.every((mode) => mode === "psk_dhe_ke" || mode === "psk_ke")
    if (isOlder || !areModes || modes.length === 0)
        throw wrongArgument("pskModes", `"psk_dhe_ke", "psk_ke" or both, for DTLS 1.3`)
    return modes
}

function limitsOf(given: Partial<Limits> | undefined): Limits {
    const limits = gatewayLimits()
    if (given === undefined) return limits
    if (typeof given !== "object" || given === null) throw wrongArgument("limits", "an object with some of Limits")
    for (const [name, value] of Object.entries(given)) {
        if (!Object.hasOwn(limits, name)) throw wrongArgument(`limits.${name}`, "no such limit")
        const needed = typeof limits[name as keyof Limits]
        const fits = needed === "boolean" ? typeof value === "boolean" : Number.isInteger(value) && Number(value) >= 0
        if (!fits) throw wrongArgument(`limits.${name}`, needed === "boolean" ? "true or false" : "a whole number")
    }
    return { ...limits, ...given }
}

function flag(name: string, value: boolean | undefined): boolean {
    if (value !== undefined && typeof value !== "boolean") throw wrongArgument(name, "true or false")
    return value === true
}

function importOf(options: CommonOptions): DtlsSettings["extensions"] {
    const { importedPsk } = options
    if (importedPsk === undefined) return []
    if (versionsOf(options).oldest !== "1.3") throw wrongArgument("importedPsk", 'left out, or minVersion is "1.3"')
    return [importing(checkedImport(importedPsk))]
}

function checkedImport({ context = "", hash = "SHA-256", of }: ImportedPsk): ImportedPsk {
    if (!HASH_NAMES.includes(hash)) throw wrongArgument("importedPsk", 'its hash is "SHA-256" or "SHA-384"')
    const bytes = bytesOf("importedPsk", context)
    if (bytes.length > 65535) throw wrongArgument("importedPsk", "its context has at most 65535 bytes")
    if (of === undefined) return { context: bytes, hash }
    if (typeof of !== "function") throw wrongArgument("importedPsk", "its of is a function")
    const ofKey = (identity: Buffer): ImportedPsk | undefined => {
        const own = of(identity)
        return own && checkedImport(own)
    }
    return { context: bytes, hash, of: ofKey }
}

function recordLimitsOf(options: CommonOptions, isServer: boolean): DtlsSettings["extensions"] {
    const { recordSizeLimit: size, maxFragmentLength: length } = options
    const isNewer = versionsOf(options).newest === "1.3"
    if (size !== undefined && (!isWhole(size, 16384) || size < 64))
        throw wrongArgument("recordSizeLimit", "64 to 16384 bytes")
    const lengths = isServer ? [0] : [512, 1024, 2048, 4096]
    if (length !== undefined && (isNewer || !lengths.includes(length)))
        throw wrongArgument("maxFragmentLength", `${isServer ? "0" : "512, 1024, 2048 or 4096 bytes"}, for DTLS 1.2`)
    return [
        ...(size === undefined ? [] : [recordSizeLimit(size)]),
        ...(length === undefined ? [] : [maxFragmentLength(length)]),
    ]
}

function idsOf(options: CommonOptions): DtlsSettings["extensions"] {
    const { connectionId, spareConnectionIds: spares = 0, returnRoutability: form = "basic" } = options
    const isNewer = versionsOf(options).newest === "1.3"
    if (!isWhole(spares, MAX_SPARES) || (spares > 0 && (!isNewer || connectionId === undefined)))
        throw wrongArgument("spareConnectionIds", `0 to ${MAX_SPARES}, with connectionId and DTLS 1.3`)
    const isForm = form === "basic" || form === "enhanced"
    if (!isForm || (options.returnRoutability !== undefined && connectionId === undefined))
        throw wrongArgument("returnRoutability", '"basic" or "enhanced", with connectionId')
    if (connectionId === undefined) return []
    if (!isWhole(connectionId, 255)) throw wrongArgument("connectionId", "a whole number of bytes from 0 to 255")
    const ids = isNewer ? connectionIdsV13(connectionId, spares) : connectionIds(connectionId)
    return [ids, form === "basic" ? returnRoutability() : enhancedReturnRoutability()]
}

function isWhole(value: number, most: number): boolean {
    return Number.isInteger(value) && value >= 0 && value <= most
}

function bytesOf(name: string, value: string | Uint8Array): Buffer {
    if (typeof value !== "string" && !(value instanceof Uint8Array)) throw wrongArgument(name, "a text or bytes")
    return Buffer.from(value)
}
