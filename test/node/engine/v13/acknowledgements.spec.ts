import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { OutputKind } from "../../../../src/dtls/association/output.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../../src/dtls/wire/code-points.js"
import { readAcknowledgement, writeAcknowledgement } from "../../../../src/dtls/wire/v13/acknowledgement.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { ACK, KEY_UPDATE } from "../../../../src/dtls/wire/v13/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { drops, picture } from "../../../support/connected.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { sealed, SERVER_SEQ } from "./after-handshake.js"
import { certified, CertifiedSide } from "./certified.js"
import { simulateV13 } from "./versions.js"

const isProtected = (datagram: Buffer): boolean => datagram[0] >> 5 === 1

/** The first record of a datagram, opened by `by`. */
function opened(by: Association, datagram: Buffer): { type: number; plaintext: Buffer } | undefined {
    const { protection, top } = by.record.read!
    const sequence = protection.sequenceOf(datagram, 0, datagram.length, top + 1)
    const plaintext = protection.openRecord(datagram, 0, protection.lengthOf(datagram, 0), sequence) ?? undefined
    return plaintext && { type: protection.openedType(), plaintext }
}

/** A simulation whose client has sent its Finished and waits for the ACK. */
function unacknowledged(): Simulation {
    const s = simulateV13()
    s.fault = (_index, toServer) => (toServer && s.client.phase === AssociationPhase.connected ? [] : [5])
    s.begin()
    s.run(400)
    strictEqual(s.client.phase, AssociationPhase.connected)
    ok(s.client.snapshot().outboxBytes > 0)
    return s
}

