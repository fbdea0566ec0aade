import { wifi } from "../../../dtls/flight/retransmission.js"
import { type CipherSuite } from "../../../dtls/handshake/cipher-suite.js"
import { AuthenticationMode } from "../../../dtls/handshake/key-exchange.js"
import { gatewayLimits, type Limits } from "../../../dtls/handshake/limits.js"
import { allSuitesV13 } from "../../../dtls/handshake/v13/suites.js"
import { severalPsks } from "../../../dtls/handshake/v13/several-psks.js"
import { allSuites } from "../../../dtls/key-exchange/suites.js"
import { type Credentials } from "../../../gio/credentials.js"
import { type NewClientConnection } from "../../../gio/dtls-client-connection.js"
import { type DtlsSettings, newSettings } from "../../../gio/settings.js"
import { type SessionStore } from "../../../dtls/handshake/session.js"
import { type TicketKeys } from "../../../dtls/handshake/ticket-keys.js"
import { secretCopy } from "../secret.js"
import { NodeServices } from "../services.js"
import { type CertificateAndKey, hasPublicKeys, publicKeysOf } from "./certificate-options.js"
import { bytesOf, checkNames, flag } from "./option-checks.js"
import { EitherCredentials } from "../../../gio/either-credentials.js"
import { wrongArgument } from "./errors.js"
import { HandshakeWatch } from "./handshake-watch.js"
import { type AssociationStore, type SaveOptions, type Saving, savingOf } from "./saved-connection.js"
import { checkIdentities, credentialsOf, listOf, lookingUp } from "./psk-options.js"
import { addClientSessions, addSessions, checkStore, sessionIn, SingleSession } from "./sessions.js"
import { clientOf, exchangeOf, type Version, versionsOf } from "./versions.js"
import { checkWait } from "./waiting.js"
import { type CommonOptions, type ConnectOptions, CONNECT_NAMES, type ListenOptions, LISTEN_NAMES } from "./options.js"
import { extensionsOf } from "./extension-options.js"

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
    checkNames(options, CONNECT_NAMES)
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
    checkNames(options, LISTEN_NAMES)
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
    settings.extensions = extensionsOf(options, publicKeys, isServer)
    return { services, settings, watch }
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
