import { EMPTY, wipe } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { AlertDescription, ExtensionType } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { hostNameOf } from "../../wire/server-name.js"
import { NEW_SESSION_TICKET, PSK_DHE_KE, PSK_KEY_EXCHANGE_MODES } from "../../wire/v13/code-points.js"
import { type OfferedPsk, offersMode } from "../../wire/v13/extensions.js"
import { writeNewSessionTicketV13 } from "../../wire/v13/new-session-ticket.js"
import { type Alpn } from "../alpn.js"
import { findHelloExtension, type HelloExtension } from "../hello-extension.js"
import { AuthenticationMode } from "../key-exchange.js"
import { type PeerCertificateAnswer, type PskAnswer, QuestionKind } from "../question.js"
import {
    ClientKey,
    hasSameKey,
    MAX_TICKET,
    mayResume,
    readMarked,
    type ServerSessionOptions,
    withMark,
} from "../server-sessions.js"
import { judgedCertificate, MAX_SESSION_LIFETIME, wipeSession } from "../session.js"
import { type AssociationSettings } from "../settings.js"
import { TICKET_OVERHEAD } from "../ticket-keys.js"
import { HelloExtensionV13 } from "./hello-extension.js"
import { type ResumptionContextV13, type ServerResumptionContextV13, type ServerResumptionV13 } from "./resumption.js"
import { hasItsHash, readSessionV13, resumptionSecret, type SessionV13, ticketKey, writeSessionV13 } from "./session.js"
import { type LaterMessage } from "./updatable-ids.js"

/** Length of a ticket that is the id of a session in the cache, bytes. */
const ID_LENGTH = 32

/**
 * A server's session resumption: sends one ticket after each handshake, to clients that support psk_dhe_ke.
 * @devsWhenUsed
 */
class ServerSessionsV13 extends HelloExtensionV13 implements ServerResumptionV13 {
    /** the client supports psk_dhe_ke */
    private isWanted = false
    private serverName = ""
    /** of the ticket being tried or resumed */
    private session: SessionV13 | undefined
    /** body of the NewSessionTicket to be sent; empty: none */
    private waiting = EMPTY
    private key = new ClientKey()
    /** the session's */
    private mark = EMPTY

    constructor(
        private crypto: CryptoProvider,
        private options: ServerSessionOptions,
    ) {
        super(PSK_KEY_EXCHANGE_MODES)
    }

    override select(data: Buffer): AlertDescription {
        this.isWanted = offersMode(data, PSK_DHE_KE)
        return AlertDescription.none
    }

    keepKey(key: Buffer): void {
        this.key.keep(key)
    }

    begin(extensions: Extension[]): void {
        this.serverName = hostNameOf(extensions) ?? ""
    }

    open(h: ServerResumptionContextV13, psk: OfferedPsk): boolean {
        const session = this.sessionOf(psk.identity)
        if (session === undefined) return false
        this.session = session
        if (this.isResumable(h, session)) this.checkIdentity(h, session, psk)
        else this.decline(h)
        return true
    }

    /** The session of a ticket; undefined: it is not one of our tickets. */
    private sessionOf(ticket: Buffer): SessionV13 | undefined {
        const { keys, cache } = this.options
        if (ticket.length > MAX_TICKET) return undefined
        const opened = keys === undefined ? undefined : keys.open(ticket)
        const kept = cache === undefined || opened !== undefined ? undefined : cache.load(ticket.toString("hex"))
        const bytes = opened === undefined ? kept : opened.plaintext
        const marked = bytes === undefined ? undefined : readMarked(bytes)
        if (marked === undefined) return undefined
        this.mark = marked.mark
        const session = readSessionV13(marked.session)
        wipe(marked.session)
        return session
    }

    private isResumable(h: ServerResumptionContextV13, session: SessionV13): boolean {
        const asksClients = h.settings.authenticationMode !== AuthenticationMode.none
        return (
            h.agrees &&
            this.isWanted &&
            mayResume(session, this.serverName, this.options.clock(), asksClients) &&
            session.protocol === protocolOf(h.settings) &&
            hasItsHash(h.settings, h.hash(), session)
        )
    }

    private decline(h: ServerResumptionContextV13): void {
        wipeSession(this.session)
        this.session = undefined
        h.lookFurther()
    }

    /** Asks again whether the client is allowed: a session does not outlast its credentials. */
    private checkIdentity(h: ServerResumptionContextV13, session: SessionV13, psk: OfferedPsk): void {
        const self = this
        const { identity, peerCertificate } = session
        if (peerCertificate !== undefined) {
            const { type, certificates } = peerCertificate
            h.ask(
                { kind: QuestionKind.peerCertificate as const, type, certificates },
                (context: ServerResumptionContextV13, answer: PeerCertificateAnswer | undefined) =>
                    self.judged(context, answer, psk),
            )
        } else if (identity.length > 0) {
            h.ask(
                { kind: QuestionKind.psk as const, identity, hint: undefined },
                (context: ServerResumptionContextV13, answer: PskAnswer | undefined) =>
                    self.known(context, answer, psk),
            )
        } else this.checked(h, true, psk)
    }

