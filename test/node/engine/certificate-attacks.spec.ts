import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { type KeyPair } from "../../../src/dtls/crypto/keys.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import {
    AuthenticationMode,
    type ClientExchangeContext,
    type ServerExchangeContext,
} from "../../../src/dtls/handshake/key-exchange.js"
import { type CertificateAnswer, QuestionKind } from "../../../src/dtls/handshake/question.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import {
    AlertDescription,
    CertificateType,
    HandshakeType,
    NamedGroup,
    SignatureScheme,
} from "../../../src/dtls/wire/code-points.js"
import { type Extension } from "../../../src/dtls/wire/extensions.js"
import { NodeKeys, NodePrivateKey } from "../../../src/platform/node/keys.js"
import { testSettings } from "../../engine/simulation.js"
import { type Answers, KeyedSimulation } from "../../engine/keyed-simulation.js"
import { RawKeySide } from "../../support/raw-key-side.js"
import { SpyCrypto } from "../../support/spy-crypto.js"

/** A side that its peer accepts. */
class Side {
    readonly publicKey: Buffer
    private readonly privateKey: KeyObject

    constructor() {
        const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
        this.privateKey = privateKey
        this.publicKey = publicKey.export({ format: "der", type: "spki" })
    }

    presents(change: Partial<NodePrivateKey> = {}): CertificateAnswer {
        const own = new NodePrivateKey(this.privateKey)
        const key = { schemes: own.schemes, sign: own.sign.bind(own), ...change }
        return { type: CertificateType.rawPublicKey, certificates: [this.publicKey], key }
    }

    answers(change: Partial<NodePrivateKey> = {}): Answers {
        return (question) => {
            if (question.kind === QuestionKind.certificate) return this.presents(change)
            if (question.kind !== QuestionKind.peerCertificate) return undefined
            return { alert: AlertDescription.none, publicKey: question.certificates[0] }
        }
    }
}

/** Key operations that send a different public share. */
class ForgedShares extends NodeKeys {
    override readonly groups: NamedGroup[]

    constructor(
        group: NamedGroup,
        private readonly share: Buffer,
    ) {
        super()
        this.groups = [group]
    }

    override async newKeyPair(group: number): Promise<KeyPair> {
        const pair = await super.newKeyPair(group)
        return { publicKey: this.share, agree: (share) => pair.agree(share), close: () => pair.close() }
    }
}

/** A client that modifies each message of its last flight with `change`. */
class ChangedFlight extends EcdheCertificateKeyExchange {
    constructor(private readonly change: (type: HandshakeType, send: () => void) => void) {
        super(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())
    }

    override beginClient(context: ClientExchangeContext, extensions: Extension[]): void {
        const send = context.send.bind(context)
        context.send = (type, body) => this.change(type, () => send(type, body))
        super.beginClient(context, extensions)
    }
}

/** A server that modifies each message of its first flight with `change`. */
class ChangedServerFlight extends EcdheCertificateKeyExchange {
    constructor(private readonly change: (type: HandshakeType, body: Buffer, send: (body: Buffer) => void) => void) {
        super(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())
    }

    override beginServer(context: ServerExchangeContext, extensions: Extension[]): void {
        const send = context.send.bind(context)
        context.send = (type, body) => this.change(type, body, (changed) => send(type, changed))
        super.beginServer(context, extensions)
    }
}

/** Modifies only the CertificateRequest, with `change`. */
function requesting(change: (body: Buffer, send: (body: Buffer) => void) => void): ChangedServerFlight {
    return new ChangedServerFlight((type, body, send) =>
        type === HandshakeType.certificateRequest ? change(body, send) : send(body),
    )
}

interface Exchanges {
    client: EcdheCertificateKeyExchange
    server: EcdheCertificateKeyExchange
}

const exchangeOf = (keys: NodeKeys): EcdheCertificateKeyExchange =>
    new EcdheCertificateKeyExchange(keys, SignatureKind.ecdsa, rawPublicKeysOnly())

