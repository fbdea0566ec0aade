import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { SessionCache } from "../../../src/dtls/endpoint/session-cache.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { QuestionKind } from "../../../src/dtls/handshake/question.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { readNewSessionTicket } from "../../../src/dtls/wire/new-session-ticket.js"
import { listTables, testKey } from "../../engine/simulation.js"
import { KeyedSimulation } from "../../engine/keyed-simulation.js"
import { RawKeySide } from "../../support/raw-key-side.js"
import { HOUR, Resumable } from "../../support/resumable.js"
import { WAYS, goesOn, sentOf } from "../../support/resumed-handshakes.js"

describe("sessions that both sides keep", () => {
    describe("tickets", () => {
        it("of one server are accepted by another with the same keys, and by no other", () => {
            const [one, two] = [new Resumable("ticket"), new Resumable("ticket")]
            const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
            one.options.keys?.setKeys(keys)
            two.store = one.store
            goesOn(one.connect(), false)
            goesOn(two.connect(), false)
            two.options.keys?.setKeys([Buffer.alloc(32, 2), Buffer.alloc(32, 1)])
            goesOn(one.connect(), false)
            goesOn(two.connect(), true)
        })

        it("sealed with the previous key are accepted and renewed, those of the key before that are not", () => {
            const pair = new Resumable("ticket")
            pair.options.lifetime = 24 * HOUR
            goesOn(pair.connect(), false)
            const renewed = pair.connect()
            strictEqual(sentOf(renewed, HandshakeType.newSessionTicket).length, 0)
            pair.clock += HOUR
            const s = pair.connect()
            goesOn(s, true)
            strictEqual(sentOf(s, HandshakeType.newSessionTicket).length, 1)
            pair.clock += HOUR
            goesOn(pair.connect(), true)
            pair.clock += 2 * HOUR
            goesOn(pair.connect(), false)
        })

        it("that are renewed do not extend a session's lifetime", () => {
            const pair = new Resumable("ticket")
            pair.options.lifetime = 2.5 * HOUR
            goesOn(pair.connect(), false)
            for (const expected of [true, true, false]) {
                pair.clock += HOUR
                goesOn(pair.connect(), expected)
            }
        })

        it("are not issued for what does not fit, and the client is told that none comes", async () => {
            const pair = new Resumable("ticket")
            const answer = { identity: Buffer.alloc(900, 65), key: testKey() }
            const s = new KeyedSimulation(
                ...pair.settings(),
                () => answer,
                () => answer,
            )
            await s.shakeHands(1000)
            goesOn(s, false)
            const [sent] = sentOf(s, HandshakeType.newSessionTicket)
            strictEqual(readNewSessionTicket(sent.body)?.ticket.length, 0)
            strictEqual(pair.store.count(), 0)
        })

        it("are sealed with 1 to 4 keys of 32 bytes", () => {
            const { keys } = new Resumable("ticket").options
            for (const wrong of [[], [Buffer.alloc(16)], Array.from({ length: 5 }, () => Buffer.alloc(32))])
                strictEqual(
                    throws(() => keys?.setKeys(wrong)),
                    true,
                )
        })
    })

    describe("with raw public keys on both sides", () => {
        const [client, server] = [new RawKeySide(), new RawKeySide()]
        const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())

        function simulate(pair: Resumable, pinnedByClient: Buffer, pinnedByServer: Buffer): KeyedSimulation {
            const settings = pair.settings((ofClient, ofServer) => {
                ofClient.suites = ofServer.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
                ofServer.authenticationMode = AuthenticationMode.required
            })
            return new KeyedSimulation(...settings, client.answers(pinnedByClient), server.answers(pinnedByServer))
        }

        for (const by of WAYS) {
            it(`by ${by}: each side judges again what the other had presented, and nothing is signed or exchanged`, async () => {
                const pair = new Resumable(by)
                const first = simulate(pair, server.publicKey, client.publicKey)
                await first.shakeHands(1000)
                goesOn(first, false)
                const s = simulate(pair, server.publicKey, client.publicKey)
                await s.shakeHands(1000)
                goesOn(s, true)
                deepStrictEqual(s.asked, [QuestionKind.peerCertificate, QuestionKind.peerCertificate])
                deepStrictEqual(s.client.parameters.peerCertificate?.certificates, [server.publicKey])
                deepStrictEqual(s.serverAssociation().parameters.peerCertificate?.certificates, [client.publicKey])
            })

            it(`by ${by}: a server whose key is no longer pinned is refused, and its session forgotten`, async () => {
                const pair = new Resumable(by)
                await simulate(pair, server.publicKey, client.publicKey).shakeHands(1000)
                const s = simulate(pair, client.publicKey, client.publicKey)
                await s.shakeHands(70000)
                strictEqual(s.client.failure?.reason, FailureReason.certificateRefused)
                strictEqual(pair.store.count(), 0)
            })

            it(`by ${by}: a client whose key is no longer pinned goes through a full handshake, and fails there`, async () => {
                const pair = new Resumable(by)
                await simulate(pair, server.publicKey, client.publicKey).shakeHands(1000)
                const s = simulate(pair, server.publicKey, server.publicKey)
                await s.shakeHands(70000)
                strictEqual(s.serverAssociation().failure?.reason, FailureReason.certificateRefused)
                strictEqual(s.client.parameters.resumed, false)
            })
        }
    })

    describe("the cache", () => {
        it("holds as many sessions as it may, and evicts the least recently used one", () => {
            const cache = new SessionCache(listTables(), 3)
            for (const key of ["a", "b", "c"]) cache.save(key, Buffer.from(key))
            cache.load("a")
            cache.save("d", Buffer.from("d"))
            deepStrictEqual(
                ["a", "b", "c", "d"].map((key) => cache.load(key)?.toString()),
                ["a", undefined, "c", "d"],
            )
            cache.clear()
            strictEqual(cache.count(), 0)
        })
    })
})

function throws(call: () => void): boolean {
    try {
        call()
        return false
    } catch (error) {
        return error instanceof RangeError
    }
}
