import { type ClientHello } from "../wire/client-hello.js"
import { type Extension } from "../wire/extensions.js"
import { type ServerHello } from "../wire/server-hello.js"
import { type CipherSuite } from "./cipher-suite.js"
import { type Failure } from "./failure.js"
import { type HelloExtension } from "./hello-extension.js"
import { type ClientExchangeContext, type KeyExchangeContext, type ServerExchangeContext } from "./key-exchange.js"
import { type PeerCertificate, type PresentedCertificate } from "./question.js"
import { type Step } from "./step.js"

/** Parameters of a handshake that its session keeps and a resumed handshake takes over. */
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

/** The handshake as session resumption sees it. */
export interface ResumptionContext extends KeyExchangeContext {
    parameters: ResumedParameters
}

/** A client's handshake. */
export interface ClientResumptionContext extends ResumptionContext, ClientExchangeContext {
    parameters: ResumedParameters
    /** Inserts a step `fromEnd` steps before the end of those expected. */
    expectBefore(fromEnd: number, step: Step<never>): void
}

/** A server's handshake. */
export interface ServerResumptionContext extends ResumptionContext, ServerExchangeContext {
    parameters: ResumedParameters
    /** extensions of the ServerHello to be sent */
    answers: Extension[]
    /** Adds this side's ChangeCipherSpec and Finished. */
    sendFinished(): void
    /** The flight is complete. */
    endFlight(expectsAnswer: boolean): void
    /** Does the full handshake, with the suite's key exchange. */
    exchangeKeys(): void
}

/**
 * Keeps the sessions of full handshakes and resumes them (RFC 5246 §7.3, RFC 5077): the extension session_ticket, which
 * implements session ids too. One instance per association.
 */
export interface Resumption extends HelloExtension {
    /** session_id in this side's hello */
    sessionId: Buffer
    /** Keeps the master secret of a full handshake. Copies it. */
    keepSecret(secret: Buffer): void
    /** The peer's Finished was verified: the session may be resumed from now on. A server sends its ticket. */
    completed(context: ResumptionContext): void
    /**
     * Erases state that is no longer in use. A session that ends with a fatal alert is not resumed again (RFC 5246
     * §7.2.2).
     * @param failure how the association failed; undefined: it was closed
     */
    close(failure: Failure | undefined): void
}

/** A client's session resumption. */
export interface ClientResumption extends Resumption {
    /** Checks a ServerHello that may resume the offered session. @returns false if the handshake failed */
    check(context: ClientResumptionContext, hello: ServerHello): boolean
    /** Continues with the session, or with the full handshake. */
    resume(context: ClientResumptionContext, hello: ServerHello): void
}

/** A server's session resumption. */
export interface ServerResumption extends Resumption {
    /** See `ServerExchangeContext`. */
    keepKey(key: Buffer): void
    /**
     * Looks for the session that the hello names.
     * @param usable suites that both sides support
     * @returns its suite; undefined if there is no session, or none that this hello may resume
     */
    suiteOf(context: ServerResumptionContext, hello: ClientHello, usable: CipherSuite[]): CipherSuite | undefined
    /** Continues with that session, or with the full handshake. */
    resume(context: ServerResumptionContext, hello: ClientHello): void
}
