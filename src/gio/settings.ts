import { equal } from "../dtls/bytes/bytes.js"
import { type Diagnostic } from "../dtls/association/output.js"
import { type Limits } from "../dtls/handshake/limits.js"
import { type CipherSuite } from "../dtls/crypto/suites.js"
import { type RetransmissionProfile } from "../dtls/flight/retransmission.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { type PskAnswer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type AssociationSettings } from "../dtls/handshake/settings.js"
import { type Services } from "../platform/services.js"
import { guarded } from "./guarded.js"
import { invalidArgument } from "./errors.js"
import { type DtlsConnection } from "./dtls-connection.js"

/** Where pre-shared keys come from. */
export interface PskSource {
    /**
     * Client: the identity and key for a server that gave `question.hint` (undefined: none).
     * Server: the key of `question.identity`; undefined when it is unknown, which the peer cannot tell from a wrong key.
     * May take its time: other peers go on meanwhile.
     */
    lookup(question: Question): Promise<PskAnswer | undefined>
}

/** What connections are made from. `clientSettings` and `serverSettings` fill in what is usual. */
export interface DtlsSettings {
    /** in order of preference */
    suites: CipherSuite[]
    psk: PskSource
    retransmission: RetransmissionProfile
    limits: Limits
    /** largest datagram to send, bytes of UDP payload; 228 to 16384 */
    pathBudget: number
    requireExtendedMasterSecret: boolean
    /** the messages of one `sendMessages` call share datagrams up to the path budget, one record each, in order */
    coalesce: boolean
    /** server */
    pskIdentityHint: Buffer | undefined
    /** server: see AssociationSettings */
    alertOnKeyMismatch: boolean
    keyLog: ((line: string) => void) | undefined
    /** what a person should know while nothing has failed; `connection` is undefined before a server has one */
    onDiagnostic: ((diagnostic: Diagnostic, detail: number, connection: DtlsConnection | undefined) => void) | undefined
}

/** 1280, the least IPv6 path (RFC 8200 §5), less IPv6 and UDP headers. */
export const DEFAULT_PATH_BUDGET = 1232

/** The usual settings; change what should differ. */
export function newSettings(
    suites: CipherSuite[],
    psk: PskSource,
    retransmission: RetransmissionProfile,
    limits: Limits,
): DtlsSettings {
    return {
        suites,
        psk,
        retransmission,
        limits,
        pathBudget: DEFAULT_PATH_BUDGET,
        requireExtendedMasterSecret: false,
        coalesce: false,
        pskIdentityHint: undefined,
        alertOnKeyMismatch: false,
        keyLog: undefined,
        onDiagnostic: undefined,
    }
}

/** The engine's settings for one association. */
export function associationSettings(
    services: Services,
    settings: DtlsSettings,
    extensions: HelloExtension[],
): AssociationSettings {
    return {
        crypto: services.crypto,
        suites: settings.suites,
        extensions,
        retransmission: settings.retransmission,
        limits: settings.limits,
        pathBudget: settings.pathBudget,
        requireExtendedMasterSecret: settings.requireExtendedMasterSecret,
        pskIdentityHint: settings.pskIdentityHint,
        alertOnKeyMismatch: settings.alertOnKeyMismatch,
        keyLog: settings.keyLog === undefined ? undefined : guardedKeyLog(services, settings.keyLog),
    }
}

function guardedKeyLog(services: Services, keyLog: (line: string) => void): (line: string) => void {
    return (line) => guarded(services, "The key log", () => keyLog(line), undefined)
}

/**
 * One identity and key: for a client, or for a server that knows a single client and refuses every other identity
 * (RFC 4279 §2). The key is in no field, so that a printed or serialized object does not show it.
 * @devsWhenUsed
 */
export class SinglePsk implements PskSource {
    readonly lookup: (question: Question) => Promise<PskAnswer | undefined>

    constructor(identity: Buffer, key: Buffer) {
        if (!(identity instanceof Buffer)) throw invalidArgument("identity", "a Buffer")
        if (!(key instanceof Buffer)) throw invalidArgument("key", "a Buffer")
        const answer = { identity, key }
        this.lookup = async (question) =>
            question.kind === QuestionKind.clientPsk || equal(question.identity, identity) ? answer : undefined
    }
}
