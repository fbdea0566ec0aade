import { copyOf, EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { findExtension } from "../../wire/extensions.js"
import { type NewSessionTicket, readNewSessionTicket } from "../../wire/new-session-ticket.js"
import { type ServerHello } from "../../wire/server-hello.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type Failure, FailureReason } from "../failure.js"
import { type HelloExtension } from "../hello-extension.js"
import { type KeyExchange } from "../key-exchange.js"
import { type PeerCertificateAnswer, QuestionKind } from "../question.js"
import { type ClientResumption, type ClientResumptionContext, type ResumptionContext } from "../resumption.js"
import { step } from "../step.js"
import { isExpired, judgedCertificate, MAX_SESSION_LIFETIME, type SessionStore, wipeSession } from "../session.js"
import { enterSession, readSession, sessionOf, type SessionV12, writeSession } from "./session.js"

/**
 * Length of the session_id that a client sends with a ticket, to recognize that the server accepted it (RFC 5077 §3.4),
 * bytes.
 */
const TICKET_ID_LENGTH = 16

/**
 * A client's session resumption.
 * @devsWhenUsed
 */
class ClientSessions implements ClientResumption {
    type = ExtensionType.sessionTicket
    sessionId = EMPTY
    private offered: SessionV12 | undefined
    /** the server resumes the offered session */
    private resumes = false
    private announced = false
    private ticket: NewSessionTicket | undefined
    /** master secret of a full handshake, or of the resumed session */
    private secret = EMPTY
    private begun = false

    constructor(
        private crypto: CryptoProvider,
        private store: SessionStore,
        private server: string,
        private clock: () => number,
    ) {}

    /** Empty data asks for a ticket (RFC 5077 §3.2). */
    offer(): Buffer {
        if (!this.begun) this.load()
        return this.offered === undefined ? EMPTY : this.offered.ticket
    }

    private load(): void {
        this.begun = true
        const saved = this.store.load(this.server)
        if (saved === undefined) return
        const session = readSession(saved)
        wipe(saved)
        // A session of DTLS 1.3 is left in the store.
        if (session === undefined) return
        if (isExpired(session, this.clock())) return this.store.remove(this.server)
        this.offered = session
        this.sessionId = session.id
    }

    accept(data: Buffer): AlertDescription {
        this.announced = true
        return data.length === 0 ? AlertDescription.none : AlertDescription.decodeError
    }

    select(): AlertDescription {
        return AlertDescription.none
    }

    answer(): undefined {
        return undefined
    }

    /** An echoed session_id means that the session is resumed, with its suite and extended_master_secret. */
    check(context: ClientResumptionContext, hello: ServerHello): boolean {
        const session = this.offered
        this.announced = false
        this.resumes = session !== undefined && hello.sessionId.length > 0 && equal(hello.sessionId, session.id)
        if (session === undefined || !this.resumes) return true
        if (findExtension(hello.extensions, ExtensionType.extendedMasterSecret) === undefined)
            context.fail(FailureReason.extendedMasterSecretRequired, AlertDescription.handshakeFailure)
        else if (hello.cipherSuite !== session.suite)
            context.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        else return true
        return false
    }

    resume(context: ClientResumptionContext, hello: ServerHello): void {
        const session = this.offered
        if (session === undefined || !this.resumes) {
            this.sessionId = hello.sessionId
            const { suite } = context.parameters
            ;((suite as CipherSuite).keyExchange as KeyExchange).beginClient(context, hello.extensions)
            return this.expectTicket(context)
        }
        const { peerCertificate } = session
        if (peerCertificate === undefined) return this.goOn(context)
        const { type, certificates } = peerCertificate
        context.ask({ kind: QuestionKind.peerCertificate as const, type, certificates }, onServerJudged)
    }

    /** @returns false if the handshake has failed */
    judged(context: ClientResumptionContext, answer: PeerCertificateAnswer | undefined): boolean {
        const peer = judgedCertificate(this.offered as SessionV12, answer)
        context.parameters.peerCertificate = peer
        if (peer.alert === AlertDescription.none) return true
        context.fail(FailureReason.certificateRefused, peer.alert)
        return false
    }

    goOn(context: ClientResumptionContext): void {
        const session = this.offered as SessionV12
        this.keepSecret(session.secret)
        enterSession(context, session)
        context.expectFinished()
        this.expectTicket(context)
    }

    /** NewSessionTicket comes before ChangeCipherSpec and Finished (RFC 5077 §3.3). */
    private expectTicket(context: ClientResumptionContext): void {
        if (this.announced) context.expectBefore(2, step(HandshakeType.newSessionTicket, 0, true, onNewSessionTicket))
    }

    keepSecret(secret: Buffer): void {
        this.secret = copyOf(secret, 0, secret.length)
    }

    takeTicket(ticket: NewSessionTicket): void {
        this.ticket = ticket
    }

    completed(context: ResumptionContext): void {
        const session = this.newSession(context)
        if (session !== undefined) {
            const bytes = writeSession(session)
            this.store.save(this.server, bytes)
            wipe(bytes)
        } else if (!this.resumes) this.store.remove(this.server)
        this.close(undefined)
    }

    /** The session that may be resumed next time; undefined: none that is new. */
    private newSession(context: ResumptionContext): SessionV12 | undefined {
        const { ticket } = this
        const hasTicket = ticket !== undefined && ticket.ticket.length > 0
        if (!context.parameters.extendedMasterSecret || (!hasTicket && (this.resumes || this.sessionId.length === 0)))
            return undefined
        const hinted = ticket === undefined ? 0 : ticket.lifetimeHint * 1000
        const lifetime = hinted === 0 ? MAX_SESSION_LIFETIME : Math.min(hinted, MAX_SESSION_LIFETIME)
        const session = sessionOf(context, this.secret, this.clock(), lifetime)
        session.id = this.sessionId
        if (ticket !== undefined && hasTicket) {
            session.ticket = ticket.ticket
            session.id = this.crypto.random(TICKET_ID_LENGTH)
        }
        return session
    }

    close(failure: Failure | undefined): void {
        if (failure !== undefined && isWorthless(failure)) this.store.remove(this.server)
        wipe(this.secret)
        this.secret = EMPTY
        wipeSession(this.offered)
    }
}

/** Different keys on the two sides mean that the session is useless too. */
function isWorthless(failure: Failure): boolean {
    return failure.alert !== AlertDescription.none || failure.reason === FailureReason.keyMismatch
}

function onNewSessionTicket(context: ResumptionContext, message: HandshakeMessage): void {
    const ticket = readNewSessionTicket(bodyOf(message))
    if (ticket === undefined) return context.fail(FailureReason.decodeError, AlertDescription.decodeError)
    ;(context.parameters.resumption as ClientSessions).takeTicket(ticket)
}

/** The certificate may have expired since, or its key may no longer be pinned. */
function onServerJudged(context: ClientResumptionContext, answer: PeerCertificateAnswer | undefined): void {
    const sessions = context.parameters.resumption as ClientSessions
    if (sessions.judged(context, answer)) sessions.goOn(context)
}

/**
 * For a client's `DtlsSettings.extensions`: sessions are kept and resumed, by ticket (RFC 5077) or session id.
 * @param store may be shared by many connections
 * @param server the session's key in the store: a different one for each server and each set of credentials
 * @param clock ms since an epoch that is the same after a restart, such as Unix time
 */
export function resumeSessions(
    store: SessionStore,
    server: string,
    clock: () => number,
): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ClientSessions(crypto, store, server, clock)
}
