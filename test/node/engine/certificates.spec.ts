import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { QuestionKind } from "../../../src/dtls/handshake/question.js"
import { serverName } from "../../../src/dtls/handshake/server-name.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import {
    type CertificateOptions,
    rawPublicKeysOnly,
    SignatureKind,
} from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { EcdhePskKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 } from "../../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { AlertDescription, CertificateType } from "../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { IDENTITY, testKey, testSettings } from "../../engine/simulation.js"
import { type Answers, KeyedSimulation } from "../../engine/keyed-simulation.js"
import { RawKeySide } from "../../support/raw-key-side.js"
import { seededRandom, SpyCrypto } from "../../support/spy-crypto.js"

const keys = new NodeKeys()

type Change = (client: AssociationSettings, server: AssociationSettings) => void

function simulate(
    clientAnswers: Answers,
    serverAnswers: Answers,
    change?: Change,
    options: CertificateOptions = rawPublicKeysOnly(),
): KeyedSimulation {
    const exchange = new EcdheCertificateKeyExchange(keys, SignatureKind.ecdsa, options)
    const crypto = new SpyCrypto()
    const client = testSettings(crypto)
    const server = testSettings(crypto)
    client.suites = server.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
    change?.(client, server)
    return new KeyedSimulation(client, server, clientAnswers, serverAnswers)
}

const mutual: Change = (_client, server) => (server.authenticationMode = AuthenticationMode.required)

function isConnected(s: KeyedSimulation): boolean {
    return s.client.phase === AssociationPhase.connected && s.serverAssociation().phase === AssociationPhase.connected
}

/** Both sides are connected, and a message crosses in each direction. */
function exchangesMessages(s: KeyedSimulation): void {
    strictEqual(s.client.failure, undefined, JSON.stringify(s.client.failure))
    ok(isConnected(s), `${s.client.phase}, ${s.serverAssociation().phase}`)
    s.clientSends("up")
    s.serverSends("down")
    s.run(s.now + 20)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
}

