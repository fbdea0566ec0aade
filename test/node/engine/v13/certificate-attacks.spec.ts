import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { findHelloExtension } from "../../../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../../../../src/dtls/handshake/key-exchange.js"
import { serverName } from "../../../../src/dtls/handshake/server-name.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import {
    type AuthenticatedHandshake,
    type AuthenticationExtension,
} from "../../../../src/dtls/handshake/v13/authentication.js"
import { rawPublicKeysOnly } from "../../../../src/dtls/key-exchange/certificate-types.js"
import { signedContent } from "../../../../src/dtls/key-exchange/v13/certificate-verify.js"
import {
    AlertDescription,
    CertificateType,
    ContentType,
    ExtensionType,
    HandshakeType,
} from "../../../../src/dtls/wire/code-points.js"
import { writeCertificates } from "../../../../src/dtls/wire/certificate.js"
import { readCertificateRequestMessage } from "../../../../src/dtls/wire/v13/certificate.js"
import { type Extension } from "../../../../src/dtls/wire/extensions.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { KEY_SHARE } from "../../../../src/dtls/wire/v13/code-points.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { sealed } from "./after-handshake.js"
import { type Certified, certified, CertifiedSide } from "./certified.js"
import { isSettled } from "./versions.js"

const { certificate, certificateRequest, certificateVerify, finished } = HandshakeType

/** Modifies a message before it is sent; undefined: it is omitted. */
type Forgery = (type: HandshakeType, body: Buffer, h: AuthenticatedHandshake) => Buffer | undefined

function authenticationOf(settings: AssociationSettings): AuthenticationExtension {
    return findHelloExtension(settings.extensions, ExtensionType.signatureAlgorithms) as AuthenticationExtension
}

/** Modifies a side's messages from its Certificate on. */
function forging(settings: AssociationSettings, forgery: Forgery): void {
    const authentication = authenticationOf(settings)
    const { presentServer, presentClient } = authentication
    const forge = (h: AuthenticatedHandshake): void => {
        const send = h.send.bind(h)
        h.send = (type, body) => {
            const forged = forgery(type, body, h)
            if (forged !== undefined) send(type, forged)
        }
    }
    authentication.presentServer = (h) => {
        forge(h)
        presentServer.call(authentication, h)
    }
    authentication.presentClient = (h) => {
        forge(h)
        presentClient.call(authentication, h)
    }
}

/** Modifies messages of one type. */
function only(wanted: HandshakeType, change: (body: Buffer, h: AuthenticatedHandshake) => Buffer | undefined): Forgery {
    return (type, body, h) => (type === wanted ? change(body, h) : body)
}

/** A Certificate message with these certificates, each with the given extensions. */
function certificateMessage(context: number[], certificates: Buffer[], extensions: number[] = []): Buffer {
    const entries = certificates.flatMap((one) => [
        Buffer.of(0, one.length >> 8, one.length & 255),
        one,
        Buffer.of(0, extensions.length, ...extensions),
    ])
    const list = Buffer.concat(entries)
    return Buffer.concat([Buffer.of(context.length, ...context, 0, list.length >> 8, list.length & 255), list])
}

/** An empty status_request (RFC 8446 §4.4.2.1). */
const STATUS_REQUEST = [0, 5, 0, 0]

