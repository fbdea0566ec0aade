import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { Diagnostic, OutputKind } from "../../../src/dtls/association/output.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { MAX_SEQUENCE } from "../../../src/dtls/record/record-layer.js"
import { ContentType, DTLS_1_0, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { countOf, type Simulation } from "../../engine/simulation.js"
import { capture, connected, drops, picture, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { fragment, record, records } from "../../support/wire.js"

/** Delivers a datagram to the server; returns whether only counters changed. */
function isDiscarded(s: Simulation, datagram: Buffer): boolean {
    const before = picture(s.serverAssociation())
    const delivered = s.serverMessages.length
    const sent = s.sent
    s.toServer(datagram)
    s.drain()
    return picture(s.serverAssociation()) === before && s.serverMessages.length === delivered && s.sent === sent
}

/** A handshake message without a body. */
function messageOf(type: HandshakeType): Buffer {
    return fragment({ type, messageSeq: 9 }, Buffer.alloc(0))
}

describe("records", () => {
    it("a message that arrives after this side has closed for reading is discarded and counted", () => {
        const s = connected()
        // The first message ends the handshake for a server, which keeps its last flight until then.
        s.toServer(capture(s, "before"))
        s.drain()
        const [single, first, second] = ["single", "first", "second"].map((text) => capture(s, text))
        s.serverAssociation().shutdown(true, false)
        for (const datagram of [single, Buffer.concat([first, second])]) s.toServer(datagram)
        s.drain()
        deepStrictEqual(s.serverMessages, ["before"])
        strictEqual(drops(s.serverAssociation())["unexpected"], 3)
    })

    it("[R01] truncated headers and lengths are discarded; the records before them count", () => {
        const s = connected()
        const good = capture(s, "good")
        for (const length of [0, 1, 5, 12]) ok(isDiscarded(s, good.subarray(0, length)))
        ok(isDiscarded(s, good.subarray(0, good.length - 1)))
        s.toServer(Buffer.concat([good, capture(s, "cut").subarray(0, 20)]))
        s.drain()
        deepStrictEqual(s.serverMessages, ["good"])
        ok((drops(s.serverAssociation())["truncated"] ?? 0) > 4)
    })

    it("[R02] bad records do not affect a good one in their datagram, before or after it", () => {
        const s = connected()
        const bad = Buffer.from(capture(s, "bad"))
        bad[bad.length - 1] ^= 1
        const short = record(ContentType.applicationData, 1, 500, Buffer.alloc(3))
        s.toServer(Buffer.concat([bad, capture(s, "behind")]))
        s.toServer(Buffer.concat([capture(s, "before"), bad]))
        s.toServer(Buffer.concat([bad, short, bad, bad, capture(s, "behind several")]))
        s.drain()
        deepStrictEqual(s.serverMessages, ["behind", "before", "behind several"])
    })

    it("[R03] unknown content types are discarded, heartbeat and tls12_cid among them", () => {
        const s = connected()
        for (const type of [0, 19, 24, 25, 26, 255]) ok(isDiscarded(s, record(type, 1, 50, Buffer.alloc(40))))
        strictEqual(drops(s.serverAssociation())["unknownType"], 6)
    })

    it("[R04] one flipped bit anywhere in a protected record: discarded, counted, and the association survives", () => {
        const s = connected()
        const good = capture(s, "good")
        for (let bit = 0; bit < good.length * 8; bit++) {
            const forged = Buffer.from(good)
            forged[bit >> 3] ^= 1 << (bit & 7)
            const before = s.serverAssociation().counters.total()
            ok(isDiscarded(s, forged), `bit ${bit}`)
            // A reduced length leaves a rest, which is not a record and is counted, too.
            ok(s.serverAssociation().counters.total() > before, `bit ${bit}`)
        }
        s.toServer(good)
        s.drain()
        deepStrictEqual(s.serverMessages, ["good"])
    })

    it("[R05] a forged record with a huge number does not move the window", () => {
        const s = connected()
        const forged = Buffer.from(capture(s, "true"))
        forged.writeUIntBE(0xfffffffffff0, 5, 6)
        const before = picture(s.serverAssociation())
        s.toServer(forged)
        s.drain()
        strictEqual(picture(s.serverAssociation()), before)
        s.toServer(s.log[s.log.length - 1])
        s.drain()
        deepStrictEqual(s.serverMessages, ["true"])
    })

    it("[R06] replays are discarded, reordered records within the window are not", () => {
        const s = connected()
        const datagrams = Array.from({ length: 70 }, (_, i) => capture(s, `m${i}`))
        for (const i of [5, 5, 4, 69, 69, 6, 5]) s.toServer(datagrams[i])
        s.drain()
        deepStrictEqual(s.serverMessages, ["m5", "m4", "m69", "m6"])
        ok(isDiscarded(s, datagrams[0]), "left of the window")
    })

    it("[R07] duplicates of epoch 0 during the handshake are tolerated and cause no restart", () => {
        const s = simulate()
        s.fault = () => [5, 6, 7]
        s.connect()
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(countOf(s.serverOutputs, OutputKind.connected), 1)
        ok(s.sent <= 8, `${s.sent} datagrams`)
    })

    it("[R08] near 2^48-1 it refuses to send and ends; a number never wraps", () => {
        const s = connected()
        s.client.record.write.nextSequence = MAX_SEQUENCE - 1
        // In practice the limit for CCM comes first; here the number itself is tested.
        const taken = s.client.send([Buffer.from("one"), Buffer.from("two")], false)
        strictEqual(taken, 0)
        strictEqual(s.client.failure?.reason, FailureReason.keysUsedUp)
        strictEqual(s.client.send([Buffer.from("three")], false), 0)
    })

    it("[R09] the epoch never nears its maximum: no message starts another one, only a new handshake, which is in epoch 1", () => {
        const s = connected()
        for (const epoch of [2, 3, 65534, 65535])
            ok(isDiscarded(s, record(ContentType.handshake, epoch, 0, Buffer.alloc(60))))
        const sealed = (from: Association, type: number, body: Buffer): Buffer =>
            from.record.write.seal(type, body, true) as Buffer
        // Every way to begin a renegotiation with real keys: the peer's messages, and a ChangeCipherSpec.
        s.toClient(sealed(s.serverAssociation(), ContentType.handshake, messageOf(HandshakeType.helloRequest)))
        s.toServer(sealed(s.client, ContentType.handshake, messageOf(HandshakeType.clientHello)))
        for (let i = 0; i < 3; i++) {
            s.toServer(sealed(s.client, ContentType.changeCipherSpec, Buffer.from([1])))
            s.toClient(sealed(s.serverAssociation(), ContentType.changeCipherSpec, Buffer.from([1])))
        }
        s.drain()
        s.run(s.now + 5000)
        const epochs = ({ record: layer }: Association): number[] => [layer.readEpoch(), layer.write.epoch]
        deepStrictEqual(
            [epochs(s.client), epochs(s.serverAssociation())],
            [
                [1, 1],
                [1, 1],
            ],
        )
        s.clientSends("still here")
        s.run(s.now + 50)
        deepStrictEqual(s.serverMessages, ["still here"])
        const before = s.serverAssociation()
        s.rebootClient()
        s.connect()
        s.run(s.now + 1000)
        ok(s.serverAssociation() !== before && before.failure?.reason === FailureReason.replaced)
        deepStrictEqual(
            [epochs(s.client), epochs(s.serverAssociation())],
            [
                [1, 1],
                [1, 1],
            ],
        )
    })

    it("[R10] ten retransmissions of every flight: no (key, nonce) pair and no record number repeats", () => {
        const crypto = new SpyCrypto()
        const s = simulate((client, server) => {
            client.crypto = crypto
            server.crypto = crypto
            client.retransmission = { ...client.retransmission, attempts: 30, maximum: 1000, deadline: 200000 }
            server.retransmission = client.retransmission
        })
        const times = new Map<string, number>()
        s.fault = (_index, toServer, data) => {
            // Identifies the flight: direction, the epoch-0 message that begins it, and whether it has a cookie.
            const flight = `${toServer}/${data[13]}/${data[0]}/${data.length}`
            times.set(flight, (times.get(flight) ?? 0) + 1)
            return (times.get(flight) ?? 0) > 10 ? [5] : []
        }
        s.begin()
        s.run(190000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        s.fault = () => [5]
        for (let i = 0; i < 6; i++) s.clientSends(`record ${i}`)
        ok(crypto.nonces.length > 25, `${crypto.nonces.length} records sealed`)
        strictEqual(new Set(crypto.nonces).size, crypto.nonces.length)
        const numbers = s.log.flatMap((datagram) => records(datagram).map((part) => part.header))
        const data = numbers.filter((header) => header.epoch === 1 && header.type === ContentType.applicationData)
        strictEqual(new Set(data.map((header) => header.sequence)).size, 6)
    })

    it("[R11] the explicit nonce is epoch and sequence number", () => {
        const s = connected()
        const [part] = records(capture(s, "x"))
        strictEqual(part.fragment.subarray(0, 8).toString("hex"), part.bytes.subarray(3, 11).toString("hex"))
    })

    it("[R12] ciphertext shorter than explicit nonce and tag is discarded without an exception, and does not count as a forgery", () => {
        for (const suite of allSuites()) {
            const s = connected((client, server) => (client.suites = server.suites = [suite]))
            const shortest = suite.aead.explicitNonceLength + suite.aead.tagLength
            for (let length = 0; length <= 24; length++)
                ok(isDiscarded(s, record(ContentType.applicationData, 1, 40 + length, Buffer.alloc(length))))
            deepStrictEqual(drops(s.serverAssociation()), { notAuthentic: 25 - shortest, tooShort: shortest })
        }
    })

    it("[R13] CCM_8 accepts a tag of 8 bytes only", () => {
        const s = connected()
        const [part] = records(capture(s, "x"))
        const header = part.header
        const { fragment } = part
        for (const changed of [
            fragment.subarray(0, -1),
            Buffer.concat([fragment, Buffer.alloc(1)]),
            Buffer.concat([fragment, Buffer.alloc(8)]),
        ])
            ok(isDiscarded(s, record(header.type, 1, header.sequence, changed)))
        s.toServer(part.bytes)
        s.drain()
        deepStrictEqual(s.serverMessages, ["x"])
    })

    it("[R15] application data in epoch 0 is never delivered, before, during or after the handshake", () => {
        const data = record(ContentType.applicationData, 0, 9, Buffer.from("forged"))
        const s = simulate()
        s.toServer(data)
        s.begin()
        s.toClient(data)
        s.run(1000)
        s.toServer(data)
        s.toClient(data)
        s.drain()
        deepStrictEqual([s.serverMessages, s.clientMessages], [[], []])
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[R16] unprotected handshake, alert and ChangeCipherSpec are discarded once keys are active", () => {
        const s = connected()
        ok(isDiscarded(s, record(ContentType.alert, 0, 90, Buffer.from([2, 40]))))
        ok(isDiscarded(s, record(ContentType.alert, 0, 91, Buffer.from([1, 0]))))
        ok(isDiscarded(s, record(ContentType.changeCipherSpec, 0, 92, Buffer.from([1]))))
        ok(isDiscarded(s, record(ContentType.handshake, 0, 93, Buffer.alloc(12))))
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    })

    it("[R17] a plaintext record that claims a protected epoch is discarded", () => {
        const s = connected()
        for (const epoch of [1, 3, 65535])
            ok(
                isDiscarded(
                    s,
                    record(ContentType.applicationData, epoch, 5, Buffer.from("in clear, and long enough for a tag")),
                ),
            )
    })

    it("[R18] records of a future epoch are kept up to the limit, then dropped, and read once their keys exist", () => {
        const s = simulate((_client, server) => (server.limits = { ...server.limits, earlyRecordBytes: 200 }))
        s.serverAnswers = false
        s.begin()
        s.run(900)
        for (let i = 0; i < 1000; i++) s.toServer(record(ContentType.applicationData, 1, 1000 + i, Buffer.alloc(60)))
        ok(s.serverAssociation().snapshot().earlyBytes <= 200)
        ok((drops(s.serverAssociation())["earlyFull"] ?? 0) > 990)
        s.answerServer()
        s.drain()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    })

    it("[R19] an empty record is one message of 0 bytes; an empty handshake record is ignored", () => {
        const s = connected()
        s.clientSends("")
        s.clientSends("x")
        s.run(s.now + 100)
        deepStrictEqual(s.serverMessages, ["", "x"])
        ok(isDiscarded(s, record(ContentType.handshake, 0, 99, Buffer.alloc(0))))
    })

    it("[R20] 2, 8 and 50 records per datagram are all read, up to the limit", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, recordsPerDatagram: 50 }))
        for (const count of [2, 8, 50]) {
            s.serverMessages = []
            s.toServer(Buffer.concat(Array.from({ length: count }, (_, i) => capture(s, `${i}`))))
            s.drain()
            strictEqual(s.serverMessages.length, count)
        }
        s.serverMessages = []
        s.toServer(Buffer.concat(Array.from({ length: 60 }, (_, i) => capture(s, `${i}`))))
        s.drain()
        strictEqual(s.serverMessages.length, 50)
        strictEqual(drops(s.serverAssociation())["tooManyRecords"], 1)
    })

    it("[R21] STUN, RTP and random bytes on the port disturb no handshake", () => {
        const crypto = new NodeCryptoProvider()
        const stun = Buffer.from("000100002112a442000000000000000000000000", "hex")
        const rtp = Buffer.concat([Buffer.from("8060000100000001deadbeef", "hex"), crypto.random(160)])
        const s = simulate()
        s.begin()
        for (let time = 2; time < 40; time += 2) {
            for (const noise of [stun, rtp, crypto.random(100)]) {
                s.toServer(noise)
                s.toClient(noise)
            }
            s.run(time)
        }
        s.run(500)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.sent, 6)
    })

    it("[R12] [R25] datagrams full of records without room for a tag never end a CCM_8 session", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, ccm8Failures: 5 }))
        for (let i = 0; i < 100; i++)
            s.toServer(
                Buffer.concat(
                    Array.from({ length: 64 }, (_, j) =>
                        record(ContentType.applicationData, 1, 1000 + j, Buffer.alloc(j & 15)),
                    ),
                ),
            )
        strictEqual(s.serverAssociation().failure, undefined)
        strictEqual(drops(s.serverAssociation())["tooShort"], 6400)
    })

    it("[R02] [R25] a datagram counts once against the CCM_8 limit, however many of its records fail", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, ccm8Failures: 5 }))
        const forged = record(ContentType.applicationData, 1, 1000, Buffer.alloc(50))
        for (let i = 0; i < 4; i++) s.toServer(Buffer.concat(Array.from({ length: 10 }, () => forged)))
        s.toServer(capture(s, "still here"))
        s.drain()
        deepStrictEqual(s.serverMessages, ["still here"])
        strictEqual(drops(s.serverAssociation())["notAuthentic"], 40)
        s.toServer(Buffer.concat([forged, capture(s, "read to the end")]))
        s.drain()
        deepStrictEqual(s.serverMessages, ["still here", "read to the end"])
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.tooManyForgeries)
    })

    it("[R25] [D12] the CCM_8 failure limit ends the association; suites with long tags only count", () => {
        for (const suite of allSuites()) {
            const s = connected((client, server) => {
                client.suites = server.suites = [suite]
                server.limits = { ...server.limits, ccm8Failures: 5 }
            })
            for (let i = 0; i < 10; i++) s.toServer(record(ContentType.applicationData, 1, 100 + i, Buffer.alloc(50)))
            s.drain()
            const short = suite.aead.tagLength === 8
            strictEqual(s.serverAssociation().failure?.reason, short ? FailureReason.tooManyForgeries : undefined)
            strictEqual(drops(s.serverAssociation())["notAuthentic"], short ? 5 : 10)
        }
        ok(mcuLimits().ccm8Failures < 65536)
    })

    it("[R25] no more records than allowed are sealed under one key", () => {
        for (const suite of allSuites()) {
            const s = connected((client, server) => (client.suites = server.suites = [suite]))
            s.client.record.write.nextSequence = suite.aead.confidentialityLimit - 1
            if (suite.aead.confidentialityLimit >= MAX_SEQUENCE) continue
            strictEqual(s.client.send([Buffer.from("last"), Buffer.from("over")], false), 1)
            strictEqual(s.client.failure?.reason, FailureReason.keysUsedUp)
        }
    })

    it("[R26] malformed alerts are discarded, warnings reported, user_canceled tolerated", () => {
        const s = connected()
        const server = s.serverAssociation()
        const protectedAlert = (...body: number[]): Buffer =>
            s.client.record.write.seal(ContentType.alert, Buffer.from(body), true) as Buffer
        for (const body of [[], [1], [1, 90, 0], [2, 40, 1, 0]]) s.toServer(protectedAlert(...body))
        for (let i = 0; i < 100; i++) s.toServer(protectedAlert(1, 90))
        s.drain()
        strictEqual(server.phase, AssociationPhase.connected)
        strictEqual(drops(server)["unexpected"], 4)
        strictEqual(s.serverOutputs.filter((output) => output.diagnostic === Diagnostic.warningAlert).length, 100)
        s.toServer(protectedAlert(7, 40))
        s.drain()
        strictEqual(server.phase, AssociationPhase.connected)
        s.toServer(protectedAlert(2, 40))
        s.drain()
        strictEqual(server.failure?.reason, FailureReason.peerAlert)
    })

    it("epoch-0 records of another DTLS version than 1.0 and 1.2 are discarded", () => {
        const s = simulate()
        s.begin()
        const hello = s.log[0]
        const [part] = records(hello)
        const sent = s.sent
        s.toServer(record(part.header.type, 0, 0, part.fragment, 0x0303))
        s.drain()
        strictEqual(s.sent, sent)
        s.toServer(record(part.header.type, 0, 0, part.fragment, DTLS_1_0))
        s.drain()
        strictEqual(s.sent, sent + 1)
    })

    it("a record that does not decrypt during the handshake is reported once", () => {
        const s = simulate()
        s.serverKey = Buffer.alloc(16, 7)
        s.begin()
        s.run(5000)
        const told = s.serverOutputs.filter((output) => output.diagnostic === Diagnostic.keyMismatch)
        strictEqual(told.length, 1)
    })

    it("every suite protects: no plaintext is on the wire, and the keys of both directions differ", () => {
        for (const suite of allSuites()) {
            const s = connected((client, server) => (client.suites = server.suites = [suite]))
            const datagram = capture(s, "a plaintext to be looked for")
            ok(!datagram.includes("plaintext"))
            s.toClient(datagram)
            deepStrictEqual(s.clientMessages, [])
        }
    })
})
