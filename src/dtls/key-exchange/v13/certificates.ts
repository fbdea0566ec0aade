import { EMPTY } from "../../bytes/bytes.js"
import { type KeyOperations } from "../../crypto/keys.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { FailureReason } from "../../handshake/failure.js"
import { type HelloExtension } from "../../handshake/hello-extension.js"
import { HelloExtensionV13 } from "../../handshake/v13/hello-extension.js"
import { AuthenticationMode } from "../../handshake/key-exchange.js"
import { type CertificateAnswer, type PeerCertificate, QuestionKind } from "../../handshake/question.js"
import { type Step, step } from "../../handshake/step.js"
import { type AuthenticatedHandshake, type AuthenticationExtension } from "../../handshake/v13/authentication.js"
import { type KeyShareExtension } from "../../handshake/v13/key-share-extension.js"
import { AlertDescription, CertificateType, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { type Extension, findExtension } from "../../wire/extensions.js"
import { readNumberList, writeNumberList } from "../../wire/number-list.js"
import { hostNameOf } from "../../wire/server-name.js"
import {
    type CertificateRequestMessage,
    readCertificateMessage,
    readCertificateRequestMessage,
    writeCertificateMessage,
    writeCertificateRequestMessage,
} from "../../wire/v13/certificate.js"
import { HANDSHAKE_EPOCH, PSK_DHE_KE, PSK_KE, PSK_KEY_EXCHANGE_MODES } from "../../wire/v13/code-points.js"
import { offersMode } from "../../wire/v13/extensions.js"
import {
    askWhether,
    askWhoSigned,
    illegal,
    isPresentable,
    presented,
    readCertificateVerify,
    sendCertificateVerify,
    unreadable,
} from "../certificate-messages.js"
import { answerType, type CertificateOptions, chosenType, offeredTypes, offerTypes } from "../certificate-types.js"
import { firstCommon } from "../ecdhe.js"
import { readSavedPeer, writeSavedPeer } from "../saved-peer.js"
import { isHandshakeScheme, signedContent } from "./certificate-verify.js"

/**
 * For `DtlsSettings.extensions`, together with `keyShares`: certificates and raw public keys in DTLS 1.3.
 * @param options which types of certificates this side presents and verifies
 */
export function certificates(
    keys: KeyOperations,
    options: CertificateOptions,
): (crypto: CryptoProvider) => HelloExtension {
    return () => new CertificateAuthentication(keys, options)
}

/** @devsWhenUsed */
class CertificateAuthentication extends HelloExtensionV13 implements AuthenticationExtension {
    /** SignatureSchemes of CertificateVerify that this side can verify */
    private schemes: number[]
    /** this side's CertificateType, and the peer's */
    private ownType = CertificateType.x509 as number
    private peerType = CertificateType.x509 as number
    /** what this side presents; undefined: nothing */
    private own: CertificateAnswer | undefined
    /** scheme of `own`'s signature */
    private scheme = 0
    /** the peer's SubjectPublicKeyInfo, once it is accepted */
    private publicKey = EMPTY
    /** client: the server's request, to be answered */
    private request: CertificateRequestMessage | undefined
    /** server: the client's certificate is requested */
    private wantsClient = false
    /** server: see `answers` */
    private chosen: Extension[] = []

    constructor(
        private keys: KeyOperations,
        private options: CertificateOptions,
    ) {
        super(ExtensionType.signatureAlgorithms)
        this.schemes = keys.schemes.filter(isHandshakeScheme)
    }

    // Client

    offers(): Extension[] {
        const { keys, options, type } = this
        const list: Extension[] = [{ type, data: writeNumberList(keys.schemes, 2, 2) }]
        offerTypes(list, ExtensionType.clientCertificateType, options.ownTypes)
        offerTypes(list, ExtensionType.serverCertificateType, options.peerTypes)
        return list
    }

    isAnswerable(type: number): boolean {
        const isOffered = findExtension(this.offers(), type) !== undefined
        return isOffered && type !== ExtensionType.signatureAlgorithms
    }

    acceptAnswers(answers: Extension[]): AlertDescription {
        for (const answer of answers) {
            if (this.isAnswerable(answer.type) && answer.data.length !== 1) return AlertDescription.decodeError
        }
        this.ownType = chosenType(answers, ExtensionType.clientCertificateType)
        this.peerType = chosenType(answers, ExtensionType.serverCertificateType)
        const { ownTypes, peerTypes } = this.options
        const areOffered =
            isAmong(ownTypes, findExtension(answers, ExtensionType.clientCertificateType)) &&
            isAmong(peerTypes, findExtension(answers, ExtensionType.serverCertificateType))
        return areOffered ? AlertDescription.none : AlertDescription.illegalParameter
    }

    expectServer(h: AuthenticatedHandshake): void {
        const self = this
        const request: Step<AuthenticatedHandshake> = step(
            HandshakeType.certificateRequest,
            HANDSHAKE_EPOCH,
            true,
            (context, message) => self.takeRequest(context, message),
        )
        request.optional = true
        h.expectBefore(1, request)
        this.expectPeer(h)
        this.expectProof(h)
    }

    private takeRequest(h: AuthenticatedHandshake, message: HandshakeMessage): void {
        const request = readCertificateRequestMessage(bodyOf(message))
        if (request === undefined) return unreadable(h)
        if (request.schemes === undefined)
            return h.fail(FailureReason.illegalParameter, AlertDescription.missingExtension)
        // Only a request after the handshake has a context (RFC 8446 §4.3.2).
        if (request.context.length > 0) return illegal(h)
        this.request = request
    }

    presentClient(h: AuthenticatedHandshake): void {
        const { request } = this
        if (request === undefined) return h.onPresented()
        const self = this
        const schemes = (request.schemes as number[]).filter(isHandshakeScheme)
        const { authorities } = request
        const kind = QuestionKind.certificate as const
        h.ask(
            { kind, types: [this.ownType], schemes, serverName: undefined, authorities },
            (context: AuthenticatedHandshake, answer) => self.takeClientCredentials(context, schemes, answer),
        )
    }

    /** If there is no suitable certificate, none is sent, and the server decides (RFC 8446 §4.4.2). */
    private takeClientCredentials(
        h: AuthenticatedHandshake,
        schemes: number[],
        answer: CertificateAnswer | undefined,
    ): void {
        const { context } = this.request as CertificateRequestMessage
        if (this.takeOwn(h, [this.ownType], schemes, answer)) this.present(h, context)
        else {
            h.send(HandshakeType.certificate, writeCertificateMessage(context, []))
            h.onPresented()
        }
    }

    // Server

    replacesKeys(extensions: Extension[], shares: KeyShareExtension | undefined): boolean {
        const modes = findExtension(extensions, PSK_KEY_EXCHANGE_MODES)
        if (modes === undefined || shares === undefined || findExtension(extensions, this.type) === undefined)
            return false
        return !offersMode(modes, PSK_DHE_KE) && (shares.required || !offersMode(modes, PSK_KE))
    }

    choose(h: AuthenticatedHandshake, extensions: Extension[]): void {
        const self = this
        const data = findExtension(extensions, ExtensionType.signatureAlgorithms)
        const offered = data === undefined ? undefined : readNumberList(data, 2, 2)
        const serverName = hostNameOf(extensions)
        const hasName = findExtension(extensions, ExtensionType.serverName) !== undefined
        if (offered === undefined || (hasName && serverName === undefined)) return unreadable(h)
        const types = offeredTypes(extensions, ExtensionType.serverCertificateType)
        const schemes = offered.filter(isHandshakeScheme)
        const authorities: Buffer[] = []
        h.ask(
            { kind: QuestionKind.certificate as const, types, schemes, serverName, authorities },
            (context: AuthenticatedHandshake, answer) => {
                const isChosen = self.takeOwn(context, types, schemes, answer)
                if (isChosen && self.chooseClientType(context, extensions)) self.prepareAnswers(context, extensions)
                else if (!isChosen) context.fail(FailureReason.noCredentials, AlertDescription.handshakeFailure)
            },
        )
    }

    /** @returns false if the handshake has failed */
    private chooseClientType(h: AuthenticatedHandshake, extensions: Extension[]): boolean {
        const mode = h.settings.authenticationMode
        if (mode === AuthenticationMode.none) return true
        const offered = offeredTypes(extensions, ExtensionType.clientCertificateType)
        const type = firstCommon(this.options.peerTypes, offered)
        if (type !== undefined) {
            this.wantsClient = true
            this.peerType = type
        } else if (mode === AuthenticationMode.required) {
            h.fail(FailureReason.nothingInCommon, AlertDescription.unsupportedCertificate)
            return false
        }
        return true
    }

    private prepareAnswers(h: AuthenticatedHandshake, extensions: Extension[]): void {
        const { chosen } = this
        // The name was used to choose the certificate, so it is confirmed (RFC 6066 §3).
        if (findExtension(extensions, ExtensionType.serverName) !== undefined)
            chosen.push({ type: ExtensionType.serverName, data: EMPTY })
        answerType(chosen, extensions, ExtensionType.serverCertificateType, this.ownType)
        if (this.wantsClient) answerType(chosen, extensions, ExtensionType.clientCertificateType, this.peerType)
        h.onCredentials()
    }

    answers(): Extension[] {
        return this.chosen
    }

    presentServer(h: AuthenticatedHandshake): void {
        if (this.wantsClient) {
            const request = writeCertificateRequestMessage(this.keys.schemes, this.options.authorities)
            h.send(HandshakeType.certificateRequest, request)
            this.expectPeer(h)
        }
        this.present(h, EMPTY)
    }

    // Both

    savePeer(peer: PeerCertificate | undefined): Buffer {
        return writeSavedPeer(peer)
    }

    loadPeer(saved: Buffer): PeerCertificate | undefined {
        return readSavedPeer(saved)
    }

    /** @returns false: the peer could not verify it */
    private takeOwn(
        h: AuthenticatedHandshake,
        types: number[],
        schemes: number[],
        answer: CertificateAnswer | undefined,
    ): boolean {
        if (answer === undefined || !isPresentable(answer, types)) return false
        const scheme = firstCommon(schemes, answer.key.schemes)
        if (scheme === undefined) return false
        this.own = answer
        this.ownType = answer.type
        this.scheme = scheme
        h.parameters.ownCertificate = presented(answer)
        return true
    }

    private present(h: AuthenticatedHandshake, requestContext: Buffer): void {
        const { certificates: chain, key } = this.own as CertificateAnswer
        h.send(HandshakeType.certificate, writeCertificateMessage(requestContext, chain))
        const content = signedContent(h.isClient, h.transcript.digest())
        sendCertificateVerify(h, key, this.scheme, content, (context: AuthenticatedHandshake) => context.onPresented())
    }

    private expectPeer(h: AuthenticatedHandshake): void {
        const self = this
        const run = (context: AuthenticatedHandshake, message: HandshakeMessage): void =>
            self.takeCertificate(context, message)
        h.expectBefore(1, step(HandshakeType.certificate, HANDSHAKE_EPOCH, true, run))
    }

    private expectProof(h: AuthenticatedHandshake): void {
        const self = this
        const run = (context: AuthenticatedHandshake, message: HandshakeMessage): void =>
            self.takeProof(context, message)
        h.expectBefore(1, step(HandshakeType.certificateVerify, HANDSHAKE_EPOCH, true, run))
    }

    private takeCertificate(h: AuthenticatedHandshake, message: HandshakeMessage): void {
        const self = this
        const { peerType } = this
        // RFC 7250 §4.2: without an answer the type is X.509, which this side may be unable to verify.
        if (this.options.peerTypes.indexOf(peerType) < 0)
            return h.fail(FailureReason.certificateRefused, AlertDescription.unsupportedCertificate)
        const read = readCertificateMessage(bodyOf(message), peerType)
        if (read === undefined) return unreadable(h)
        if (read.context.length > 0) return illegal(h)
        // No certificate extensions were offered or requested (RFC 8446 §4.4.2).
        if (read.hasExtensions) return h.fail(FailureReason.illegalParameter, AlertDescription.unsupportedExtension)
        if (read.certificates.length === 0) return this.takeNoCertificate(h)
        askWhether(h, message, peerType, read.certificates, (context: AuthenticatedHandshake, publicKey) => {
            self.publicKey = publicKey
            if (!context.isClient) self.expectProof(context)
        })
    }

    private takeNoCertificate(h: AuthenticatedHandshake): void {
        // A server must present a certificate (RFC 8446 §4.4.2.4).
        if (h.isClient) return unreadable(h)
        if (h.settings.authenticationMode === AuthenticationMode.required)
            h.fail(FailureReason.certificateRequired, AlertDescription.certificateRequired)
    }

    private takeProof(h: AuthenticatedHandshake, message: HandshakeMessage): void {
        const signed = readCertificateVerify(message)
        if (signed === undefined) return unreadable(h)
        if (this.schemes.indexOf(signed.scheme) < 0) return illegal(h)
        const content = signedContent(!h.isClient, h.transcript.digest())
        askWhoSigned(h, message, this.keys, this.publicKey, content, signed, undefined)
    }
}

/** Whether the server selected no type, or one that was offered. */
function isAmong(types: number[], chosen: Buffer | undefined): boolean {
    return chosen === undefined || types.indexOf(chosen[0]) >= 0
}
