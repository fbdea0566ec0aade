import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic, OutputKind } from "../../../src/dtls/association/output.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { MAX_SEQUENCE } from "../../../src/dtls/record/record-layer.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { writeHelloVerifyRequest } from "../../../src/dtls/wire/hello-verify-request.js"
import { type Hash } from "../../../src/dtls/crypto/provider.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { fragment, handshake, messages, record, records } from "../../support/wire.js"

/* Findings of reviewers and fuzzers, each as the sequence that showed the error. */

/** A server that has the client's key exchange and waits for its Finished. */
function waitingForFinished(): Simulation {
    const s = simulate()
    s.fault = (index, _toServer, data) => {
        if (index !== 4) return [5]
        const [exchange, ccs] = records(data)
        s.toServer(Buffer.concat([exchange.bytes, ccs.bytes]))
        return []
    }
    s.begin()
    s.run(500)
    strictEqual(s.serverAssociation().record.readEpoch(), 1)
    s.fault = () => [5]
    return s
}

/** A record sealed with one side's real keys. */
function sealed(s: Simulation, from: "client" | "server", type: number, bytes: Buffer): Buffer {
    const association = from === "client" ? s.client : s.serverAssociation()
    return association.record.write.seal(type, bytes, true) as Buffer
}

describe("against an adversary", () => {
    it("forged epoch-0 messages are discarded once keys are active: a fragment, and a whole message of any type", () => {
        for (const forged of [
            fragment({ type: 20, messageSeq: 3, length: 12, fragmentLength: 1 }, Buffer.alloc(1)),
            fragment({ type: 20, messageSeq: 3 }, Buffer.alloc(12)),
            fragment({ type: 11, messageSeq: 3 }, Buffer.alloc(40)),
        ]) {
            const s = waitingForFinished()
            s.toServer(record(ContentType.handshake, 0, 30, forged))
            s.drain()
            s.run(60000)
            strictEqual(s.client.phase, AssociationPhase.connected)
        }
    })

    it("a handshake message of type 254, or of any unknown type, does not pass for a ChangeCipherSpec", () => {
        const s = simulate()
        s.fault = (index, _toServer, data) => {
            if (index !== 4) return [5]
            s.toServer(records(data)[0].bytes)
            s.drain()
            for (const type of [254, 255, 0]) s.toServer(handshake(type, 3, Buffer.alloc(0), 40))
            return []
        }
        s.begin()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("hundreds of extensions and fragments are refused before they cost work", () => {
        const s = simulate()
        s.begin()
        const many = Array.from({ length: 200 }, (_, i) => ({ type: 1000 + i, data: Buffer.alloc(0) }))
        const hello = readClientHello(messages(s.log[0])[0].body) as ClientHello
        strictEqual(readClientHello(writeClientHello({ ...hello, extensions: many })), undefined)
        const pieces = Array.from({ length: 200 }, (_, i) =>
            fragment(
                { type: 2, messageSeq: 0, length: 500, fragmentOffset: i * 2, fragmentLength: 1 },
                Buffer.alloc(1),
            ),
        )
        s.toClient(record(ContentType.handshake, 0, 9, Buffer.concat(pieces)))
        strictEqual(drops(s.client)["badFragment"], 1)
    })

    it("every hash, HMAC and AEAD object is closed at the end, also in handshakes that fail", () => {
        const crypto = new SpyCrypto()
        let open = 0
        const { newHash } = crypto
        const counted = (hash: Hash): Hash => {
            open++
            let closed = false
            const close = (): void => {
                if (!closed) open--
                closed = true
            }
            return {
                update: (data) => hash.update(data),
                digestSoFar: () => hash.digestSoFar(),
                digest: () => (close(), hash.digest()),
                close,
            }
        }
        crypto.newHash = (algorithm) => counted(newHash.call(crypto, algorithm))
        for (const key of [undefined, Buffer.alloc(16)]) {
            const s = connected((client, server) => (client.crypto = server.crypto = crypto))
            if (key !== undefined) s.serverKey = key
            s.client.shutdown(true, true)
            s.serverAssociation().drop(FailureReason.evicted)
        }
        strictEqual(open, 0)
    })

    it("a replayed old hello of an established peer that is in a new handshake disturbs neither", () => {
        const s = connected()
        const oldHello = s.log[2]
        s.rebootClient()
        const before = s.sent
        s.fault = (index) => {
            if (index === before + 3) s.toServer(oldHello)
            return [5]
        }
        s.begin()
        s.run(s.now + 2000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.server.peerCount(), 1)
        strictEqual(s.server.halfOpenCount(), 0)
    })

    it("a lost last flight is retransmitted even while another handshake from that address is under way", () => {
        const s = simulate()
        s.fault = (index) => (index === 5 ? [] : [5])
        s.begin()
        s.run(300)
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        // Another client at the same address begins a handshake and abandons it.
        const stranger = simulate()
        stranger.fault = () => []
        stranger.begin()
        const hello = readClientHello(messages(stranger.log[0])[0].body) as ClientHello
        const sent = s.sent
        s.fault = () => []
        s.toServer(handshake(HandshakeType.clientHello, 0, writeClientHello(hello)))
        s.drain()
        hello.cookie = Buffer.from(messages(s.log[sent])[0].body.subarray(3))
        s.toServer(handshake(HandshakeType.clientHello, 1, writeClientHello(hello), 1))
        s.drain()
        strictEqual(s.server.halfOpenCount(), 1)
        s.fault = () => [5]
        s.run(30000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("empty protected records before the Finished are kept up to a count", () => {
        const s = waitingForFinished()
        for (let i = 0; i < 5000; i++) s.toServer(sealed(s, "client", ContentType.applicationData, Buffer.alloc(0)))
        ok(s.serverAssociation().snapshot().heldMessages <= s.serverAssociation().settings.limits.receiveQueueMessages)
    })

    it("renegotiation with message_seq 0, as the RFC requires, gets its one warning", () => {
        const s = connected()
        for (let i = 0; i < 3; i++)
            s.toServer(
                sealed(s, "client", ContentType.handshake, fragment({ type: 1, messageSeq: 0 }, Buffer.alloc(40))),
            )
        s.drain()
        s.run(s.now + 100)
        strictEqual(
            s.clientOutputs.filter((o) => o.diagnostic === Diagnostic.warningAlert && o.detail === 100).length,
            1,
        )
    })

    it("endless HelloVerifyRequests cause a handful of hellos, empty ones none", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        for (let i = 0; i < 1000; i++)
            s.toClient(
                handshake(
                    HandshakeType.helloVerifyRequest,
                    0,
                    writeHelloVerifyRequest(Buffer.alloc(i % 2 === 0 ? 0 : 20, i)),
                ),
            )
        s.drain()
        ok(s.sent <= 9, `${s.sent} hellos`)
    })

    it("a HelloRequest from anyone does not advance a client that waits for the ServerHello", () => {
        const s = simulate()
        s.begin()
        for (const messageSeq of [0, 1, 2])
            s.toClient(handshake(HandshakeType.helloRequest, messageSeq, Buffer.alloc(0)))
        s.run(2000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.sent, 6)
    })

    it("a spoofed fragment of another length does not shut out the genuine ServerHello", () => {
        const s = simulate()
        s.begin()
        for (const messageSeq of [0, 1])
            s.toClient(
                record(
                    ContentType.handshake,
                    0,
                    3,
                    fragment({ type: 2, messageSeq, length: 200, fragmentLength: 1 }, Buffer.alloc(1)),
                ),
            )
        s.run(5000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("no timer runs while an application callback is pending, and a forged alert does not end the handshake then", () => {
        const s = simulate()
        s.serverAnswers = false
        s.begin()
        s.run(100)
        const sent = s.sent
        s.toServer(record(ContentType.alert, 0, 50, Buffer.from([2, 40])))
        s.drain()
        s.run(900)
        strictEqual(s.sent, sent)
        s.answerServer()
        s.drain()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("records of epoch 2 are not buffered on an established association", () => {
        const s = connected()
        const before = picture(s.serverAssociation())
        for (let i = 0; i < 100; i++) s.toServer(record(ContentType.applicationData, 2, i, Buffer.alloc(60)))
        strictEqual(picture(s.serverAssociation()), before)
    })

    it("the limit of peers holds when many handshakes finish at once", () => {
        const s = simulate((_client, server) => (server.limits = { ...server.limits, peers: 2, halfOpenPeers: 10 }))
        const clients = []
        s.fault = (_index, toServer, data) => (toServer && messages(data)[0]?.header.type === 16 ? [] : [5])
        for (let i = 0; i < 6; i++) {
            s.clientAddress = `client|${i}`
            s.rebootClient()
            s.begin()
            s.run(s.now + 50)
            clients.push({ client: s.client, address: s.clientAddress })
        }
        strictEqual(s.server.halfOpenCount(), 6)
        s.fault = () => [5]
        for (const { client, address } of clients) {
            s.client = client
            s.clientAddress = address
            s.run(s.now + 3000)
        }
        ok(s.server.peerCount() <= 2, `${s.server.peerCount()} peers`)
    })

    it("an empty key authenticates nobody", () => {
        const s = simulate()
        s.clientKey = Buffer.alloc(0)
        s.connect()
        strictEqual(s.client.failure?.reason, FailureReason.noCredentials)
        const t = simulate()
        t.serverKey = Buffer.alloc(0)
        t.connect()
        ok(t.client.phase !== AssociationPhase.connected)
    })

    it("an unknown identity gets a key that nobody can guess, not even all zeros", () => {
        for (const length of [0, 1, 16, 32]) {
            const s = simulate()
            s.serverKey = undefined
            s.clientKey = Buffer.alloc(Math.max(length, 1))
            s.begin()
            s.run(100000)
            ok(s.client.phase !== AssociationPhase.connected)
        }
    })

    it("data with a higher number than close_notify is not delivered", () => {
        const s = connected()
        const close = sealed(s, "client", ContentType.alert, Buffer.from([1, 0]))
        const late = sealed(s, "client", ContentType.applicationData, Buffer.from("late"))
        s.toServer(close)
        s.toServer(late)
        s.drain()
        strictEqual(s.serverMessages.length, 0)
    })

    it("a failed association needs no more ticks", () => {
        const s = simulate()
        s.client.record.write.nextSequence = MAX_SEQUENCE
        s.begin()
        strictEqual(s.client.phase, AssociationPhase.failed)
        ok(s.client.deadline() > 1e12)
    })

    it("a silent peer is dropped after the idle timeout, with close_notify; one that sends stays", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, idleTimeout: 60000 }))
        for (let i = 0; i < 5; i++) {
            s.now += 50000
            s.clientSends("alive")
            s.run(s.now + 10)
        }
        strictEqual(s.server.peerCount(), 1)
        s.run(s.now + 70000)
        strictEqual(s.server.peerCount(), 0)
        ok(s.clientOutputs.some((output) => output.kind === OutputKind.closed))
    })

    it("an aborted handshake sends user_canceled and close_notify", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        s.client.shutdown(true, true)
        s.drain()
        const alerts = s.log.slice(1).map((datagram) => records(datagram)[0].fragment.toString("hex"))
        strictEqual(alerts.join(), "015a,0100")
    })

    it("thousands of mutated handshakes: nothing throws, and an honest client is served afterwards", function () {
        this.timeout(60000)
        const random = new SpyCrypto(7)
        for (let round = 0; round < 300; round++) {
            const s = simulate()
            s.fault = (_index, toServer, data) => {
                const copy = Buffer.from(data)
                const at = random.random(2).readUInt16BE(0) % copy.length
                copy[at] ^= 1 << (random.random(1)[0] & 7)
                if (toServer) s.toServer(copy)
                else s.toClient(copy)
                return [5]
            }
            s.begin()
            s.run(3000)
            s.fault = () => [5]
            s.clientAddress = "good|1"
            s.rebootClient()
            s.begin()
            s.run(s.now + 2000)
            strictEqual(s.client.phase, AssociationPhase.connected, `round ${round}`)
        }
    })
})
