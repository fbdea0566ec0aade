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

/** The connection of a diagnostic, as far as a handler needs it. */
export interface Diagnosed {
    getPeerIdentity(): Buffer | undefined
    getAssociation(): Association | undefined
    getRemoteAddress(): SocketAddress | undefined
}

/** What connections are made from. `newSettings` fills in defaults. */
export interface DtlsSettings {
    /** in order of preference */
    suites: CipherSuite[]
    credentials: Credentials
    retransmission: RetransmissionProfile
    limits: Limits
    /** largest datagram to send, bytes of UDP payload; 228 to 16384 */
    pathBudget: number
    requireExtendedMasterSecret: boolean
    /** the messages of one `sendMessages` call share datagrams up to the path budget, one record each, in order */
    coalesce: boolean
    /** makes hello extensions for an association, such as `connectionIds(8)` */
    extensions: ((crypto: CryptoProvider) => HelloExtension)[]
    /** server: how it takes hellos, and with that the versions that it speaks; undefined: the version of its class */
    newExchange?: NewHelloExchange | undefined
    /** server */
    pskIdentityHint: Buffer | undefined
    /** server: whether clients are asked for a certificate; Gio.TlsAuthenticationMode has the same numbers */
    authenticationMode: AuthenticationMode
    /** server: see AssociationSettings */
    alertOnKeyMismatch: boolean
    keyLog: ((line: string) => void) | undefined
    /** what a person should know while nothing has failed; `connection` is undefined before a server has one */
    onDiagnostic: ((diagnostic: Diagnostic, detail: number, connection: Diagnosed | undefined) => void) | undefined
}

/** 1280, the least IPv6 path (RFC 8200 §5), less IPv6 and UDP headers. */
export const DEFAULT_PATH_BUDGET = 1232

/** Settings with defaults for everything else; change what should differ. */
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
 * @param extensions gets those that the settings make, too
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
