/*
 *  Client                                          Server
 *  ClientHello                  flight 1  ------->
 *                               flight 2  <-------  HelloVerifyRequest (optional, may repeat)
 *  ClientHello with cookie      flight 3  ------->
 *                               flight 4  <-------  ServerHello, [ServerKeyExchange], ServerHelloDone
 *  ClientKeyExchange,
 *  [ChangeCipherSpec], Finished flight 5  ------->
 *                               flight 6  <-------  [ChangeCipherSpec], Finished
 *
 * Abbreviated (RFC 5246 §7.3), after the cookie:
 *                               flight 4  <-------  ServerHello, [ChangeCipherSpec], Finished
 *  [ChangeCipherSpec], Finished flight 5  ------->
 */
import { EMPTY, equal } from "../../bytes/bytes.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import {
    AlertDescription,
    DTLS_1_2,
    EMPTY_RENEGOTIATION_INFO_SCSV,
    ExtensionType,
    HandshakeType,
} from "../../wire/code-points.js"
import { type ClientHello, writeClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension } from "../../wire/extensions.js"
import { readHelloVerifyRequest } from "../../wire/hello-verify-request.js"
import { readServerHello, type ServerHello } from "../../wire/server-hello.js"
import { FailureReason } from "../failure.js"
import { type Handshake } from "../handshake.js"
import { findHelloExtension } from "../hello-extension.js"
import { type ClientExchangeContext, type KeyExchange } from "../key-exchange.js"
import { passes, usableSuites } from "../negotiation.js"
import { type ClientResumption, type Resumption } from "../resumption.js"
import { type Role } from "../role.js"
import { type AssociationSettings } from "../settings.js"
import { optionalStep, step } from "../step.js"
import { HandshakeV12 } from "./handshake.js"
import {
    checkExtendedMasterSecret,
    checkRenegotiationInfo,
    extendedMasterSecretExtension,
    requireExtendedMasterSecret,
} from "./negotiation.js"

/** The step that processes ServerHello. */
export type HelloStep = (handshake: ClientHandshakeV12, message: HandshakeMessage) => void

/** For a role: the client's side of DTLS 1.2. */
export function newClientHandshakeV12(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
    return new ClientHandshakeV12(settings, record, firstSeq, onServerHello)
}

/**
 * The client's side of DTLS 1.2 after its first flight, a hello that also offered other versions.
 * @param hello as it was sent, without a cookie
 * @param takeHello the step for ServerHello: `onServerHello`, perhaps after a check
 */
export function continuedClientRole(hello: ClientHello, takeHello: HelloStep): Role {
    return {
        isClient: true,
        newHandshake: (settings, record, firstSeq) => {
            const handshake = new ClientHandshakeV12(settings, record, firstSeq, takeHello)
            handshake.parameters.clientRandom = hello.random
            handshake.hello = hello
            sendHello(handshake, hello)
            handshake.flightReady = false
            return handshake
        },
    }
}

/**
 * A client's handshake: these steps up to ServerHello, then those of the key exchange.
 * @devsWhenUsed
 */
export class ClientHandshakeV12 extends HandshakeV12 implements ClientExchangeContext {
    /** the hello as sent, to be repeated with a cookie */
    hello: ClientHello | undefined = undefined
    /** HelloVerifyRequests answered since the last timeout */
    cookiesFollowed = 0

    constructor(settings: AssociationSettings, record: RecordLayer, firstSeq: number, takeHello: HelloStep) {
        super(settings, true, record, firstSeq)
        this.expect([
            optionalStep(HandshakeType.helloVerifyRequest, true, false, onHelloVerifyRequest),
            step(HandshakeType.serverHello, 0, true, takeHello),
        ])
    }

    start(): void {
        sendFirstHello(this)
    }

    override onTimeout(): void {
        this.cookiesFollowed = 0
    }

    /** The suite is known: continues with its key exchange. */
    agreed(hello: ServerHello): void {
        this.extensionsAgreed()
        const resumption = this.parameters.resumption as ClientResumption | undefined
        if (resumption === undefined) this.keyExchange().beginClient(this, hello.extensions)
        else resumption.resume(this, hello)
    }

    finishFlight(): void {
        this.sendFinished()
        this.endFlight(true)
    }
}

/**
 * Cookies followed between two timeouts. A server needs one, or two if its secrets rotate; more would let an attacker
 * keep the client in a loop.
 */
const MAX_COOKIES = 8

function sendFirstHello(h: ClientHandshakeV12): void {
    h.parameters.clientRandom = h.settings.crypto.random(32)
    h.hello = firstHello(h.settings, h.parameters.clientRandom, h.parameters.resumption)
    if (h.hello === undefined) return h.fail(FailureReason.nothingInCommon, AlertDescription.none)
    sendHello(h, h.hello)
}