describe("acknowledgements of DTLS 1.3", () => {
    it("[V10] are read within limits: an empty list, a truncated one, an odd length, numbers beyond 48 bits, more than requested", () => {
        deepStrictEqual(readAcknowledgement(Buffer.from([0, 0]), 4), [])
        const two = writeAcknowledgement([
            { epoch: 2, sequence: 0 },
            { epoch: 3, sequence: 2 ** 40 },
        ])
        deepStrictEqual(readAcknowledgement(two, 1), [{ epoch: 2, sequence: 0 }])
        for (const cut of [0, 1, 2, 17, 33]) strictEqual(readAcknowledgement(two.subarray(0, cut), 4), undefined)
        strictEqual(readAcknowledgement(Buffer.concat([Buffer.from([0, 15]), Buffer.alloc(15)]), 4), undefined)
        deepStrictEqual(readAcknowledgement(Buffer.concat([Buffer.from([0, 16]), Buffer.alloc(16, 255)]), 4), [])
    })

    it("[V15] the client's Finished is retransmitted in its epoch until it is acknowledged, and each copy is acknowledged again", () => {
        const s = simulateV13()
        let lost = 0
        s.fault = (_index, toServer) =>
            !toServer && s.client.phase === AssociationPhase.connected && lost++ < 2 ? [] : [5]
        s.begin()
        s.run(900)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        ok(s.client.snapshot().outboxBytes > 0)
        s.run(10000)
        strictEqual(s.client.snapshot().outboxBytes, 0)
        strictEqual(lost, 3)
    })

    it("[V15] the client's Finished is acknowledged before the server is connected, and so before what it sends at once", () => {
        const s = simulateV13()
        s.connect()
        const kinds = s.serverOutputs.map(({ kind }) => kind)
        strictEqual(kinds.at(-1), OutputKind.connected)
        strictEqual(kinds.at(-2), OutputKind.datagram)
        strictEqual(s.client.snapshot().outboxBytes, 0)
    })

    it("[V15] name records with handshake messages, and no acknowledgements", () => {
        const s = simulateV13()
        s.connect()
        const server = s.serverAssociation()
        s.toClient(sealed(server, ACK, writeAcknowledgement([])))
        const update = server.record.write.nextSequence
        s.toClient(sealed(server, ContentType.handshake, wholeMessage(KEY_UPDATE, SERVER_SEQ, Buffer.of(0))))
        const before = s.log.length
        s.run(s.now + 10)
        deepStrictEqual(
            s.log.slice(before).map((datagram) => opened(server, datagram)),
            [{ type: ACK, plaintext: writeAcknowledgement([{ epoch: 3, sequence: update }]) }],
        )
    })

    it("[V15] are not sent while the application judges a certificate: what follows it is in order", async () => {
        const client = new CertifiedSide(true)
        const server = new CertifiedSide(true)
        let early = 0
        const s: KeyedSimulation = certified({
            client: (question) => {
                const before = s.log.length
                s.client.tick(s.now)
                s.drain()
                early += s.log.length - before
                return client.knows(server)(question)
            },
            server: server.knows(client),
        })
        await s.shakeHands(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(early, 0)
    })

    it("[V15] and alerts of a server that has sent its Finished use the application keys (RFC 8446 appendix A.2)", () => {
        const s = simulateV13()
        s.fault = (_index, toServer, data) => (toServer && isProtected(data) ? [] : [5])
        s.begin()
        s.run(50)
        const server = s.serverAssociation()
        strictEqual(server.expecting(), HandshakeType.finished)
        server.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
        const alert = server.poll()?.data
        ok(alert !== undefined && isProtected(alert))
        strictEqual(alert[0] & 3, 3)
        s.toClient(alert)
        strictEqual(s.client.failure?.alert, AlertDescription.unexpectedMessage)
    })

    it("[V11] that name unsent records, or an epoch above their own, change nothing", () => {
        const s = unacknowledged()
        const before = picture(s.client)
        const server = s.serverAssociation()
        for (const number of [
            { epoch: 2, sequence: 40 },
            { epoch: 3, sequence: 0 },
            { epoch: 7, sequence: 0 },
        ])
            s.toClient(sealed(server, ACK, writeAcknowledgement([number]), 2))
        s.drain()
        const after = picture(s.client)
        // The replay window of epoch 3 has not moved, because these came in epoch 2.
        strictEqual(after, before)
    })

    it("[V10] [V11] a flood of them, each with 4,000 numbers of unsent records, changes nothing and causes no answer", () => {
        const s = unacknowledged()
        const server = s.serverAssociation()
        const numbers = Array.from({ length: 4000 }, (_, i) => ({ epoch: 2, sequence: 1000 + i }))
        const { client } = s
        const before = { ...client.snapshot() }
        const { sent } = s
        for (let i = 0; i < 200; i++) s.toClient(sealed(server, ACK, writeAcknowledgement(numbers.slice(i)), 2))
        s.drain()
        deepStrictEqual({ ...client.snapshot() }, before)
        strictEqual(s.sent, sent)
    })

    it("[V10] that are malformed are discarded and counted", () => {
        const s = unacknowledged()
        s.toClient(sealed(s.serverAssociation(), ACK, Buffer.from([0, 16, 1]), 2))
        s.drain()
        strictEqual(drops(s.client)["unexpected"], 1)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[V12] without protection are ignored, before keys and after", () => {
        const record = Buffer.concat([Buffer.from([ACK, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2]), Buffer.alloc(2)])
        const s = unacknowledged()
        s.toClient(record)
        s.drain()
        strictEqual(drops(s.client)["unknownType"], 1)
        ok(s.client.snapshot().outboxBytes > 0)
    })

    it("[V14] of a part of a flight: the rest is retransmitted at once, and nothing else", () => {
        const s = simulateV13((_client, server) => (server.pathBudget = 70))
        const sent: number[] = []
        // The server's flight: most of ServerHello, the rest with EncryptedExtensions, Finished. The last one is lost.
        s.fault = (_index, toServer, data) => {
            if (!toServer && s.peer !== undefined) sent.push(data.length)
            return !toServer && sent.length === 3 ? [] : [5]
        }
        s.begin()
        s.run(400)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        const finished = 2 + 12 + 32 + 1 + 16
        deepStrictEqual(sent.slice(2, 4), [finished, finished])
        strictEqual(sent.length, 5, "and the acknowledgement of the client's Finished")
    })

    it("[R24] a record of zeros only, and one of an illegal type, end the association with unexpected_message", () => {
        for (const type of [0, 20 + 100]) {
            const s = simulateV13()
            s.connect()
            s.toServer(sealed(s.client, type, Buffer.alloc(3)))
            s.drain()
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.unexpectedMessage)
        }
    })

    it("[V04] a ChangeCipherSpec is discarded, protected or not", () => {
        const s = simulateV13()
        s.connect()
        s.toServer(Buffer.from("14fefd00000000000000090001" + "01", "hex"))
        s.toServer(sealed(s.client, ContentType.changeCipherSpec, Buffer.from([1])))
        s.drain()
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        s.clientSends("still here")
        s.run(2000)
        deepStrictEqual(s.serverMessages, ["still here"])
    })

    const misplaced: [string, number, Buffer][] = [
        ["application data", ContentType.applicationData, Buffer.from("early")],
        [
            "a new handshake message",
            ContentType.handshake,
            wholeMessage(HandshakeType.finished, SERVER_SEQ, Buffer.alloc(32)),
        ],
    ]
    for (const [what, type, plaintext] of misplaced)
        it(`under the handshake keys ${what} ends the association with unexpected_message`, () => {
            const s = unacknowledged()
            s.toClient(sealed(s.serverAssociation(), type, plaintext, 2))
            s.drain()
            strictEqual(s.client.failure?.alert, AlertDescription.unexpectedMessage)
            strictEqual(s.clientMessages.length, 0)
        })
})
