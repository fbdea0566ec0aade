import { EMPTY, wipe } from "../bytes/bytes.js"
import { Writer } from "../bytes/writer.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { FailureReason } from "../handshake/failure.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "../handshake/question.js"
import { optionalStep, step } from "../handshake/step.js"
import { AlertDescription, HandshakeType } from "../wire/code-points.js"
import { type Extension } from "../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH } from "../wire/handshake-header.js"
import { readPskIdentity, writePskIdentity } from "../wire/psk-key-exchange.js"
import {
    type ClientExchangeContext,
    type KeyExchange,
    type KeyExchangeContext,
    type ServerExchangeContext,
} from "../handshake/key-exchange.js"

/** Length of the decoy key for unknown identities, bytes. */
const DECOY_KEY_LENGTH = 16

/**
 * Plain pre-shared keys (RFC 4279 §2).
 * @devsWhenUsed
 */
export class PskKeyExchange implements KeyExchange {
    signsMessages = false

    offers(): Extension[] {
        return []
    }

    accept(): AlertDescription {
        return AlertDescription.unsupportedExtension
    }

    beginClient(context: ClientExchangeContext): void {
        context.expect([
            optionalStep(HandshakeType.serverKeyExchange, false, true, onServerKeyExchange),
            step(HandshakeType.serverHelloDone, 0, true, onServerHelloDone),
        ])
        context.expectFinished()
    }

    isUsable(): boolean {
        return true
    }

    beginServer(context: ServerExchangeContext): void {
        context.sendServerHello([])
        const hint = context.settings.pskIdentityHint
        if (hint !== undefined) context.send(HandshakeType.serverKeyExchange, writePskIdentity(hint))
        context.endServerFlight()
        context.expect([step(HandshakeType.clientKeyExchange, 0, true, onClientKeyExchange)])
        context.expectFinished()
    }

    /** Empty: the psk_identity is saved elsewhere. */
    savePeer(): Buffer {
        return EMPTY
    }

    loadPeer(): undefined {
        return undefined
    }
}

function onServerKeyExchange(context: ClientExchangeContext, message: HandshakeMessage): void {
    const hint = readPskIdentity(bodyOf(message))
    if (hint === undefined) return context.fail(FailureReason.decodeError, AlertDescription.decodeError)
    context.kept = hint
}

function onServerHelloDone(context: ClientExchangeContext, message: HandshakeMessage): void {
    if (message.bytes.length !== HANDSHAKE_HEADER_LENGTH)
        return context.fail(FailureReason.decodeError, AlertDescription.decodeError)
    const hint = context.kept as Buffer | undefined
    context.ask({ kind: QuestionKind.clientPsk, identity: EMPTY, hint }, onClientAnswer)
}

function onClientAnswer(context: ClientExchangeContext, answer: PskAnswer | undefined): void {
    if (answer === undefined || !isUsablePsk(answer))
        return context.fail(FailureReason.noCredentials, AlertDescription.handshakeFailure)
    context.parameters.identity = answer.identity
    context.beginFlight()
    context.send(HandshakeType.clientKeyExchange, writePskIdentity(answer.identity))
    deriveKeys(context, answer.key)
    context.finishFlight()
}

function onClientKeyExchange(context: ServerExchangeContext, message: HandshakeMessage): void {
    const identity = readPskIdentity(bodyOf(message))
    if (identity === undefined) return context.fail(FailureReason.decodeError, AlertDescription.decodeError)
    context.parameters.identity = identity
    context.ask({ kind: QuestionKind.psk, identity, hint: context.settings.pskIdentityHint }, onServerAnswer)
}

/**
 * An unknown identity gets a random key, so that the peer sees the same silence as with a wrong key (RFC 4279 §2,
 * RFC 7925 §4.2). The random key is generated in every handshake, so the work is the same too.
 */
function onServerAnswer(context: ServerExchangeContext, answer: PskAnswer | undefined): void {
    const decoy = context.settings.crypto.random(DECOY_KEY_LENGTH)
    const key = answer === undefined || !isUsablePsk(answer) ? decoy : answer.key
    context.keepKey(key)
    deriveKeys(context, key)
    wipe(decoy)
}

function deriveKeys(context: KeyExchangeContext, key: Buffer): void {
    const premaster = pskPremasterSecret(key)
    context.deriveKeys(premaster)
    wipe(premaster)
}

/** N zeros and the key's N bytes, each with its length (RFC 4279 §2). */
export function pskPremasterSecret(key: Buffer): Buffer {
    const writer = new Writer(4 + key.length + key.length)
    writer.vector(Buffer.alloc(key.length), 2)
    writer.vector(key, 2)
    return writer.finish()
}
