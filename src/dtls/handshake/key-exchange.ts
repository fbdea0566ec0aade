import { type CryptoProvider } from "../crypto/provider.js"
import { type FailureReason } from "./failure.js"
import { type Answer, type Question } from "./question.js"
import { type Step } from "./step.js"
import { type AlertDescription, type HandshakeType } from "../wire/code-points.js"

/** What key exchanges read of the settings of an association. */
export interface KeyExchangeSettings {
    crypto: CryptoProvider
    /** PSK, server: sent in ServerKeyExchange (RFC 4279 §2) */
    pskIdentityHint: Buffer | undefined
}

/** What a key exchange sees of the handshake that it serves. */
export interface KeyExchangeContext {
    settings: KeyExchangeSettings
    parameters: {
        /** PSK: the client's psk_identity */
        identity: Buffer
    }
    /** client: body of the ServerKeyExchange; undefined when the server sent none */
    serverKeyExchange: Buffer | undefined
    /** Ends the handshake; the first reason stays. */
    fail(reason: FailureReason, alert: AlertDescription): void
    /** Puts a question out; no message is processed before `onAnswer` was called. */
    ask(question: Question, onAnswer: (context: KeyExchangeContext, answer: Answer | undefined) => void): void
    /** Starts this side's next flight. */
    beginFlight(): void
    /** Adds a message to the flight. */
    send(type: HandshakeType, body: Buffer): void
    /** Everything up to and with ClientKeyExchange is in the transcript. Copies nothing: the caller wipes `premaster`. */
    deriveKeys(premaster: Buffer): void
    /** Client: ChangeCipherSpec and Finished, and the flight is ready. */
    finishFlight(): void
}

/**
 * How client and server of DTLS 1.2 come to a premaster secret (RFC 5246 §7.4.3, §7.4.7): the messages between ServerHello
 * and ChangeCipherSpec. It keeps nothing: one object serves all handshakes.
 */
export interface KeyExchange {
    /** Client: steps after ServerHello, up to and with ServerHelloDone. */
    clientSteps(): Step<KeyExchangeContext>[]
    /** Server: steps after its ServerHelloDone, before ChangeCipherSpec. */
    serverSteps(): Step<KeyExchangeContext>[]
    /** Server: sends what comes between ServerHello and ServerHelloDone. */
    sendServerMessages(context: KeyExchangeContext): void
}
