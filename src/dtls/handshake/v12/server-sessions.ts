import { copyOf, EMPTY, wipe } from "../../bytes/bytes.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { findExtension } from "../../wire/extensions.js"
import { writeNewSessionTicket } from "../../wire/new-session-ticket.js"
import { hostNameOf } from "../../wire/server-name.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type Failure, FailureReason } from "../failure.js"
import { type HelloExtension } from "../hello-extension.js"
import { AuthenticationMode } from "../key-exchange.js"
import { type PeerCertificateAnswer, type PskAnswer, QuestionKind } from "../question.js"
import { type ResumptionContext, type ServerResumption, type ServerResumptionContext } from "../resumption.js"
import {
    ClientKey,
    hasSameKey,
    MAX_TICKET,
    mayResume,
    readMarked,
    type ServerSessionOptions,
    withMark,
} from "../server-sessions.js"
import { judgedCertificate, type SessionStore, wipeSession } from "../session.js"
import { TICKET_OVERHEAD, type TicketKeys } from "../ticket-keys.js"
import { enterSession, readSession, sessionOf, type SessionV12, writeSession } from "./session.js"

const SESSION_ID_LENGTH = 32

/**
 * A server's session resumption.
 * @devsWhenUsed
 */
class ServerSessions implements ServerResumption {
    type = ExtensionType.sessionTicket
    sessionId = EMPTY
    private session: SessionV12 | undefined
    private serverName = ""
    /** the client supports tickets, and there are keys to seal one */
    private isWanted = false
    /** the ServerHello announces a ticket */
    private announces = false
    /** the session's ticket was sealed with the newest key */
    private isNewest = false
    /** the session's id in the cache */
    private cachedId = EMPTY
    private secret = EMPTY
    private key = new ClientKey()
    /** the session's */
    private mark = EMPTY

    constructor(
        private crypto: CryptoProvider,
        private options: ServerSessionOptions,
    ) {}

    offer(): undefined {
        return undefined
    }

    accept(): AlertDescription {
        return AlertDescription.none
    }

    select(): AlertDescription {
        return AlertDescription.none
    }

    answer(): Buffer | undefined {
        return this.announces ? EMPTY : undefined
    }

    suiteOf(context: ServerResumptionContext, hello: ClientHello, usable: CipherSuite[]): CipherSuite | undefined {
        const { cache, keys } = this.options
        const ticket = findExtension(hello.extensions, ExtensionType.sessionTicket)
        const extended = findExtension(hello.extensions, ExtensionType.extendedMasterSecret) !== undefined
        this.serverName = hostNameOf(hello.extensions) ?? ""
        this.isWanted = keys !== undefined && ticket !== undefined && extended
        this.announces = this.isWanted
        // If there is a ticket, the session id is ignored, even if the ticket cannot be opened (RFC 5077 §3.4).
        if (keys !== undefined && ticket !== undefined && ticket.length > 0) this.openTicket(keys, ticket)
        else if (cache !== undefined && hello.sessionId.length > 0) this.lookUp(cache, hello.sessionId)
        const suite = this.suiteOfSession(context, usable)
        if (suite === undefined) this.decline()
        // A ticket sealed with an older key is renewed before that key is dropped.
        else if (this.isNewest) this.announces = false
        return suite
    }

    private openTicket(keys: TicketKeys, ticket: Buffer): void {
        const opened = ticket.length > MAX_TICKET ? undefined : keys.open(ticket)
        if (opened === undefined) return
        this.readKept(opened.plaintext)
        this.isNewest = opened.isNewest
    }

    private lookUp(cache: SessionStore, id: Buffer): void {
        const bytes = cache.load(id.toString("hex"))
        if (bytes === undefined) return
        this.readKept(bytes)
        this.cachedId = id
    }

    private readKept(bytes: Buffer): void {
        const marked = readMarked(bytes)
        if (marked === undefined) return
        this.mark = marked.mark
        this.session = readSession(marked.session)
        wipe(marked.session)
    }

    /**
     * The session's suite if the hello may resume it: suite and server name must match, and what clients are asked for
     * here.
     */
    private suiteOfSession(context: ResumptionContext, usable: CipherSuite[]): CipherSuite | undefined {
        const { session } = this
        if (session === undefined) return undefined
        const required = context.settings.authenticationMode === AuthenticationMode.required
        if (!mayResume(session, this.serverName, this.options.clock(), required)) return undefined
        return usable.find((suite) => suite.id === session.suite)
    }

    /** Does a full handshake, which may create a new session. */
    private decline(): void {
        wipeSession(this.session)
        this.session = undefined
        this.cachedId = EMPTY
    }

    resume(context: ServerResumptionContext, hello: ClientHello): void {
        const { session } = this
        if (session === undefined) {
            this.nameSession(context)
            return context.exchangeKeys()
        }
        // The session used it, so the hello must offer it (RFC 7627 §5.3).
        if (!context.parameters.extendedMasterSecret)
            return context.fail(FailureReason.extendedMasterSecretRequired, AlertDescription.handshakeFailure)
        this.sessionId = hello.sessionId
        this.checkIdentity(context, session)
    }

