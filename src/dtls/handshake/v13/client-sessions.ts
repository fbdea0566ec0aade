import { EMPTY, wipe } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { AlertDescription } from "../../wire/code-points.js"
import { PSK_DHE_KE, PSK_KEY_EXCHANGE_MODES } from "../../wire/v13/code-points.js"
import { offeredModes } from "../../wire/v13/extensions.js"
import { type NewSessionTicketV13, readNewSessionTicketV13 } from "../../wire/v13/new-session-ticket.js"
import { FailureReason } from "../failure.js"
import { type HelloExtension } from "../hello-extension.js"
import { type PeerCertificateAnswer, QuestionKind } from "../question.js"
import { isExpired, judgedCertificate, MAX_SESSION_LIFETIME, type SessionStore, wipeSession } from "../session.js"
import { type ServerProof } from "./authentication.js"
import { HelloExtensionV13 } from "./hello-extension.js"
import { type KeyShareExtension } from "./key-share-extension.js"
import { bindKeys } from "./offered-keys.js"
import {
    type ClientResumptionContextV13,
    type ClientResumptionV13,
    type OfferedKey,
    type ResumptionContextV13,
} from "./resumption.js"
import { type SecurityParametersV13 } from "./security-parameters.js"
import { hashOf, readSessionV13, resumptionSecret, type SessionV13, ticketKey, writeSessionV13 } from "./session.js"

/** Limit on tickets kept for a server, and accepted in one connection; beyond it the oldest are dropped. */
export const MAX_TICKETS = 4

/** Format of a store's entry: a server's tickets, oldest first; sessions of DTLS 1.2 have another number. */
const LIST_FORMAT = 3

/**
 * A client's session resumption. Each ticket is offered only once, so that an observer cannot link two connections by
 * it (RFC 8446 appendix C.4), and with a key agreement (psk_dhe_ke).
 * @devsWhenUsed
 */
class ClientSessionsV13 extends HelloExtensionV13 implements ClientResumptionV13, ServerProof {
    private offered: SessionV13 | undefined
    private begun = false
    /** number of external keys in the hello */
    private externals = 0
    /** resumption_master_secret; undefined: tickets cannot be used */
    private secret: Secret | undefined
    private taken = 0

    constructor(
        private store: SessionStore,
        private server: string,
        private clock: () => number,
    ) {
        super(PSK_KEY_EXCHANGE_MODES)
    }

    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer {
        const shares = h.keyShares()
        if (!this.begun) this.begin(h, shares)
        else if (!this.goesOn(h)) this.forgetOffered()
        const { offered, externals } = this
        if (shares !== undefined && offered !== undefined) return this.bindTicket(h, hello, shares, offered)
        if (externals === 0) hello.extensions.push(offeredModes([PSK_DHE_KE]))
        return h.bind(hello)
    }

    private begin(h: ClientResumptionContextV13, shares: KeyShareExtension | undefined): void {
        this.begun = true
        this.externals = h.pskCount
        if (shares !== undefined) this.offered = this.takeNewest(h)
        const { offered } = this
        if (offered === undefined) return
        h.pskCount++
        // A ticket by itself may have another hash than external keys.
        if (this.hasOwnHash(h)) h.useHash(hashOf(h.settings, offered) as HashParameters)
    }

    /** Whether the ticket's hash is independent of external keys: there are none, or each has its own binder. */
    private hasOwnHash(h: ClientResumptionContextV13): boolean {
        return this.externals === 0 || h.importer() !== undefined
    }

    /** Whether a second hello, for which the suite is known, may offer the ticket too. */
    private goesOn(h: ClientResumptionContextV13): boolean {
        const { offered } = this
        const hash = offered === undefined ? undefined : hashOf(h.settings, offered)
        return hash !== undefined && hash.algorithm === h.hash().algorithm
    }

    private forgetOffered(): void {
        wipeSession(this.offered)
        this.offered = undefined
    }

    /** Offers the ticket, then the external key if there is one, with psk_dhe_ke only. */
    private bindTicket(
        h: ClientResumptionContextV13,
        hello: ClientHello,
        shares: KeyShareExtension,
        session: SessionV13,
    ): Buffer {
        const hash = h.hash()
        const early = h.crypto().newSecret(hash, session.secret)
        const age = lowBits(this.clock() - session.created + session.ageAdd)
        const ticket = { identity: session.ticket, age, hash, early, psk: EMPTY, label: "res binder" }
        shares.required = true
        hello.extensions.push(offeredModes([PSK_DHE_KE]))
        const body = bindKeys(h, hello, [ticket, ...this.externalKeys(h)])
        early.close()
        return body
    }

    private externalKeys(h: ClientResumptionContextV13): OfferedKey[] {
        const importer = h.importer()
        if (this.externals === 0) return []
        if (importer !== undefined) return importer.offers(h)
        const { identity } = h.parameters
        return [{ identity, age: 0, hash: h.hash(), early: h.secret as Secret, psk: EMPTY, label: "ext binder" }]
    }

    /** Takes the newest usable ticket out of the store; newer ones that cannot be used are dropped. */
    private takeNewest(h: ClientResumptionContextV13): SessionV13 | undefined {
        const sessions = this.load()
        if (sessions.length === 0) return undefined
        let session = sessions.pop()
        while (session !== undefined && !this.isUsable(h, session)) {
            wipeSession(session)
            session = sessions.pop()
        }
        this.save(sessions)
        return session
    }

