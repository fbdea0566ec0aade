import { EMPTY, wipe } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type Agreement, type KeyOperations, type KeyPair } from "../crypto/keys.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { FailureReason } from "../handshake/failure.js"
import {
    type ClientExchangeContext,
    type KeyExchange,
    type KeyExchangeContext,
    type ServerExchangeContext,
} from "../handshake/key-exchange.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "../handshake/question.js"
import { step } from "../handshake/step.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../wire/code-points.js"
import { type EcdhParameters, readEcdhParameters, writeEcdhParameters } from "../wire/ecdhe-key-exchange.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH } from "../wire/handshake-header.js"
import {
    agree,
    allowsUncompressed,
    answeredFormats,
    finishAgreement,
    offeredGroups,
    readShare,
    selectGroup,
    writeShare,
} from "./ecdhe.js"

/** Length of the decoy key for unknown identities, bytes. */
const DECOY_KEY_LENGTH = 16

/** A client's state between ServerKeyExchange and its own flight. */
interface ClientKept {
    hint: Buffer
    parameters: EcdhParameters
    /** the application's answer, once there is one */
    psk: PskAnswer | undefined
}

/** A server's state from its first flight on. */
interface ServerKept {
    pair: KeyPair
    /** the client's share */
    share: Buffer
    psk: PskAnswer | undefined
}

/**
 * Pre-shared keys with forward secrecy (RFC 5489, RFC 8442): a key that leaks later does not reveal earlier sessions.
 * @devsWhenUsed
 */
export class EcdhePskKeyExchange implements KeyExchange {
    signsMessages = false

    constructor(public keys: KeyOperations) {}

    offers(): Extension[] {
        return offeredGroups(this.keys)
    }

    accept(_context: ClientExchangeContext, type: number, data: Buffer): AlertDescription {
        if (type !== ExtensionType.ecPointFormats) return AlertDescription.unsupportedExtension
        return allowsUncompressed(data) ? AlertDescription.none : AlertDescription.illegalParameter
    }

    beginClient(context: ClientExchangeContext): void {
        const { keys } = this
        context.expect([
            step(HandshakeType.serverKeyExchange, 0, true, (h: ClientExchangeContext, message) =>
                onServerKeyExchange(h, message, keys),
            ),
            step(HandshakeType.serverHelloDone, 0, true, (h: ClientExchangeContext, message) =>
                onServerHelloDone(h, message, keys),
            ),
        ])
        context.expectFinished()
    }

    isUsable(extensions: Extension[]): boolean {
        const formats = findExtension(extensions, ExtensionType.ecPointFormats)
        return selectGroup(this.keys, extensions) !== undefined && allowsUncompressed(formats)
    }

    beginServer(context: ServerExchangeContext, extensions: Extension[]): void {
        const { keys } = this
        const group = selectGroup(keys, extensions) as number
        const perform = async (): Promise<KeyPair | undefined> => await keys.newKeyPair(group)
        context.ask({ kind: QuestionKind.operation, perform }, (h: ServerExchangeContext, pair) =>
            sendServerFlight(h, group, extensions, pair),
        )
    }

    /** Empty: the psk_identity is saved elsewhere. */
    savePeer(): Buffer {
        return EMPTY
    }

    loadPeer(): undefined {
        return undefined
    }
}

function failHere(context: KeyExchangeContext): void {
    context.fail(FailureReason.internalError, AlertDescription.internalError)
}

function unreadable(context: KeyExchangeContext): void {
    context.fail(FailureReason.decodeError, AlertDescription.decodeError)
}

// Client

function onServerKeyExchange(h: ClientExchangeContext, message: HandshakeMessage, keys: KeyOperations): void {
    const body = bodyOf(message)
    const reader = new Reader(body, 0, body.length)
    const hint = reader.vector(2)
    const parameters = readEcdhParameters(reader)
    if (parameters === undefined || !reader.done()) return unreadable(h)
    if (keys.groups.indexOf(parameters.group) < 0)
        return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const kept: ClientKept = { hint, parameters, psk: undefined }
    h.kept = kept
}

