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

/** Key exchange modes for pre-shared keys in DTLS 1.3 (RFC 8446 §4.2.9): psk_dhe_ke adds a key agreement, psk_ke uses the key alone. */
export type PskMode = "psk_dhe_ke" | "psk_ke"

/** Options of both sides. Only a key is required. An unknown option name is an error. */
export interface CommonOptions extends PublicKeyOptions {
    /** oldest DTLS version to support; default: "1.2" */
    minVersion?: Version | undefined
    /**
     * newest DTLS version to support; default: `minVersion`. With "1.2" and "1.3" a server chooses the newest version that the client
     * offers
     */
    maxVersion?: Version | undefined
    /**
     * DTLS 1.3: groups for the key agreement, preferred first. A client sends a key share for the first group in its first ClientHello.
     * X25519MLKEM768 also resists quantum computers; before Node 24.7 it needs the package @noble/post-quantum. Default: X25519, P-256
     */
    groups?: GroupName[] | undefined
    /** DTLS 1.3: PSK modes to offer or accept. If both sides support psk_dhe_ke, it is used. Default: both modes */
    pskModes?: PskMode[] | undefined
    /**
     * with `minVersion: "1.3"`: import pre-shared keys (RFC 9258). An imported key works with cipher suites of either hash, and is bound to
     * DTLS 1.3 and to a context. Both sides have to import keys in the same way. Default: keys are used without import
     */
    importedPsk?: ImportedPsk | undefined
    /** cipher suites, preferred first; default: all suites, starting with AES-128-GCM */
    suites?: CipherSuite[] | undefined
    /**
     * length of this side's connection id (RFC 9146), 0 to 255 bytes. Connection ids keep an association alive when the peer's address
     * changes. 0: this side needs no id, but sends the peer's id. Default: no connection ids
     */
    connectionId?: number | undefined
    /**
     * with `connectionId`: how a new address of the peer is verified (RFC 9853). "enhanced" first asks the old address, so that an attacker
     * who forwards the peer's records cannot move the association. After a genuine change, nothing is sent to the peer for up to one
     * second. Default: "basic"
     */
    returnRoutability?: "basic" | "enhanced" | undefined
    /**
     * DTLS 1.3, with `connectionId`: number of spare connection ids to request from the peer, 0 to 4, for new network paths (RFC 9147 §9).
     * With a new id on each path, an observer of both paths cannot link them. Default: 0
     */
    spareConnectionIds?: number | undefined
    /** largest plaintext in a record from the peer, 64 to 16384 bytes (RFC 8449). Default: 16384 */
    recordSizeLimit?: number | undefined
    /**
     * DTLS 1.2: largest fragment in records of either side (RFC 6066 §4). A client requests 512, 1024, 2048 or 4096 bytes; a server sets 0
     * to accept the client's choice. If both sides have `recordSizeLimit`, this option has no effect (RFC 8449 §5). Default: a client does
     * not request a limit, a server does not accept one
     */
    maxFragmentLength?: number | undefined
    /** application protocols for ALPN (RFC 7301), preferred first, 1 to 255 bytes each */
    protocols?: string[] | undefined
    /** retransmission timers; default: `wifi()` */
    retransmission?: RetransmissionProfile | undefined
    /** limits that differ from `gatewayLimits()` */
    limits?: Partial<Limits> | undefined
    /** largest datagram to send, 228 to 16384 bytes of UDP payload; default: 1232 */
    pathBudget?: number | undefined
    /** refuse peers that do not support extended master secret (RFC 7627); default: false */
    requireExtendedMasterSecret?: boolean | undefined
    /**
     * the messages of one `sendAll` call share datagrams up to `pathBudget`, one record per message. Default: false, because some peers do
     * not read all records of a datagram at once
     */
    coalesce?: boolean | undefined
    /** called with each line of an NSS key log. Anyone who has the lines can decrypt the traffic */
    keyLog?: ((line: string) => void) | undefined
    /**
     * called for events that are worth knowing although nothing has failed; on a server also for clients that were refused, with the reason
     */
    onDiagnostic?: ((event: DiagnosticEvent) => void) | undefined
    /** cryptography, sockets, name resolution and log; default: `new NodeServices()` */
    services?: NodeServices | undefined
}