    private isUsable(h: ClientResumptionContextV13, session: SessionV13): boolean {
        if (isExpired(session, this.clock())) return false
        const hash = hashOf(h.settings, session)
        return this.hasOwnHash(h) ? hash !== undefined : hash?.algorithm === h.hash().algorithm
    }

    /** Empty if the store's entry is something else. */
    private load(): SessionV13[] {
        const saved = this.store.load(this.server)
        if (saved === undefined) return []
        const sessions = readList(saved)
        wipe(saved)
        return sessions
    }

    private save(sessions: SessionV13[]): void {
        if (sessions.length === 0) return this.store.remove(this.server)
        const writer = new Writer(512)
        writer.uint(LIST_FORMAT, 1)
        for (const session of sessions) {
            const bytes = writeSessionV13(session)
            writer.vector(bytes, 2)
            wipe(bytes)
            wipeSession(session)
        }
        const list = writer.finish()
        this.store.save(this.server, list)
        wipe(list)
    }

    enter(h: ClientResumptionContextV13, index: number): void {
        const { offered } = this
        if (offered === undefined || index > 0) return
        h.enterEarlyStage(offered.secret)
        h.parameters.resumed = true
        h.parameters.identity = offered.identity
        if (offered.peerCertificate !== undefined) h.certified = this
    }

    /** The server has authenticated itself in the full handshake. */
    isAnswerable(): boolean {
        return false
    }

    acceptAnswers(): AlertDescription {
        return AlertDescription.none
    }

    /** The certificate may have expired since, or its key may no longer be pinned. */
    presentClient(h: ResumptionContextV13): void {
        const session = this.offered as SessionV13
        const { type, certificates } = session.peerCertificate ?? { type: 0, certificates: [] }
        h.ask(
            { kind: QuestionKind.peerCertificate as const, type, certificates },
            (context: ResumptionContextV13, answer: PeerCertificateAnswer | undefined) => {
                const peer = judgedCertificate(session, answer)
                context.parameters.peerCertificate = peer
                if (peer.alert === AlertDescription.none) context.onPresented()
                else context.fail(FailureReason.certificateRefused, peer.alert)
            },
        )
    }

    /** If the server did not use key agreement this time, it may not support it next time. */
    keep(h: ResumptionContextV13, secret: Secret): void {
        const shares = h.keyShares()
        this.forgetOffered()
        if (shares === undefined || !shares.agreed) return
        this.secret = resumptionSecret(secret, h.transcript.digest())
    }

    take(parameters: SecurityParametersV13, body: Buffer): AlertDescription {
        const ticket = readNewSessionTicketV13(body)
        if (ticket === undefined) return AlertDescription.decodeError
        if (this.secret === undefined || this.taken === MAX_TICKETS || ticket.lifetime === 0)
            return AlertDescription.none
        this.taken++
        const sessions = this.load()
        sessions.push(this.sessionOf(parameters, this.secret, ticket))
        this.save(sessions.slice(Math.max(0, sessions.length - MAX_TICKETS), sessions.length))
        return AlertDescription.none
    }

    private sessionOf(parameters: SecurityParametersV13, secret: Secret, message: NewSessionTicketV13): SessionV13 {
        const { identity, peerCertificate } = parameters
        const suite = parameters.suite as CipherSuite
        return {
            suite: suite.id,
            secret: ticketKey(secret, suite.hash, message.nonce),
            created: this.clock(),
            lifetime: Math.min(message.lifetime * 1000, MAX_SESSION_LIFETIME),
            identity,
            serverName: "",
            peerCertificate,
            protocol: "",
            ageAdd: message.ageAdd,
            ticket: message.ticket,
        }
    }

    close(): void {
        wipeSession(this.offered)
        if (this.secret !== undefined) this.secret.close()
        this.secret = undefined
    }
}

function readList(bytes: Buffer): SessionV13[] {
    const reader = new Reader(bytes, 0, bytes.length)
    const sessions: SessionV13[] = []
    if (reader.uint(1) !== LIST_FORMAT) return sessions
    while (reader.remaining() > 0 && !reader.failed) {
        const one = reader.vector(2)
        const session = readSessionV13(one)
        wipe(one)
        if (session !== undefined) sessions.push(session)
    }
    return sessions
}

/** The value modulo 2^32. */
function lowBits(value: number): number {
    return value - Math.floor(value / 4294967296) * 4294967296
}

/**
 * For a client's `DtlsSettings.extensions`, together with `keyShares`: sessions of DTLS 1.3 are kept and resumed, by
 * tickets.
 * @param store may be shared by many connections, and with `resumeSessions`
 * @param server the sessions' key in the store: a different one for each server and each set of credentials
 * @param clock ms since an epoch that is the same after a restart, such as Unix time
 */
export function resumeSessionsV13(
    store: SessionStore,
    server: string,
    clock: () => number,
): (crypto: CryptoProvider) => HelloExtension {
    return () => new ClientSessionsV13(store, storedUnder(server), clock)
}

/** The store's key for sessions of DTLS 1.3, next to those of 1.2. */
export function storedUnder(server: string): string {
    return server + " 1.3"
}