describe("ECDHE_ECDSA", function () {
    // Key pairs are made by threads, which wait for their turn on a busy computer.
    this.timeout(120000)

    const client = new RawKeySide()
    const server = new RawKeySide()
    const unknownParty = new RawKeySide()

    it("a client believes the server that signs with the key it knows, and both agree on keys", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey))
        await s.shakeHands(1000)
        exchangesMessages(s)
        deepStrictEqual(s.client.parameters.peerCertificate?.certificates, [server.publicKey])
        strictEqual(s.serverAssociation().parameters.peerCertificate, undefined)
    })

    it("a server that requires it learns the client's key, which signs the handshake", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), mutual)
        await s.shakeHands(1000)
        exchangesMessages(s)
        deepStrictEqual(s.serverAssociation().parameters.peerCertificate?.certificates, [client.publicKey])
    })

    it("a server that requests it serves a client that has none, one that requires it says handshake_failure", async () => {
        const without: Answers = (question) =>
            question.kind === QuestionKind.certificate ? undefined : client.answers(server.publicKey)(question)
        for (const mode of [AuthenticationMode.requested, AuthenticationMode.required]) {
            const s = simulate(without, server.answers(client.publicKey), (_c, settings) => {
                settings.authenticationMode = mode
            })
            await s.shakeHands(70000)
            if (mode === AuthenticationMode.requested) exchangesMessages(s)
            else {
                strictEqual(s.serverAssociation().failure?.reason, FailureReason.certificateRequired)
                strictEqual(s.client.failure?.alert, AlertDescription.handshakeFailure)
            }
        }
    })

    it("an unknown server key ends the client with unknown_ca at its next timer; an unknown client key ends the server", async () => {
        const s = simulate(client.answers(unknownParty.publicKey), server.answers(client.publicKey))
        await s.shakeHands(70000)
        deepStrictEqual(
            [s.client.failure?.reason, s.client.failure?.alert],
            [FailureReason.certificateRefused, AlertDescription.unknownCa],
        )
        const t = simulate(client.answers(server.publicKey), server.answers(unknownParty.publicKey), mutual)
        await t.shakeHands(70000)
        strictEqual(t.serverAssociation().failure?.reason, FailureReason.certificateRefused)
    })

    it("a forged certificate that comes first does not keep out the true one", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey))
        let forged = 0
        s.fault = (_index, toServer, data) => {
            const at = data.indexOf(server.publicKey)
            if (!toServer && at >= 0 && forged++ === 0) {
                const other = Buffer.from(data)
                unknownParty.publicKey.copy(other, at)
                s.toClient(other)
            }
            return [5]
        }
        await s.shakeHands(1000)
        strictEqual(forged, 1)
        exchangesMessages(s)
    })

    it("a key that was refused is not judged again when the message comes again", async () => {
        const s = simulate(client.answers(unknownParty.publicKey), server.answers(client.publicKey))
        s.fault = () => [5, 300]
        await s.shakeHands(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.unknownCa)
        strictEqual(s.asked.filter((kind) => kind === QuestionKind.peerCertificate).length, 1)
    })

    it("a signature scheme that was not offered is an illegal_parameter", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey))
        s.fault = (_index, toServer, data) => {
            // ecdsa_secp256r1_sha256, and the length of a signature, which begins as a SEQUENCE.
            const at = data.toString("latin1").search(/\x04\x03\x00[\x44-\x48]\x30/)
            if (toServer || at < 0) return [5]
            const other = Buffer.from(data)
            other[at] = 2
            s.toClient(other)
            return []
        }
        await s.shakeHands(70000)
        deepStrictEqual(
            [s.client.failure?.reason, s.client.failure?.alert],
            [FailureReason.illegalParameter, AlertDescription.illegalParameter],
        )
    })

    it("a signature by another key than the one presented ends the client with decrypt_error", async () => {
        const impersonator: Answers = (question) =>
            question.kind === QuestionKind.certificate
                ? { ...unknownParty.presents(), certificates: [server.publicKey] }
                : server.answers(client.publicKey)(question)
        const s = simulate(client.answers(server.publicKey), impersonator)
        await s.shakeHands(70000)
        deepStrictEqual(
            [s.client.failure?.reason, s.client.failure?.alert],
            [FailureReason.badSignature, AlertDescription.decryptError],
        )
    })

    it("a client that signs with another key than it presents ends the server", async () => {
        const impersonator: Answers = (question) =>
            question.kind === QuestionKind.certificate
                ? { ...unknownParty.presents(), certificates: [client.publicKey] }
                : client.answers(server.publicKey)(question)
        const s = simulate(impersonator, server.answers(client.publicKey), mutual)
        await s.shakeHands(70000)
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.badSignature)
    })

    it("the server hears which host name the client asks for, and says that it has used it", async () => {
        let asked: string | undefined
        let acknowledged = false
        const listening: Answers = (question) => {
            if (question.kind === QuestionKind.certificate) asked = question.serverName
            return server.answers(client.publicKey)(question)
        }
        const s = simulate(client.answers(server.publicKey), listening, (settings) => {
            const extension = serverName("sensors.example")()
            extension.accept = (data) => {
                acknowledged = data.length === 0
                return AlertDescription.none
            }
            settings.extensions = [extension]
        })
        await s.shakeHands(1000)
        exchangesMessages(s)
        strictEqual(asked, "sensors.example")
        ok(acknowledged)
    })

    it("a server answers a host name that cannot be read with decode_error", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), (settings) => {
            const extension = serverName("sensors.example")()
            const name = extension.offer() as Buffer
            extension.offer = () => Buffer.concat([name, Buffer.of(0)])
            settings.extensions = [extension]
        })
        await s.shakeHands(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.decodeError)
    })

    it("a server without a certificate for the client says handshake_failure", async () => {
        const s = simulate(client.answers(server.publicKey), () => undefined)
        await s.shakeHands(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.handshakeFailure)
    })

    it("a server without a certificate for the client goes on with its pre-shared key, which both sides offer", async () => {
        const s = simulate(
            () => ({ identity: Buffer.from(IDENTITY), key: testKey() }),
            (question) =>
                question.kind === QuestionKind.psk ? { identity: question.identity, key: testKey() } : undefined,
            (ofClient, ofServer) => {
                ofClient.suites = ofServer.suites = [...ofServer.suites, TLS_PSK_WITH_AES_128_CCM_8()]
            },
        )
        await s.shakeHands(1000)
        exchangesMessages(s)
        deepStrictEqual(s.asked, [QuestionKind.certificate, QuestionKind.clientPsk, QuestionKind.psk])
    })

    it("neither side keeps messages of the handshake once nothing more is signed", async () => {
        const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), mutual)
        await s.shakeHands(1000)
        deepStrictEqual(s.client.parameters.peerCertificate?.type, CertificateType.rawPublicKey)
        ok(isConnected(s))
    })

    for (const [name, change] of [
        ["the server alone", undefined],
        ["both sides with certificates", mutual],
        ["all in fragments", fragments],
    ] as const) {
        it(`[F14] each single datagram lost, ${name}: completes`, async () => {
            for (let lost = 0; lost < 14; lost++) {
                const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), change)
                s.fault = (index) => (index === lost ? [] : [5])
                await s.shakeHands(3000)
                ok(isConnected(s), `datagram ${lost} lost`)
            }
        })
    }

    it("[F15] each pair of datagrams lost, both sides with certificates: completes", async () => {
        for (let first = 0; first < 10; first++)
            for (let second = first + 1; second < 14; second++) {
                const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), mutual)
                s.fault = (index) => (index === first || index === second ? [] : [5])
                await s.shakeHands(9000)
                ok(isConnected(s), `datagrams ${first} and ${second} lost`)
            }
    })

    it("[F15] 300 seeds of loss, duplication and reordering: 99 % complete", async function () {
        this.timeout(300000)
        let failed = 0
        for (let seed = 0; seed < 300; seed++) {
            const random = seededRandom(seed * 2 + 1)
            const s = simulate(client.answers(server.publicKey), server.answers(client.publicKey), mutual)
            s.fault = () => {
                const copies = random() < 0.15 ? 0 : random() < 0.1 ? 2 : 1
                return Array.from({ length: copies }, () => 1 + Math.floor(random() * 60))
            }
            await s.shakeHands(300000)
            if (!isConnected(s)) failed++
        }
        ok(failed <= 3, `${failed} of 300 did not complete`)
    })
})

