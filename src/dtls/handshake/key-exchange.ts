import { type HandshakeMessage } from "../flight/inbox.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { type AlertDescription, type HandshakeType } from "../wire/code-points.js"
import { type Extension } from "../wire/extensions.js"
import { type FailureReason } from "./failure.js"
import { type AnswerTo, type PeerCertificate, type PresentedCertificate, type Question } from "./question.js"
import { type Step } from "./step.js"
import { type Transcript } from "./transcript.js"

/** With the numbers of Gio.TlsAuthenticationMode. */
export enum AuthenticationMode {
    /** clients are not asked for a certificate */
    none = 0,
    /** a client without one is served, too */
    requested = 1,
    /** a client without one is refused */
    required = 2,
}

/** What key exchanges read of the settings of an association. */
export interface KeyExchangeSettings {
    crypto: CryptoProvider
    /** PSK, server: sent in ServerKeyExchange (RFC 4279 §2) */
    pskIdentityHint: Buffer | undefined
    /** certificates, server: whether clients are asked for one (RFC 5246 §7.4.4) */
    authenticationMode: AuthenticationMode
}

/** What certificates and signatures see of the handshake that they serve, of whichever version. */
export interface CertificateContext {
    settings: KeyExchangeSettings
    parameters: {
        peerCertificate: PeerCertificate | undefined
        ownCertificate: PresentedCertificate | undefined
    }
    transcript: Transcript
    /** the message of the step that runs is taken or refused by the answer to the question that it asked */
    undecided: HandshakeMessage | undefined
    /** Ends the handshake; the first reason stays. */
    fail(reason: FailureReason, alert: AlertDescription): void
    /** Puts a question out; no message is processed before `onAnswer` was called. */
    ask<Q extends Question>(question: Q, onAnswer: (context: never, answer: AnswerTo<Q> | undefined) => void): void
    /** Adds a message to the flight. */
    send(type: HandshakeType, body: Buffer): void
}

/** What a key exchange sees of the handshake that it serves. */
export interface KeyExchangeContext extends CertificateContext {
    parameters: CertificateContext["parameters"] & {
        clientRandom: Buffer
        serverRandom: Buffer
        /** PSK: the client's psk_identity */
        identity: Buffer
    }
    /** what the key exchange keeps of this handshake; it alone knows the type */
    kept: object | undefined
    /** Further steps, behind those that are known. */
    expect(steps: Step<never>[]): void
    /** After the last step of the key exchange: ChangeCipherSpec and Finished of the peer. */
    expectFinished(): void
    /**
     * Everything up to and with ClientKeyExchange is in the transcript. Copies nothing: the caller wipes `premaster`. Of a
     * handshake that is `resumed` it is the master secret.
     */
    deriveKeys(premaster: Buffer): void
}

/** On a client. */
export interface ClientExchangeContext extends KeyExchangeContext {
    /** Starts the flight that begins with this side's first message after ServerHelloDone. */
    beginFlight(): void
    /** ChangeCipherSpec and Finished, and the flight is ready. */
    finishFlight(): void
}

/** On a server. */
export interface ServerExchangeContext extends KeyExchangeContext {
    /** The client's pre-shared key: its session may be resumed as long as that stays the same. Copies it. */
    keepKey(key: Buffer): void
    /** Starts the flight with ServerHello, with these extensions besides those of the settings. */
    sendServerHello(extensions: Extension[]): void
    /** ServerHelloDone, and the flight is ready. */
    endServerFlight(): void
    /**
     * In place of `sendServerHello`: there are no credentials for this client. The handshake goes on with the next suite of
     * another key exchange; without one it fails as stated.
     */
    decline(reason: FailureReason, alert: AlertDescription): void
}

/**
 * How client and server of DTLS 1.2 come to a premaster secret (RFC 5246 §7.4.3, §7.4.7): the messages between ServerHello
 * and ChangeCipherSpec. It keeps nothing itself: one object serves all handshakes.
 */
export interface KeyExchange {
    /** messages of the handshake are signed, so that they are kept and not only hashed */
    signsMessages: boolean
    /** Client: extensions that it offers, besides those of the settings. */
    offers(): Extension[]
    /** Client: the server's answer to one of them. @returns `none`, or the alert that ends the handshake */
    accept(context: ClientExchangeContext, type: number, data: Buffer): AlertDescription
    /**
     * Client: ServerHello has come; names the steps that follow.
     * @param extensions of the ServerHello, all of them accepted
     */
    beginClient(context: ClientExchangeContext, extensions: Extension[]): void
    /** Server: whether a client with these extensions can do it. */
    isUsable(extensions: Extension[]): boolean
    /**
     * Server: a suite is selected; in this call or after an answer it sends the server's flight and names the steps that
     * follow, or declines.
     * @param extensions of the ClientHello
     */
    beginServer(context: ServerExchangeContext, extensions: Extension[]): void
    /** What a saved association has of the peer, besides its psk_identity. */
    savePeer(peer: PeerCertificate | undefined): Buffer
    /** @param saved what `savePeer` gave */
    loadPeer(saved: Buffer): PeerCertificate | undefined
}