function onServerHelloDone(h: ClientExchangeContext, message: HandshakeMessage, keys: KeyOperations): void {
    if (message.bytes.length !== HANDSHAKE_HEADER_LENGTH) return unreadable(h)
    const { hint } = h.kept as ClientKept
    // An empty hint counts as none, because this ServerKeyExchange always has the field (RFC 5489 §2).
    const question = {
        kind: QuestionKind.clientPsk as const,
        identity: EMPTY,
        hint: hint.length > 0 ? hint : undefined,
    }
    h.ask(question, (context: ClientExchangeContext, answer) => onClientPsk(context, answer, keys))
}

function onClientPsk(h: ClientExchangeContext, answer: PskAnswer | undefined, keys: KeyOperations): void {
    if (answer === undefined || !isUsablePsk(answer))
        return h.fail(FailureReason.noCredentials, AlertDescription.handshakeFailure)
    const kept = h.kept as ClientKept
    kept.psk = answer
    const { group, share } = kept.parameters
    const perform = async (): Promise<Agreement | undefined> => await agree(keys, group, share)
    h.ask({ kind: QuestionKind.operation, perform }, sendClientFlight)
}

function sendClientFlight(h: ClientExchangeContext, agreement: Agreement | undefined): void {
    if (agreement === undefined) return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const { identity, key } = (h.kept as ClientKept).psk as PskAnswer
    h.kept = undefined
    h.parameters.identity = identity
    h.beginFlight()
    const writer = new Writer(3 + identity.length + agreement.share.length)
    writer.vector(identity, 2)
    writeShare(writer, agreement.share)
    h.send(HandshakeType.clientKeyExchange, writer.finish())
    deriveKeys(h, agreement.secret, key)
    h.finishFlight()
}

// Server

function sendServerFlight(
    h: ServerExchangeContext,
    group: number,
    extensions: Extension[],
    pair: KeyPair | undefined,
): void {
    if (pair === undefined) return failHere(h)
    const kept: ServerKept = { pair, share: EMPTY, psk: undefined }
    h.kept = kept
    h.sendServerHello(answeredFormats(extensions))
    const writer = new Writer(80)
    writer.vector(h.settings.pskIdentityHint ?? EMPTY, 2)
    writeEcdhParameters(writer, { group, share: pair.publicKey })
    h.send(HandshakeType.serverKeyExchange, writer.finish())
    h.endServerFlight()
    h.expect([step(HandshakeType.clientKeyExchange, 0, true, onClientKeyExchange)])
    h.expectFinished()
}

function onClientKeyExchange(h: ServerExchangeContext, message: HandshakeMessage): void {
    const body = bodyOf(message)
    const reader = new Reader(body, 0, body.length)
    const identity = reader.vector(2)
    const share = readShare(reader)
    if (share === undefined) return unreadable(h)
    const kept = h.kept as ServerKept
    kept.share = share
    h.parameters.identity = identity
    h.ask({ kind: QuestionKind.psk, identity, hint: h.settings.pskIdentityHint }, onServerPsk)
}

function onServerPsk(h: ServerExchangeContext, answer: PskAnswer | undefined): void {
    const kept = h.kept as ServerKept
    kept.psk = answer !== undefined && isUsablePsk(answer) ? answer : undefined
    const { pair, share } = kept
    const perform = async (): Promise<Agreement | undefined> => await finishAgreement(pair, share)
    h.ask({ kind: QuestionKind.operation, perform }, onAgreed)
}

/**
 * An unknown identity gets a random key, so that the peer sees the same silence and the same work as with a wrong key
 * (RFC 4279 §2).
 */
function onAgreed(h: ServerExchangeContext, agreement: Agreement | undefined): void {
    if (agreement === undefined) return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const { psk } = h.kept as ServerKept
    h.kept = undefined
    const decoy = h.settings.crypto.random(DECOY_KEY_LENGTH)
    const key = psk === undefined ? decoy : psk.key
    h.keepKey(key)
    deriveKeys(h, agreement.secret, key)
    wipe(decoy)
}

/** The premaster secret: the shared secret, then the key, each with its length (RFC 5489 §2). */
function deriveKeys(h: KeyExchangeContext, secret: Buffer, key: Buffer): void {
    const writer = new Writer(4 + secret.length + key.length)
    writer.vector(secret, 2)
    writer.vector(key, 2)
    const premaster = writer.finish()
    h.deriveKeys(premaster)
    wipe(premaster)
    wipe(secret)
}