    /** Chooses the session_id of a full handshake, by which a client without a ticket resumes. */
    private nameSession(context: ResumptionContext): void {
        const named = this.options.cache !== undefined && !this.announces && context.parameters.extendedMasterSecret
        this.sessionId = named ? this.crypto.random(SESSION_ID_LENGTH) : EMPTY
        this.cachedId = this.sessionId
    }

    /** Asks again whether the client is allowed: a session does not outlast its credentials. */
    private checkIdentity(context: ServerResumptionContext, session: SessionV12): void {
        const { identity, peerCertificate } = session
        const hint = context.settings.pskIdentityHint
        if (peerCertificate !== undefined) {
            const { type, certificates } = peerCertificate
            context.ask({ kind: QuestionKind.peerCertificate as const, type, certificates }, onClientJudged)
        } else if (identity.length > 0) context.ask({ kind: QuestionKind.psk as const, identity, hint }, onClientKnown)
        else this.goOn(context)
    }

    judged(context: ServerResumptionContext, answer: PeerCertificateAnswer | undefined): void {
        const peer = judgedCertificate(this.session as SessionV12, answer)
        const accepted = peer.alert === AlertDescription.none
        if (accepted) context.parameters.peerCertificate = peer
        this.identityChecked(context, accepted)
    }

    /** A changed key counts as none: a session made with the old key is not resumed. */
    known(context: ServerResumptionContext, answer: PskAnswer | undefined): void {
        const { secret } = this.session as SessionV12
        const accepted = hasSameKey(this.crypto, this.mark, answer, secret)
        if (accepted && answer !== undefined) this.key.keep(answer.key)
        this.identityChecked(context, accepted)
    }

    private identityChecked(context: ServerResumptionContext, accepted: boolean): void {
        if (accepted) return this.goOn(context)
        this.forget()
        this.decline()
        this.announceNow(context)
        this.nameSession(context)
        context.exchangeKeys()
    }

    /** A ticket was not to be sent with the resumed session, but is for the new one. */
    private announceNow(context: ServerResumptionContext): void {
        if (!this.isWanted || this.announces) return
        this.announces = true
        context.answers.push({ type: this.type, data: EMPTY })
    }

    private goOn(context: ServerResumptionContext): void {
        const session = this.session as SessionV12
        context.sendServerHello([])
        if (this.announces) this.sendTicket(context, session)
        enterSession(context, session)
        context.sendFinished()
        context.endFlight(true)
        context.expectFinished()
        this.session = undefined
    }

    keepKey(key: Buffer): void {
        this.key.keep(key)
    }

    keepSecret(secret: Buffer): void {
        this.secret = copyOf(secret, 0, secret.length)
    }

    completed(context: ResumptionContext): void {
        const { parameters } = context
        const { cache, lifetime, clock } = this.options
        if (parameters.resumed || !parameters.extendedMasterSecret) return this.key.forget()
        const session = sessionOf(context, this.secret, clock(), lifetime)
        session.serverName = this.serverName
        if (this.announces) this.sendTicket(context, session)
        else if (cache !== undefined && this.cachedId.length > 0) {
            const bytes = this.kept(session)
            cache.save(this.cachedId.toString("hex"), bytes)
            wipe(bytes)
        }
        this.close(undefined)
    }

    private kept(session: SessionV12): Buffer {
        return withMark(this.crypto, writeSession(session), this.key.bytes, session.secret)
    }

    /** The ticket is empty if the session is too large: the ServerHello has already announced one (RFC 5077 §3.3). */
    private sendTicket(context: ResumptionContext, session: SessionV12): void {
        const { keys, clock } = this.options
        const bytes = this.kept(session)
        const fits = keys !== undefined && bytes.length + TICKET_OVERHEAD <= MAX_TICKET
        const ticket = fits ? keys.seal(bytes) : EMPTY
        wipe(bytes)
        const left = session.created + session.lifetime - clock()
        const lifetimeHint = Math.floor(Math.max(left, 1000) / 1000)
        context.send(HandshakeType.newSessionTicket, writeNewSessionTicket({ lifetimeHint, ticket }))
    }

    private forget(): void {
        const { cache } = this.options
        if (cache !== undefined && this.cachedId.length > 0) cache.remove(this.cachedId.toString("hex"))
    }

    close(failure: Failure | undefined): void {
        if (failure !== undefined && failure.alert !== AlertDescription.none) this.forget()
        wipe(this.secret)
        this.secret = EMPTY
        this.key.forget()
        wipeSession(this.session)
    }
}

function onClientJudged(context: ServerResumptionContext, answer: PeerCertificateAnswer | undefined): void {
    ;(context.parameters.resumption as ServerSessions).judged(context, answer)
}

function onClientKnown(context: ServerResumptionContext, answer: PskAnswer | undefined): void {
    ;(context.parameters.resumption as ServerSessions).known(context, answer)
}

/** For a server's `DtlsSettings.extensions`: clients may resume their sessions. */
export function serveSessions(options: ServerSessionOptions): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ServerSessions(crypto, options)
}
