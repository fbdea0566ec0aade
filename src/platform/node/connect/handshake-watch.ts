import { Diagnostic } from "../../../dtls/association/output.js"
import { type Failure, FailureReason } from "../../../dtls/handshake/failure.js"
import { type Answer, type Question, QuestionKind } from "../../../dtls/handshake/question.js"
import { type AskingConnection, type Credentials } from "../../../gio/credentials.js"
import { type Diagnosed } from "../../../gio/settings.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { diagnosticText, failureMessage } from "../failure-text.js"

/** What a person who operates one side should know, while nothing has been thrown. Holds no secret. */
export interface DiagnosticEvent {
    /**
     * a name of Diagnostic ("keyMismatch", "retransmitting", ...), or of a server: "unknownIdentity" (there is no key for
     * it), "credentialsFailed" (the application's source of keys threw), "handshakeFailed" (see `failure`)
     */
    code: keyof typeof Diagnostic | "unknownIdentity" | "credentialsFailed" | "handshakeFailed"
    /** a sentence, without identity and address */
    message: string
    /** the psk_identity that the client claims; it is not proved */
    identity?: Buffer
    /** where the peer is, on a server */
    remoteAddress?: SocketAddress
    /** what the source of keys threw */
    error?: unknown
    /** why the handshake failed */
    failure?: Failure
}

/**
 * Tells what goes wrong in handshakes. An unknown identity and a wrong key are the same to the peer (RFC 4279 §2); here,
 * on this side, they are told apart.
 */
export class HandshakeWatch {
    /** claimed identities, as the association holds them, for which there was no key */
    private unknown = new WeakSet<Buffer>()
    /** claimed identities, likewise, whose handshake was told to fail: what follows of it is no news */
    private refused = new WeakSet<Buffer>()

    constructor(private tell: (event: DiagnosticEvent) => void) {}

    /** The same credentials, whose refusals and failures are noticed. */
    watched(credentials: Credentials): Credentials {
        return { answer: (question, connection) => this.answer(credentials, question, connection) }
    }

    private async answer(
        credentials: Credentials,
        question: Question,
        connection: AskingConnection,
    ): Promise<Answer | undefined> {
        const identity = question.kind === QuestionKind.psk ? question.identity : undefined
        let answer: Answer | undefined
        try {
            answer = await credentials.answer(question, connection)
        } catch (error) {
            const message = "the source of keys failed: the peer is refused"
            this.tell({ code: "credentialsFailed", message, error, ...(identity && { identity }) })
        }
        if (identity !== undefined && (answer === undefined || answer === null)) this.unknown.add(identity)
        return answer
    }

    /** For DtlsSettings.onDiagnostic. */
    readonly diagnostic = (diagnostic: Diagnostic, detail: number, connection: Diagnosed | undefined): void => {
        const who = identified(connection)
        const parameters = connection?.getAssociation()?.parameters
        if (parameters !== undefined && !parameters.complete) {
            if (this.refused.has(parameters.identity)) return
            // Before a client has said an identity it is the one empty Buffer of all associations.
            if (diagnostic === Diagnostic.keyMismatch && parameters.identity.length > 0)
                this.refused.add(parameters.identity)
        }
        if (diagnostic === Diagnostic.keyMismatch && this.isUnknown(connection))
            this.tell({ code: "unknownIdentity", message: "there is no key for this identity", ...who })
        else {
            const code = Diagnostic[diagnostic] as keyof typeof Diagnostic
            this.tell({ code, message: diagnosticText(diagnostic, detail), ...who })
        }
    }

    /** For DtlsListener.onHandshakeFailed. What a diagnostic told already is not told again. */
    readonly failed = (connection: Diagnosed, failure: Failure): void => {
        // DTLS 1.2 has told it by a diagnostic; in 1.3 the handshake fails over it at once.
        const isNamed = (connection.getAssociation()?.parameters.identity.length ?? 0) > 0
        if (failure.reason === FailureReason.keyMismatch && isNamed)
            return this.diagnostic(Diagnostic.keyMismatch, 0, connection)
        const told = [FailureReason.keyMismatch, FailureReason.closedLocally, FailureReason.replaced]
        if (told.includes(failure.reason)) return
        const message = failureMessage(failure)
        this.tell({ code: "handshakeFailed", message, failure, ...identified(connection) })
    }

    private isUnknown(connection: Diagnosed | undefined): boolean {
        const identity = connection?.getAssociation()?.parameters.identity
        return identity !== undefined && this.unknown.has(identity)
    }
}

function identified(connection: Diagnosed | undefined): Pick<DiagnosticEvent, "identity" | "remoteAddress"> {
    const identity = connection?.getAssociation()?.parameters.identity
    const remoteAddress = connection?.getRemoteAddress()
    return {
        ...(identity !== undefined && identity.length > 0 && { identity: Buffer.from(identity) }),
        ...(remoteAddress !== undefined && { remoteAddress }),
    }
}
