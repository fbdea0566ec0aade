import { type Association } from "../dtls/association/association.js"
import { type Diagnostic } from "../dtls/association/output.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { type Limits } from "../dtls/handshake/limits.js"
import { type CipherSuite } from "../dtls/handshake/cipher-suite.js"
import { type CryptoProvider } from "../dtls/crypto/provider.js"
import { type RetransmissionProfile } from "../dtls/flight/retransmission.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../dtls/handshake/key-exchange.js"
import { type AssociationSettings } from "../dtls/handshake/settings.js"
import { type Services } from "../platform/services.js"
import { type Credentials } from "./credentials.js"
import { guarded } from "./guarded.js"
import { type SocketAddress } from "./socket-address.js"

/** The part of a connection that a diagnostic handler needs. */
export interface Diagnosed {
    getPeerIdentity(): Buffer | undefined
    getAssociation(): Association | undefined
    getRemoteAddress(): SocketAddress | undefined
}

/** The settings that connections are created from. `newSettings` fills in the defaults. */
export interface DtlsSettings {
    /** preferred first */
    suites: CipherSuite[]
    credentials: Credentials
    retransmission: RetransmissionProfile
    limits: Limits
    /** largest datagram to send, in bytes of UDP payload; 228 to 16384 */
    pathBudget: number
    requireExtendedMasterSecret: boolean
    /** the messages of one `sendMessages` call share datagrams up to the path budget, in order, one record per message */
    coalesce: boolean
    /** functions that make hello extensions for an association, such as `connectionIds(8)` */
    extensions: ((crypto: CryptoProvider) => HelloExtension)[]
    /** server: how ClientHellos are handled, which determines the supported versions; undefined: the version of the connection's class */
    newExchange?: NewHelloExchange | undefined
    /** server: psk_identity_hint for clients (RFC 4279 §2); undefined: none */
    pskIdentityHint: Buffer | undefined
    /** server: whether clients are asked for a certificate; the numbers are those of Gio.TlsAuthenticationMode */
    authenticationMode: AuthenticationMode
    /** server: see `alertOnKeyMismatch` of AssociationSettings */
    alertOnKeyMismatch: boolean
    keyLog: ((line: string) => void) | undefined
    /**
     * called for events that an operator should know about, although nothing has failed; `connection` is undefined before a server has one
     */
    onDiagnostic: ((diagnostic: Diagnostic, detail: number, connection: Diagnosed | undefined) => void) | undefined
}

/** The minimum MTU of IPv6, 1280 bytes (RFC 8200 §5), minus the IPv6 and UDP headers. */
export const DEFAULT_PATH_BUDGET = 1232

/** Makes settings with defaults for everything that is not a parameter. Change the fields that should differ. */
export function newSettings(
    suites: CipherSuite[],
    credentials: Credentials,
    retransmission: RetransmissionProfile,
    limits: Limits,
): DtlsSettings {
    return {
        suites,
        credentials,
        retransmission,
        limits,
        pathBudget: DEFAULT_PATH_BUDGET,
        requireExtendedMasterSecret: false,
        coalesce: false,
        extensions: [],
        pskIdentityHint: undefined,
        authenticationMode: AuthenticationMode.none,
        alertOnKeyMismatch: false,
        keyLog: undefined,
        onDiagnostic: undefined,
    }
}

/**
 * The engine's settings for one association.
 * @param extensions list to which the extensions from the settings are appended
 */
export function associationSettings(
    services: Services,
    settings: DtlsSettings,
    extensions: HelloExtension[],
): AssociationSettings {
    for (const make of settings.extensions) extensions.push(make(services.crypto))
    return {
        crypto: services.crypto,
        suites: settings.suites,
        extensions,
        retransmission: settings.retransmission,
        limits: settings.limits,
        pathBudget: settings.pathBudget,
        requireExtendedMasterSecret: settings.requireExtendedMasterSecret,
        pskIdentityHint: settings.pskIdentityHint,
        authenticationMode: settings.authenticationMode,
        alertOnKeyMismatch: settings.alertOnKeyMismatch,
        keyLog: settings.keyLog === undefined ? undefined : guardedKeyLog(services, settings.keyLog),
    }
}

function guardedKeyLog(services: Services, keyLog: (line: string) => void): (line: string) => void {
    return (line) => guarded(services, "The key log", () => keyLog(line), undefined)
}