/**
 * The first ClientHello, without a cookie; undefined: the platform supports none of the suites.
 * @param resumption from the settings; undefined: no session is offered
 */
export function firstHello(
    settings: AssociationSettings,
    random: Buffer,
    resumption: Resumption | undefined,
): ClientHello | undefined {
    const usable = usableSuites(settings, true)
    const suites = usable.map((suite) => suite.id)
    if (suites.length === 0) return undefined
    suites.push(EMPTY_RENEGOTIATION_INFO_SCSV)
    const extensions: Extension[] = [extendedMasterSecretExtension()]
    for (const extension of settings.extensions) {
        const data = extension.offer()
        if (data !== undefined) extensions.push({ type: extension.type, data })
    }
    for (const suite of usable) offerAlso(extensions, (suite.keyExchange as KeyExchange).offers())
    return {
        version: DTLS_1_2,
        random,
        sessionId: resumption === undefined ? EMPTY : resumption.sessionId,
        cookie: EMPTY,
        cipherSuites: suites,
        compressionMethods: Buffer.from([0]),
        extensions,
    }
}

/** Adds extensions that are not there yet: suites or versions may offer the same ones. */
export function offerAlso(extensions: Extension[], offered: Extension[]): void {
    for (const extension of offered) {
        if (findExtension(extensions, extension.type) === undefined) extensions.push(extension)
    }
}

function sendHello(h: ClientHandshakeV12, hello: ClientHello): void {
    h.transcript.restart()
    h.beginFlight()
    h.send(HandshakeType.clientHello, writeClientHello(hello))
    h.endFlight(true)
}

/** Repeats the hello with the cookie (RFC 6347 §4.2.1); of several cookies the last one counts. */
function onHelloVerifyRequest(h: ClientHandshakeV12, message: HandshakeMessage): void {
    const cookie = readHelloVerifyRequest(bodyOf(message))
    // With an empty cookie the hello would be the first hello again, and the answer the same.
    if (cookie === undefined || cookie.length === 0)
        return h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    const hello = h.hello as ClientHello
    // The same cookie again is a retransmission, which needs no answer: our own timer retransmits the hello.
    if (equal(cookie, hello.cookie)) return
    if (h.cookiesFollowed >= MAX_COOKIES) return h.fail(FailureReason.badCookie, AlertDescription.none)
    h.cookiesFollowed++
    hello.cookie = cookie
    sendHello(h, hello)
}

export function onServerHello(h: ClientHandshakeV12, message: HandshakeMessage): void {
    const hello = readServerHello(bodyOf(message))
    if (hello === undefined) return h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    if (hello.version !== DTLS_1_2) return h.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
    const suites = usableSuites(h.settings, true)
    const suite = suites.find((candidate) => candidate.id === hello.cipherSuite)
    if (suite === undefined || hello.compressionMethod !== 0)
        return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const extended = findExtension(hello.extensions, ExtensionType.extendedMasterSecret) !== undefined
    const exchange = suite.keyExchange as KeyExchange
    if (!checkExtensions(h, exchange, hello) || !requireExtendedMasterSecret(h, extended)) return
    const resumption = h.parameters.resumption as ClientResumption | undefined
    if (resumption !== undefined && !resumption.check(h, hello)) return
    if (!acceptExtensions(h, hello)) return
    h.parameters.extendedMasterSecret = extended
    h.parameters.suite = suite
    h.parameters.serverRandom = hello.random
    h.transcript.choose(suite.hash, exchange.signsMessages)
    h.agreed(hello)
}

/** Every extension in the server's hello must answer one that was offered (RFC 5246 §7.4.1.4). */
function checkExtensions(h: ClientHandshakeV12, exchange: KeyExchange, hello: ServerHello): boolean {
    for (const extension of hello.extensions) {
        if (!checkExtension(h, exchange, extension.type, extension.data)) return false
    }
    return true
}

function checkExtension(h: ClientHandshakeV12, exchange: KeyExchange, type: number, data: Buffer): boolean {
    if (type === ExtensionType.extendedMasterSecret) return checkExtendedMasterSecret(h, data)
    if (type === ExtensionType.renegotiationInfo) return checkRenegotiationInfo(h, data)
    const offered = findHelloExtension(h.settings.extensions, type)
    if (offered !== undefined && offered.offer() !== undefined) return true
    return passes(h, exchange.accept(h, type, data))
}

/** Comes last of the checks that may fail, because extensions keep what they accept. */
function acceptExtensions(h: ClientHandshakeV12, hello: ServerHello): boolean {
    for (const extension of h.settings.extensions) {
        const data = findExtension(hello.extensions, extension.type)
        if (data !== undefined && !passes(h, extension.accept(data, hello.extensions))) return false
    }
    return true
}