function fragments(client: AssociationSettings, server: AssociationSettings): void {
    mutual(client, server)
    client.pathBudget = server.pathBudget = 228
}

describe("ECDHE_PSK", () => {
    const exchange = new EcdhePskKeyExchange(keys)
    const known: Answers = () => ({ identity: Buffer.from(IDENTITY), key: testKey() })

    function withPsk(clientAnswers: Answers, serverAnswers: Answers): KeyedSimulation {
        const crypto = new SpyCrypto()
        const settings = [testSettings(crypto), testSettings(crypto)] as const
        for (const side of settings) side.suites = [TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(exchange)]
        return new KeyedSimulation(...settings, clientAnswers, serverAnswers)
    }

    it("agrees on keys with a fresh share of each side", async () => {
        const s = withPsk(known, known)
        await s.shakeHands(1000)
        exchangesMessages(s)
        strictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
    })

    it("a wrong key and an unknown identity look alike: silence until the deadline, then keyMismatch", async () => {
        const wrong: Answers = () => ({ identity: Buffer.from(IDENTITY), key: Buffer.alloc(16, 7) })
        for (const answers of [wrong, () => undefined]) {
            const s = withPsk(known, answers)
            await s.shakeHands(200000)
            strictEqual(s.client.failure?.reason, FailureReason.keyMismatch)
        }
    })
})
