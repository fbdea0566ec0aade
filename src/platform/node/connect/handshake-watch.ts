import { Diagnostic } from "../../../dtls/association/output.js"
import { type Failure, FailureReason } from "../../../dtls/handshake/failure.js"
import { type Answer, type Question, QuestionKind } from "../../../dtls/handshake/question.js"
import { type AskingConnection, type Credentials } from "../../../gio/credentials.js"
import { type Diagnosed } from "../../../gio/settings.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { diagnosticText, failureMessage } from "../failure-text.js"

/** An event that the operator of this side should know about, although no error was thrown. It contains no secret. */
export interface DiagnosticEvent {
    /**
     * a name of Diagnostic ("keyMismatch", "retransmitting", ...). On a server also: "unknownIdentity" (no key exists for the identity),
     * "credentialsFailed" (the application's credentials threw an error), "handshakeFailed" (see `failure`)
     */
    code: keyof typeof Diagnostic | "unknownIdentity" | "credentialsFailed" | "handshakeFailed"
    /** a sentence that contains neither identity nor address */
    message: string
    /** the psk_identity that the client claims, without proof */
    identity?: Buffer
    /** on a server: address of the peer */
    remoteAddress?: SocketAddress
    /** the error that the application's credentials threw */
    error?: unknown
    /** why the handshake failed */
    failure?: Failure
}

/**
 * Reports problems in handshakes. The peer cannot distinguish an unknown identity from a wrong key (RFC 4279 §2), but this side can, and
 * reports them as different events.
 */
export class HandshakeWatch {
    /** claimed identities without a key; the Buffers are those of the associations */
    private unknown = new WeakSet<Buffer>()
    /**
     * claimed identities whose failure has been reported, again the associations' Buffers; further events of these handshakes are not
     * reported
     */
    private refused = new WeakSet<Buffer>()

    constructor(private tell: (event: DiagnosticEvent) => void) {}

    /** Wraps the credentials, so that their refusals and errors are noticed. */
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

    /** Handler for DtlsSettings.onDiagnostic. */
    readonly diagnostic = (diagnostic: Diagnostic, detail: number, connection: Diagnosed | undefined): void => {
        const who = identified(connection)
        const parameters = connection?.getAssociation()?.parameters
        if (parameters !== undefined && !parameters.complete) {
            if (this.refused.has(parameters.identity)) return
            // All associations whose client has not sent an identity yet share one empty Buffer.
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

    /** Handler for DtlsListener.onHandshakeFailed. It does not repeat what a diagnostic has already reported. */
    readonly failed = (connection: Diagnosed, failure: Failure): void => {
        // In DTLS 1.2 a diagnostic has already reported this. In DTLS 1.3 a key mismatch makes the handshake fail at once.
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