describe("certificates in DTLS 1.3: what a peer must not send", function () {
    this.timeout(60000)
    const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
    const [chain] = [server.presents().certificates]
    const known = { client: client.knows(server), server: server.knows(client) }

    async function alertOf(given: Certified): Promise<(AlertDescription | undefined)[]> {
        const s = certified(given)
        await s.shakeHands(70000)
        ok(!isSettled(s))
        return [s.client.failure?.alert, s.peer?.association.failure?.alert ?? serverAlert(s)]
    }

    const forgeries: [string, AlertDescription, Forgery][] = [
        ["no CertificateVerify", AlertDescription.unexpectedMessage, only(certificateVerify, () => undefined)],
        [
            "neither Certificate nor CertificateVerify",
            AlertDescription.unexpectedMessage,
            (type, body) => (type === certificate || type === certificateVerify ? undefined : body),
        ],
        [
            "a certificate with an unsolicited extension",
            AlertDescription.unsupportedExtension,
            only(certificate, () => certificateMessage([], chain, STATUS_REQUEST)),
        ],
        [
            "an unknown certificate_request_context",
            AlertDescription.illegalParameter,
            only(certificate, () => certificateMessage([1], chain)),
        ],
        [
            "five certificates",
            AlertDescription.badCertificate,
            only(certificate, () => certificateMessage([], [...chain, ...chain, ...chain])),
        ],
        [
            "a truncated Certificate",
            AlertDescription.decodeError,
            only(certificate, (body) => body.subarray(0, body.length - 1)),
        ],
        [
            "a Certificate with a byte after its list",
            AlertDescription.decodeError,
            only(certificate, (body) => Buffer.concat([body, Buffer.of(0)])),
        ],
        [
            "a truncated CertificateVerify",
            AlertDescription.decodeError,
            only(certificateVerify, (body) => body.subarray(0, body.length - 1)),
        ],
        [
            "a signature with an algorithm for certificates only",
            AlertDescription.illegalParameter,
            only(certificateVerify, (body) => Buffer.concat([Buffer.of(4, 1), body.subarray(2)])),
        ],
        [
            "a signature with an algorithm for another key type",
            AlertDescription.decryptError,
            only(certificateVerify, (body) => Buffer.concat([Buffer.of(8, 4), body.subarray(2)])),
        ],
        [
            "a signature of another handshake",
            AlertDescription.decryptError,
            only(certificateVerify, (body) => Buffer.concat([body.subarray(0, -1), Buffer.of(body.at(-1)! ^ 1)])),
        ],
        [
            "a Finished that does not match",
            AlertDescription.decryptError,
            only(finished, (body) => Buffer.concat([body.subarray(0, -1), Buffer.of(body.at(-1)! ^ 1)])),
        ],
    ]
    for (const [what, alert, forgery] of forgeries) {
        it(`a server sends ${what}: ${AlertDescription[alert]}`, async () => {
            const change = (_c: AssociationSettings, settings: AssociationSettings): void => forging(settings, forgery)
            deepStrictEqual(await alertOf({ ...known, change }), [alert, alert])
        })
        it(`a client sends ${what}: ${AlertDescription[alert]}`, async () => {
            const change = (settings: AssociationSettings): void => forging(settings, forgery)
            const mode = AuthenticationMode.required
            deepStrictEqual(await alertOf({ ...known, change, mode }), [alert, alert])
        })
    }

    it("a server presents no certificate: decode_error", async () => {
        const change = (_c: AssociationSettings, settings: AssociationSettings): void =>
            forging(
                settings,
                only(certificate, () => certificateMessage([], [])),
            )
        strictEqual((await alertOf({ ...known, change }))[0], AlertDescription.decodeError)
    })

    it("a CertificateRequest with an empty list of authorities cannot be read (RFC 8446 §4.2.4)", () => {
        const request = (authorities: string): Buffer => Buffer.from(`00${authorities}`, "hex")
        ok(readCertificateRequestMessage(request("0008000d000400020403")) !== undefined)
        strictEqual(readCertificateRequestMessage(request("000e000d000400020403002f00020000")), undefined)
    })

    const raw = [new CertifiedSide(false), new CertifiedSide(false)] as const
    const rawMessages: [string, Buffer][] = [
        ["two raw public keys", certificateMessage([], [raw[1].publicKey, raw[1].publicKey])],
        [
            "[H23] a raw public key as DTLS 1.2 has it, without a list",
            writeCertificates(CertificateType.rawPublicKey, [raw[1].publicKey]),
        ],
    ]
    for (const [what, message] of rawMessages)
        it(`${what}: decode_error`, async () => {
            const given: Certified = {
                client: raw[0].knows(raw[1]),
                server: raw[1].knows(raw[0]),
                clientTypes: rawPublicKeysOnly(),
                serverTypes: rawPublicKeysOnly(),
                change: (_client, settings) =>
                    forging(
                        settings,
                        only(certificate, () => message),
                    ),
            }
            strictEqual((await alertOf(given))[0], AlertDescription.decodeError)
        })

    for (const ofClient of [true, false])
        it(`the ${ofClient ? "client" : "server"} signs what only the other side may sign: decrypt_error`, async () => {
            const signer = ofClient ? client : server
            const { key } = signer.presents()
            let content: Buffer = Buffer.alloc(0)
            const answers = signer.knows(ofClient ? server : client)
            const given: Certified = {
                ...known,
                mode: AuthenticationMode.required,
                [ofClient ? "client" : "server"]: (question: Parameters<typeof answers>[0]) => {
                    const answer = answers(question)
                    if (!("key" in (answer ?? {}))) return answer
                    return { ...answer, key: { schemes: key.schemes, sign: (n: number) => key.sign(n, content) } }
                },
                change: (...sides) =>
                    forging(
                        sides[ofClient ? 0 : 1],
                        only(certificate, (body, h) => {
                            // After this message was added to the transcript.
                            const digest = h.transcript.digest.bind(h.transcript)
                            h.transcript.digest = () => {
                                content = signedContent(!ofClient, digest())
                                return digest()
                            }
                            return body
                        }),
                    ),
            }
            deepStrictEqual(await alertOf(given), [AlertDescription.decryptError, AlertDescription.decryptError])
        })

    const requests: [string, AlertDescription, Buffer][] = [
        ["without signature_algorithms", AlertDescription.missingExtension, Buffer.of(0, 0, 0)],
        ["with a context", AlertDescription.illegalParameter, Buffer.of(1, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3)],
        ["that is truncated", AlertDescription.decodeError, Buffer.of(0, 0, 8, 0, 13, 0, 4, 0, 2, 4)],
    ]
    for (const [what, alert, body] of requests)
        it(`a CertificateRequest ${what}: ${AlertDescription[alert]}`, async () => {
            const change = (_c: AssociationSettings, settings: AssociationSettings): void =>
                forging(
                    settings,
                    only(certificateRequest, () => body),
                )
            const mode = AuthenticationMode.required
            strictEqual((await alertOf({ ...known, change, mode }))[0], alert)
        })

    it("a CertificateRequest after the handshake: unexpected_message, whether or not there was one before", async () => {
        for (const mode of [AuthenticationMode.none, AuthenticationMode.required]) {
            const s = certified({ ...known, mode })
            await s.shakeHands(1000)
            ok(isSettled(s))
            const body = Buffer.of(0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3)
            const message = wholeMessage(certificateRequest, s.client.snapshot().nextSeq, body)
            s.toClient(sealed(s.serverAssociation(), ContentType.handshake, message))
            await s.runTo(2000)
            strictEqual(s.client.phase, AssociationPhase.failed)
            strictEqual(s.client.failure?.alert, AlertDescription.unexpectedMessage)
        }
    })

    const answers: [string, AlertDescription, Extension, Partial<Certified>][] = [
        [
            "server_certificate_type that was not offered at all",
            AlertDescription.unsupportedExtension,
            { type: ExtensionType.serverCertificateType, data: Buffer.of(2) },
            {},
        ],
        [
            "a certificate type that was not among those offered",
            AlertDescription.illegalParameter,
            { type: ExtensionType.serverCertificateType, data: Buffer.of(1) },
            { clientTypes: rawPublicKeysOnly() },
        ],
        [
            "two types where one is to be chosen",
            AlertDescription.decodeError,
            { type: ExtensionType.clientCertificateType, data: Buffer.of(2, 0) },
            { clientTypes: rawPublicKeysOnly() },
        ],
        [
            "signature_algorithms, which belong in hellos",
            AlertDescription.unsupportedExtension,
            { type: ExtensionType.signatureAlgorithms, data: Buffer.of(0, 2, 4, 3) },
            {},
        ],
    ]
    for (const [what, alert, extension, more] of answers)
        it(`EncryptedExtensions with ${what}: ${AlertDescription[alert]}`, async () => {
            const change = (_c: AssociationSettings, settings: AssociationSettings): void => {
                authenticationOf(settings).answers = () => [extension]
            }
            const serverTypes = more.clientTypes === undefined ? {} : { serverTypes: rawPublicKeysOnly() }
            const knownRaw = { client: raw[0].knows(raw[1]), server: raw[1].knows(raw[0]) }
            const given = { ...(more.clientTypes === undefined ? known : knownRaw), ...more, ...serverTypes, change }
            strictEqual((await alertOf(given))[0], alert)
        })

    it("X.509, which a server without the certificate type extension implies, to a client that judges raw public keys only: unsupported_certificate", async () => {
        const change = (settings: AssociationSettings): void => {
            const authentication = authenticationOf(settings)
            const offers = authentication.offers.bind(authentication)
            authentication.offers = () => offers().filter(({ type }) => type === ExtensionType.signatureAlgorithms)
        }
        const given = { ...known, clientTypes: rawPublicKeysOnly(), change }
        strictEqual((await alertOf(given))[0], AlertDescription.unsupportedCertificate)
    })

    for (const missing of [ExtensionType.signatureAlgorithms, ExtensionType.supportedGroups, KEY_SHARE])
        it(`a ClientHello without a pre-shared key and without extension ${missing}: missing_extension`, async () => {
            const change = (settings: AssociationSettings): void => {
                for (const extension of settings.extensions as AuthenticationExtension[]) {
                    const offers = extension.offers.bind(extension)
                    extension.offers = () => offers().filter(({ type }) => type !== missing)
                }
                // A hello must not be shorter than the HelloRetryRequest.
                settings.extensions.push(serverName(`${"a".repeat(63)}.example`)())
            }
            deepStrictEqual(await alertOf({ ...known, change }), [
                AlertDescription.missingExtension,
                AlertDescription.missingExtension,
            ])
        })
})

/** The alert of an association that has ended already. */
function serverAlert(s: KeyedSimulation): AlertDescription | undefined {
    return s.serverOutputs.at(-1)?.failure?.alert
}