function simulate(
    exchanges: Partial<Exchanges>,
    answers: { client?: Answers; server?: Answers } = {},
    mode = AuthenticationMode.none,
): KeyedSimulation {
    const crypto = new SpyCrypto()
    const client = testSettings(crypto)
    const server = testSettings(crypto)
    client.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchanges.client ?? exchangeOf(new NodeKeys()))]
    server.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchanges.server ?? exchangeOf(new NodeKeys()))]
    server.authenticationMode = mode
    const side = (): Answers => new Side().answers()
    return new KeyedSimulation(client, server, answers.client ?? side(), answers.server ?? side())
}

const onCurve = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ format: "der", type: "spki" })
    .subarray(26)
const offCurve = Buffer.from(onCurve)
offCurve[64] ^= 1

const shares: [string, NamedGroup, Buffer][] = [
    ["a point that is not on the curve", NamedGroup.secp256r1, offCurve],
    ["the point at infinity", NamedGroup.secp256r1, Buffer.from([0])],
    [
        "a compressed point",
        NamedGroup.secp256r1,
        Buffer.concat([Buffer.from([2 + (onCurve[64] & 1)]), onCurve.subarray(1, 33)]),
    ],
    ["a point that is too short", NamedGroup.secp256r1, onCurve.subarray(0, 64)],
    ["an X25519 share with an all-zero result", NamedGroup.x25519, Buffer.alloc(32)],
    ["an X25519 share of small order", NamedGroup.x25519, Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])],
]

