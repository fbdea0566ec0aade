/*
 *  Client                                Server
 *  ClientHello, PSK and binder  ------->
 *                               <-------  ServerHello, {EncryptedExtensions}, {Finished}
 *  {Finished}                   ------->
 */
import { blit, EMPTY } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type Outbox } from "../../flight/outbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, DTLS_1_2, HandshakeType } from "../../wire/code-points.js"
import { writeClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension, readExtensions } from "../../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage } from "../../wire/handshake-header.js"
import { readServerHello } from "../../wire/server-hello.js"
import {
    DTLS_1_3,
    ENCRYPTED_EXTENSIONS,
    HANDSHAKE_EPOCH,
    PRE_SHARED_KEY,
    SUPPORTED_VERSIONS,
} from "../../wire/v13/code-points.js"
import { offeredModes, offeredPsk, offeredVersions } from "../../wire/v13/extensions.js"
import { FailureReason } from "../failure.js"
import { findHelloExtension } from "../hello-extension.js"
import { passes, usableSuites } from "../negotiation.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "../question.js"
import { type Role } from "../role.js"
import { type AssociationSettings } from "../settings.js"
import { step } from "../step.js"
import { HandshakeV13 } from "./handshake.js"

/** The client's side of DTLS 1.3. */
export function clientRole(): Role {
    return {
        isClient: true,
        newHandshake: (settings, record, outbox) => new ClientHandshakeV13(settings, record, outbox),
    }
}

/** @devsWhenUsed */
class ClientHandshakeV13 extends HandshakeV13 {
    constructor(settings: AssociationSettings, record: RecordLayer, outbox: Outbox) {
        super(settings, true, record, outbox)
        this.expect([
            step(HandshakeType.serverHello, 0, false, onServerHello),
            step(ENCRYPTED_EXTENSIONS, HANDSHAKE_EPOCH, true, onEncryptedExtensions),
            step(HandshakeType.finished, HANDSHAKE_EPOCH, false, onFinished),
        ])
    }

    /** The hello is bound to the key, so the key is asked for first. */
    start(): void {
        this.ask({ kind: QuestionKind.clientPsk, identity: EMPTY, hint: undefined }, onAnswer)
    }

    sendHello(identity: Buffer, key: Buffer): void {
        const suite = usableSuites(this.settings, false)[0]
        if (suite === undefined) return this.fail(FailureReason.nothingInCommon, AlertDescription.none)
        this.chooseSuite(suite)
        this.enterEarlyStage(key)
        this.parameters.identity = identity
        this.parameters.clientRandom = this.settings.crypto.random(32)
        const body = writeClientHello({
            version: DTLS_1_2,
            random: this.parameters.clientRandom,
            sessionId: EMPTY,
            cookie: EMPTY,
            cipherSuites: [suite.id],
            compressionMethods: Buffer.from([0]),
            extensions: this.extensions(identity, suite.hash.length),
        })
        const binder = this.binder(wholeMessage(HandshakeType.clientHello, 0, body))
        blit(body, body.length - binder.length, binder, 0, binder.length)
        this.beginFlight()
        this.send(HandshakeType.clientHello, body)
        this.endFlight(true)
    }

    private extensions(identity: Buffer, binderLength: number): Extension[] {
        const extensions = [offeredVersions(), offeredModes()]
        for (const extension of this.settings.extensions) {
            const data = extension.offer()
            if (data !== undefined) extensions.push({ type: extension.type, data })
        }
        extensions.push(offeredPsk(identity, binderLength))
        return extensions
    }

    takeServerHello(message: HandshakeMessage): void {
        const hello = readServerHello(bodyOf(message))
        if (hello === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        const version = findExtension(hello.extensions, SUPPORTED_VERSIONS)
        const psk = findExtension(hello.extensions, PRE_SHARED_KEY)
        if (version === undefined || version.length !== 2 || version[0] * 256 + version[1] !== DTLS_1_3)
            return this.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
        const { suite } = this.parameters
        const chosen = suite !== undefined && hello.cipherSuite === suite.id && hello.compressionMethod === 0
        if (!chosen || psk === undefined || psk.length !== 2 || psk[0] + psk[1] !== 0)
            return this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        this.parameters.serverRandom = hello.random
        this.transcript.add(message.bytes)
        this.enterHandshakeStage()
        this.activateRead(HANDSHAKE_EPOCH)
    }

    takeEncryptedExtensions(message: HandshakeMessage): void {
        const { bytes } = message
        const list = readExtensions(new Reader(bytes, HANDSHAKE_HEADER_LENGTH, bytes.length))
        if (list === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        for (const extension of list) {
            const offered = findHelloExtension(this.settings.extensions, extension.type)
            if (offered === undefined)
                return this.fail(FailureReason.illegalParameter, AlertDescription.unsupportedExtension)
            if (!passes(this, offered.accept(extension.data))) return
        }
    }

    takeFinished(message: HandshakeMessage): void {
        if (!this.checkFinished(message)) return
        this.transcript.add(message.bytes)
        const hash = this.transcript.digest()
        this.enterMainStage(hash)
        this.beginFlight()
        this.activateWrite(HANDSHAKE_EPOCH)
        this.sendFinished()
        this.endFlight(false)
        this.activateApplicationKeys(hash)
        this.finish()
    }
}

function onAnswer(h: ClientHandshakeV13, answer: PskAnswer | undefined): void {
    if (answer === undefined || !isUsablePsk(answer))
        return h.fail(FailureReason.noCredentials, AlertDescription.handshakeFailure)
    h.sendHello(answer.identity, answer.key)
}

function onServerHello(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeServerHello(message)
}

function onEncryptedExtensions(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeEncryptedExtensions(message)
}

function onFinished(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeFinished(message)
}
