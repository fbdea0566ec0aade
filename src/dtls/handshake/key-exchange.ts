import { type HandshakeMessage } from "../flight/inbox.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { type AlertDescription, type HandshakeType } from "../wire/code-points.js"
import { type Extension } from "../wire/extensions.js"
import { type FailureReason } from "./failure.js"
import { type AnswerTo, type PeerCertificate, type PresentedCertificate, type Question } from "./question.js"
import { type Step } from "./step.js"
import { type Transcript } from "./transcript.js"

/** With the values of Gio.TlsAuthenticationMode. */
export enum AuthenticationMode {
    /** clients are not asked for a certificate */
    none = 0,
    /** a client without one is accepted too */
    requested = 1,
    /** a client without one is refused */
    required = 2,
}

/** The settings of an association that key exchanges read. */
export interface KeyExchangeSettings {
    crypto: CryptoProvider
    /** PSK, server: sent in ServerKeyExchange (RFC 4279 §2) */
    pskIdentityHint: Buffer | undefined
    /** certificates, server: whether clients are asked for one (RFC 5246 §7.4.4) */
    authenticationMode: AuthenticationMode
}

/** The handshake as certificates and signatures see it, in any version. */
export interface CertificateContext {
    settings: KeyExchangeSettings
    parameters: {
        peerCertificate: PeerCertificate | undefined
        ownCertificate: PresentedCertificate | undefined
    }
    transcript: Transcript
    /** the message being processed, if the answer to its question decides whether it is accepted */
    undecided: HandshakeMessage | undefined
    /** Ends the handshake; only the first call counts. */
    fail(reason: FailureReason, alert: AlertDescription): void
    /** Asks a question; no message is processed before `onAnswer` was called. */
    ask<Q extends Question>(question: Q, onAnswer: (context: never, answer: AnswerTo<Q> | undefined) => void): void
    /** Adds a message to the flight. */
    send(type: HandshakeType, body: Buffer): void
}

/** The handshake as its key exchange sees it. */
export interface KeyExchangeContext extends CertificateContext {
    parameters: CertificateContext["parameters"] & {
        clientRandom: Buffer
        serverRandom: Buffer
        /** PSK: the client's psk_identity */
        identity: Buffer
    }
    /** the key exchange's own state for this handshake; only it knows the type */
    kept: object | undefined
    /** Adds steps after those already expected. */
    expect(steps: Step<never>[]): void
    /** After the key exchange's last step: expects the peer's ChangeCipherSpec and Finished. */
    expectFinished(): void
    /**
     * Derives the keys; the transcript must contain everything through ClientKeyExchange. Copies nothing, so the caller
     * wipes `premaster`. In a `resumed` handshake that is the master secret.
     */
    deriveKeys(premaster: Buffer): void
}

/** A client's handshake. */
export interface ClientExchangeContext extends KeyExchangeContext {
    /** Starts the flight that begins with this side's first message after ServerHelloDone. */
    beginFlight(): void
    /** Adds ChangeCipherSpec and Finished; the flight is complete. */
    finishFlight(): void
}

/** A server's handshake. */
export interface ServerExchangeContext extends KeyExchangeContext {
    /**
     * Keeps the client's pre-shared key, because its session may be resumed only as long as the key is the same. Copies
     * it.
     */
    keepKey(key: Buffer): void
    /** Starts the flight with ServerHello, with these extensions in addition to those of the settings. */
    sendServerHello(extensions: Extension[]): void
    /** Adds ServerHelloDone; the flight is complete. */
    endServerFlight(): void
    /**
     * Instead of `sendServerHello`: there are no credentials for this client. The handshake continues with the next
     * suite of another key exchange; if there is none, it fails with this reason and alert.
     */
    decline(reason: FailureReason, alert: AlertDescription): void
}

/**
 * How DTLS 1.2 establishes a premaster secret (RFC 5246 §7.4.3, §7.4.7): the messages between ServerHello and
 * ChangeCipherSpec. It has no state: one object serves all handshakes.
 */
export interface KeyExchange {
    /** handshake messages are signed, so they are kept and not only hashed */
    signsMessages: boolean
    /** Client: extensions to offer in addition to those of the settings. */
    offers(): Extension[]
    /** Client: takes the server's answer to one of them. @returns `none`, or the alert that ends the handshake */
    accept(context: ClientExchangeContext, type: number, data: Buffer): AlertDescription
    /**
     * Client: ServerHello was received; adds the steps that follow.
     * @param extensions of the ServerHello, all accepted
     */
    beginClient(context: ClientExchangeContext, extensions: Extension[]): void
    /** Server: whether a client with these extensions supports it. */
    isUsable(extensions: Extension[]): boolean
    /**
     * Server: the suite is selected. In this call or after an answer, sends the server's flight and adds the steps that
     * follow, or declines.
     * @param extensions of the ClientHello
     */
    beginServer(context: ServerExchangeContext, extensions: Extension[]): void
    /** The peer's credentials for a saved association, besides its psk_identity. */
    savePeer(peer: PeerCertificate | undefined): Buffer
    /** @param saved what `savePeer` returned */
    loadPeer(saved: Buffer): PeerCertificate | undefined
}