    /** A changed key counts as none: a session made with the old key is not resumed. */
    private known(h: ServerResumptionContextV13, answer: PskAnswer | undefined, psk: OfferedPsk): void {
        const { secret } = this.session as SessionV13
        const isAccepted = hasSameKey(this.crypto, this.mark, answer, secret)
        if (isAccepted && answer !== undefined) this.key.keep(answer.key)
        this.checked(h, isAccepted, psk)
    }

    private judged(h: ServerResumptionContextV13, answer: PeerCertificateAnswer | undefined, psk: OfferedPsk): void {
        const peer = judgedCertificate(this.session as SessionV13, answer)
        const isAccepted = peer.alert === AlertDescription.none
        if (isAccepted) h.parameters.peerCertificate = peer
        this.checked(h, isAccepted, psk)
    }

    private checked(h: ServerResumptionContextV13, isAccepted: boolean, psk: OfferedPsk): void {
        if (!isAccepted) return this.decline(h)
        const session = this.session as SessionV13
        const { parameters } = h
        const { cache } = this.options
        parameters.identity = session.identity
        parameters.resumed = true
        // The binder has verified: otherwise anyone could use up a session of the cache.
        if (h.resume(session.secret) && cache !== undefined) cache.remove(psk.identity.toString("hex"))
    }

    keep(h: ResumptionContextV13, secret: Secret): void {
        this.prepareTicket(h, secret)
        this.key.forget()
    }

    /** The lifetime counts from the full handshake: a ticket sent after resumption does not extend it. */
    private prepareTicket(h: ResumptionContextV13, secret: Secret): void {
        const { session, options } = this
        const now = options.clock()
        const created = session === undefined ? now : session.created
        const left = Math.min(created + options.lifetime - now, MAX_SESSION_LIFETIME)
        const shares = h.keyShares()
        if (shares === undefined || !shares.agreed || !this.isWanted || left < 1000) return
        const nonce = Buffer.alloc(1)
        const master = resumptionSecret(secret, h.transcript.digest())
        const next = this.newSession(h, ticketKey(master, h.hash(), nonce), created)
        const ticket = this.ticketFor(next)
        master.close()
        wipeSession(next)
        if (ticket === undefined) return
        const random = new Reader(this.crypto.random(4), 0, 4)
        const lifetime = Math.floor(left / 1000)
        this.waiting = writeNewSessionTicketV13({ lifetime, ageAdd: random.uint(4), nonce, ticket })
    }

    private newSession(h: ResumptionContextV13, secret: Buffer, created: number): SessionV13 {
        const { suite, identity, peerCertificate } = h.parameters
        return {
            suite: (suite as CipherSuite).id,
            secret,
            created,
            lifetime: this.options.lifetime,
            identity,
            serverName: this.serverName,
            peerCertificate,
            protocol: protocolOf(h.settings),
            ageAdd: 0,
            ticket: EMPTY,
        }
    }

    /** Undefined: the session is too large for a ticket. */
    private ticketFor(session: SessionV13): Buffer | undefined {
        const { keys, cache } = this.options
        const bytes = withMark(this.crypto, writeSessionV13(session), this.key.bytes, session.secret)
        let ticket: Buffer | undefined
        if (keys !== undefined) {
            if (bytes.length + TICKET_OVERHEAD <= MAX_TICKET) ticket = keys.seal(bytes)
        } else if (cache !== undefined) {
            ticket = this.crypto.random(ID_LENGTH)
            cache.save(ticket.toString("hex"), bytes)
        }
        wipe(bytes)
        return ticket
    }

    hasMessage(): boolean {
        return this.waiting.length > 0
    }

    message(): LaterMessage {
        const body = this.waiting
        this.waiting = EMPTY
        return { type: NEW_SESSION_TICKET, body }
    }

    close(): void {
        this.key.forget()
        wipeSession(this.session)
    }
}

function protocolOf(settings: AssociationSettings): string {
    const type = ExtensionType.applicationLayerProtocolNegotiation
    const alpn = findHelloExtension(settings.extensions, type) as Alpn | undefined
    return alpn === undefined ? "" : (alpn.selected ?? "")
}

/**
 * For a server's `DtlsSettings.extensions`, together with `keyShares`: clients may resume their sessions of DTLS 1.3.
 */
export function serveSessionsV13(options: ServerSessionOptions): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ServerSessionsV13(crypto, options)
}