describe("a hostile peer with ECDHE_ECDSA", () => {
    for (const [what, group, share] of shares) {
        it(`[H12] a server that signs ${what} gets illegal_parameter from the client`, async () => {
            const s = simulate({ server: exchangeOf(new ForgedShares(group, share)) })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
        })

        it(`[H12] a client that sends ${what} gets illegal_parameter from the server`, async () => {
            const s = simulate({ client: exchangeOf(new ForgedShares(group, share)) })
            await s.shakeHands(70000)
            strictEqual(s.serverAssociation().failure?.alert, AlertDescription.illegalParameter)
        })
    }

    it("[H09] a group that the client did not offer is illegal_parameter", async () => {
        const keys = new NodeKeys()
        const s = simulate({ client: exchangeOf(keys) })
        s.begin()
        // The server's choice was in the hello, but is no longer in the client's list.
        keys.groups.splice(0, keys.groups.length, NamedGroup.secp256r1)
        await s.runTo(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
    })

    it("[H09] a certificate type that the client did not offer is illegal_parameter", async () => {
        const exchange = exchangeOf(new NodeKeys())
        const s = simulate({ client: exchange })
        s.begin()
        exchange.options.peerTypes = [CertificateType.x509]
        await s.runTo(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
    })

    const signatures: [string, (side: Side) => Answers][] = [
        [
            "over other randoms",
            (side) => changing(side, (data) => Buffer.concat([Buffer.alloc(32), data.subarray(32)])),
        ],
        ["over another share", (side) => changing(side, (data) => data.subarray(0, data.length - 1))],
        ["that is empty", (side) => side.answers({ sign: () => Promise.resolve(Buffer.alloc(0)) })],
        ["that is not DER", (side) => side.answers({ sign: () => Promise.resolve(Buffer.alloc(70, 0x30)) })],
    ]
    for (const [what, answers] of signatures)
        it(`[H08] a ServerKeyExchange with a signature ${what} fails the client with decrypt_error`, async () => {
            const s = simulate({}, { server: answers(new Side()) })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.alert, AlertDescription.decryptError)
        })

    const { certificate, certificateVerify, clientKeyExchange } = HandshakeType
    const omitting =
        (omitted: HandshakeType): (() => ChangedFlight) =>
        () =>
            new ChangedFlight((type, send) => {
                if (type !== omitted) send()
            })
    const { unexpectedMessage, none } = AlertDescription
    const flights: [string, () => ChangedFlight, AlertDescription][] = [
        ["omits Certificate", omitting(certificate), unexpectedMessage],
        // After an omitted message later ones are under wrong keys, which looks like loss.
        ["omits CertificateVerify", omitting(certificateVerify), none],
        ["omits ClientKeyExchange", omitting(clientKeyExchange), unexpectedMessage],
        ["sends CertificateVerify before ClientKeyExchange", verifyFirst, unexpectedMessage],
    ]
    for (const [what, flight, alert] of flights)
        it(`[H06] a client that ${what} is never connected: its server ends with the alert ${AlertDescription[alert]}`, async () => {
            const s = simulate({ client: flight() }, {}, AuthenticationMode.required)
            await s.shakeHands(200000)
            const server = s.serverAssociation()
            strictEqual(server.phase, AssociationPhase.failed)
            strictEqual(server.parameters.complete, false)
            ok(s.client.phase !== AssociationPhase.connected)
            strictEqual(server.failure?.alert, alert)
        })

    const onlyEd25519 = new NodeKeys()
    onlyEd25519.schemes.splice(0, onlyEd25519.schemes.length, SignatureScheme.ed25519)
    const unmet: [string, EcdheCertificateKeyExchange][] = [
        ["signatures that the client cannot make", exchangeOf(onlyEd25519)],
        // The list of types: its length, then ecdsa_sign (64).
        ["a certificate type that it does not have", requesting((body, send) => send(changedByte(body, 1, RSA_SIGN)))],
    ]
    for (const [what, server] of unmet)
        it(`[H24] a request for ${what} is answered without a certificate`, async () => {
            for (const mode of [AuthenticationMode.requested, AuthenticationMode.required]) {
                const s = simulate({ server }, {}, mode)
                await s.shakeHands(70000)
                if (mode === AuthenticationMode.required)
                    strictEqual(s.serverAssociation().failure?.reason, FailureReason.certificateRequired)
                else {
                    ok(s.client.phase === AssociationPhase.connected)
                    strictEqual(s.serverAssociation().parameters.peerCertificate, undefined)
                }
            }
        })

    it("[H24] a second CertificateRequest gets unexpected_message from the client, which answers neither", async () => {
        const twice = requesting((body, send) => {
            send(body)
            send(body)
        })
        const s = simulate({ server: twice }, {}, AuthenticationMode.requested)
        await s.shakeHands(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.unexpectedMessage)
        strictEqual(s.serverAssociation().parameters.peerCertificate, undefined)
    })

    it("[H23 part] a raw public key of DTLS 1.2 is a SubjectPublicKeyInfo; a list of entries is a decode_error", async () => {
        const bodies: Buffer[] = []
        const recording = new ChangedServerFlight((type, body, send) => {
            if (type === HandshakeType.certificate) bodies.push(body)
            send(body)
        })
        const side = new RawKeySide()
        const s = simulate(
            { server: recording },
            { server: side.answers(Buffer.alloc(0)), client: new RawKeySide().answers(side.publicKey) },
        )
        await s.shakeHands(1000)
        ok(s.client.phase === AssociationPhase.connected)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(side.publicKey.length)
        deepStrictEqual(bodies, [Buffer.concat([length.subarray(1), side.publicKey])])
        // DTLS 1.3 (RFC 8446 §4.4.2): certificate_request_context, then a list of entries with extensions.
        const listed = new ChangedServerFlight((type, body, send) =>
            send(type === HandshakeType.certificate ? certificateV13(side.publicKey) : body),
        )
        const t = simulate({ server: listed }, { server: side.answers(Buffer.alloc(0)) })
        await t.shakeHands(70000)
        strictEqual(t.client.failure?.alert, AlertDescription.decodeError)
    })
})

const RSA_SIGN = 1

function changedByte(body: Buffer, at: number, value: number): Buffer {
    const changed = Buffer.from(body)
    changed[at] = value
    return changed
}

/** A Certificate message of DTLS 1.3 with one raw public key. */
function certificateV13(publicKey: Buffer): Buffer {
    const vector = (data: Buffer): Buffer => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(data.length)
        return Buffer.concat([length.subarray(1), data])
    }
    const noExtensions = Buffer.alloc(2)
    return Buffer.concat([Buffer.alloc(1), vector(Buffer.concat([vector(publicKey), noExtensions]))])
}

/** Sends ClientKeyExchange after CertificateVerify. */
function verifyFirst(): ChangedFlight {
    let waiting: (() => void) | undefined
    return new ChangedFlight((type, send) => {
        if (type === HandshakeType.clientKeyExchange) waiting = send
        else send()
        if (type === HandshakeType.certificateVerify) waiting?.()
    })
}

/** A side that signs modified data. */
function changing(side: Side, change: (data: Buffer) => Buffer): Answers {
    const own = side.presents().key
    return side.answers({ sign: (scheme, data) => own.sign(scheme, change(data)) })
}
