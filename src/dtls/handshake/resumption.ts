import { type ClientHello } from "../wire/client-hello.js"
import { type Extension } from "../wire/extensions.js"
import { type ServerHello } from "../wire/server-hello.js"
import { type CipherSuite } from "./cipher-suite.js"
import { type Failure } from "./failure.js"
import { type HelloExtension } from "./hello-extension.js"
import { type ClientExchangeContext, type KeyExchangeContext, type ServerExchangeContext } from "./key-exchange.js"
import { type PeerCertificate, type PresentedCertificate } from "./question.js"
import { type Step } from "./step.js"

/** What a session holds of a handshake, and gives to one that resumes it. */
export interface ResumedParameters {
    suite: CipherSuite | undefined
    clientRandom: Buffer
    serverRandom: Buffer
    extendedMasterSecret: boolean
    /** the client's psk_identity */
    identity: Buffer
    peerCertificate: PeerCertificate | undefined
    ownCertificate: PresentedCertificate | undefined
    /** the handshake is abbreviated */
    resumed: boolean
    resumption: Resumption | undefined
}

/** What resumption sees of the handshake that it serves. */
export interface ResumptionContext extends KeyExchangeContext {
    parameters: ResumedParameters
}

/** On a client. */
export interface ClientResumptionContext extends ResumptionContext, ClientExchangeContext {
    parameters: ResumedParameters
    /** A step that comes `fromEnd` steps before the end of those that are known. */
    expectBefore(fromEnd: number, step: Step<never>): void
}

/** On a server. */
export interface ServerResumptionContext extends ResumptionContext, ServerExchangeContext {
    parameters: ResumedParameters
    /** extensions of the ServerHello that is to come */
    answers: Extension[]
    /** ChangeCipherSpec and Finished of this side. */
    sendFinished(): void
    /** The flight is ready. */
    endFlight(expectsAnswer: boolean): void
    /** The full handshake, by the key exchange of the suite. */
    exchangeKeys(): void
}

/**
 * Keeps the sessions of full handshakes and resumes them (RFC 5246 §7.3, RFC 5077): the extension session_ticket, which
 * stands for session ids, too. One instance per association.
 */
export interface Resumption extends HelloExtension {
    /** session_id of this side's hello */
    sessionId: Buffer
    /** The master secret of a full handshake. Copies it. */
    keepSecret(secret: Buffer): void
    /** The peer's Finished is good: the session may be resumed from now on. A server sends its ticket. */
    completed(context: ResumptionContext): void
    /**
     * Erases what is not in use. A session that a fatal alert ends is not resumed again (RFC 5246 §7.2.2).
     * @param failure how the association failed; undefined: it was closed
     */
    close(failure: Failure | undefined): void
}

/** On a client. */
export interface ClientResumption extends Resumption {
    /** Whether the ServerHello resumes what was offered, and may. @returns false when the handshake has failed over it */
    check(context: ClientResumptionContext, hello: ServerHello): boolean
    /** Goes on with the session, or with the full handshake. */
    resume(context: ClientResumptionContext, hello: ServerHello): void
}

/** On a server. */
export interface ServerResumption extends Resumption {
    /** See `ServerExchangeContext`. */
    keepKey(key: Buffer): void
    /**
     * Looks for the session that the hello names.
     * @param usable suites that both sides can do
     * @returns its suite; undefined when there is none, or none that this hello may resume
     */
    suiteOf(context: ServerResumptionContext, hello: ClientHello, usable: CipherSuite[]): CipherSuite | undefined
    /** Goes on with that session, or with the full handshake. */
    resume(context: ServerResumptionContext, hello: ClientHello): void
}