/** Options of `connect`. `signal` and `timeout` limit the handshake. */
export interface ConnectOptions extends CommonOptions, WaitOptions {
    /**
     * identity and key. For DTLS 1.3 up to 4 of them, preferred first: the server chooses one that it knows; in DTLS 1.2 the first one is
     * used. Or credentials, which can choose by the server's hint. Without `psk`, set certificate or raw public key options
     */
    psk?: Psk | Psk[] | Credentials | undefined
    /**
     * name or IP address that the server's certificate must contain. A name is also sent to the server (server_name), so that it can choose
     * a certificate. Default: the host
     */
    servername?: string | undefined
    /** local numeric address; default: chosen by the operating system for the route */
    localAddress?: string | undefined
    /** local UDP port; default: 0, any free port */
    localPort?: number | undefined
    /**
     * session to resume, from `getSession` of an earlier connection. true: there is none yet, but `getSession` of this connection shall
     * return one
     */
    session?: Uint8Array | true | undefined
    /** store that keeps the sessions of several servers, in place of `session`. Use one store per identity or certificate of this side */
    sessions?: SessionStore | undefined
    /** keeps the association over a restart of the program (docs/sleeping-sensors.md). Use one store per identity of this side */
    save?: SaveOptions | undefined
}

/** Options of `listen`. */
export interface ListenOptions extends CommonOptions {
    /**
     * identity and key of the only client, or a function that looks up a key by identity, or credentials. Without `psk`, set `cert` or
     * `key`
     */
    psk?: Psk | PskLookup | Credentials | undefined
    /** certificates by the server name that the client requests, such as "a.example" or "*.example"; `cert` is used for all other names */
    contexts?: Record<string, CertificateAndKey> | undefined
    /**
     * request a certificate or a raw public key from clients. Clients must present one unless `rejectUnauthorized` is false. Default: false
     */
    requestCert?: boolean | undefined
    /** psk_identity_hint that is sent to clients (RFC 4279 §2) */
    pskIdentityHint?: string | Uint8Array | undefined
    /**
     * whether and how clients may resume sessions (RFC 5246 §7.3, RFC 5077, RFC 8446 §2.2); true: with default options. Default: no
     * resumption
     */
    sessions?: SessionOptions | true | undefined
    /** keeps the clients' associations over a restart of the program (docs/sleeping-sensors.md) */
    save?: SaveOptions<AssociationStore> | undefined
    /** answer a wrong key with the alert decrypt_error at once. Default: false, no answer, which RFC 4279 §2 allows */
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

/** What a connection or a listener is created from. */
export interface Prepared {
    services: NodeServices
    settings: DtlsSettings
    /** present if the option `onDiagnostic` is set */
    watch: HandshakeWatch | undefined
}

export interface PreparedClient extends Prepared {
    newConnection: NewClientConnection
    /** Returns a copy of the newest session with the server, for DTLS 1.3 or 1.2. */
    session: (isV13: boolean) => Buffer | undefined
    saving: Saving | undefined
}

export interface PreparedServer extends Prepared {
    ticketKeys: TicketKeys | undefined
    saving: Saving<AssociationStore> | undefined
}

/** Checks the options of `connect`. @param server key of the server's session in the store: requested name, host and port */
export function prepareConnect(options: ConnectOptions, server: string): PreparedClient {
    checkNames(options, CONNECT)
    checkWait(options)
    const { psk } = options
    if (psk === undefined && !hasPublicKeys(options))
        throw wrongArgument("psk", "a key, or else ca, cert or rawPublicKeys")
    const versions = versionsOf(options)
    const keys = Array.isArray(psk) ? listOf(psk, versions) : psk && credentialsOf(psk)
    if (psk !== undefined && !("answer" in psk)) checkIdentities(Array.isArray(psk) ? psk : [psk], versions)
    // Not spread into the returned object: spreading took longer than all of the checks.
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

/** Whether an invalid certificate of the peer ends the handshake. */
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

/** The sources of one side's keys. */
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

/** The extensions for key agreement and certificates in DTLS 1.3. */
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

/** The PSK modes. None in DTLS 1.2, where the cipher suite determines the key exchange. */
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
