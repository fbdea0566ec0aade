import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { createDecipheriv } from "node:crypto"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Verified } from "../../../src/dtls/record/record-layer.js"
import { ConnectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { ReturnRoutability } from "../../../src/dtls/handshake/return-routability.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { Discard } from "../../../src/dtls/record/discard.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { protectByAead } from "../../../src/dtls/record/v12/cid-protection.js"
import { AlertDescription, ContentType } from "../../../src/dtls/wire/code-points.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { listTables, Simulation, testSettings } from "../../engine/simulation.js"
import { arriveFrom, capture, drops, picture } from "../../support/connected.js"

const serverId = Buffer.from("c0ffee0102030405", "hex")

/** Client and server with their own ids; `undefined` omits the extension. */
function simulateIds(client: Buffer | undefined, server: Buffer | undefined): Simulation {
    const crypto = new NodeCryptoProvider()
    const [ofClient, ofServer] = [testSettings(crypto), testSettings(crypto)]
    if (client !== undefined) ofClient.extensions = [new ConnectionIds(client)]
    if (server !== undefined) ofServer.extensions = [new ConnectionIds(server)]
    return new Simulation(ofClient, ofServer, listTables())
}

function connectedIds(client = Buffer.alloc(0), server = serverId): Simulation {
    const s = simulateIds(client, server)
    s.connect()
    strictEqual(s.client.phase, AssociationPhase.connected)
    strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    return s
}

describe("connection ids (RFC 9146)", () => {
    it("[C01] are in the records of the side whose peer chose one, from its Finished on", () => {
        for (const [client, server] of [
            [Buffer.alloc(0), serverId],
            [Buffer.from([1, 2]), serverId],
            [Buffer.from([1]), Buffer.alloc(0)],
            [Buffer.alloc(32, 5), Buffer.alloc(8, 6)],
            [Buffer.alloc(255, 7), Buffer.alloc(255, 9)],
        ]) {
            const s = connectedIds(client, server)
            s.clientSends("up")
            s.serverSends("down")
            s.run(s.now + 100)
            deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
            const [up, down] = s.log.slice(-2)
            strictEqual(up[0], server.length > 0 ? ContentType.tls12Cid : ContentType.applicationData)
            strictEqual(down[0], client.length > 0 ? ContentType.tls12Cid : ContentType.applicationData)
            if (server.length > 0) deepStrictEqual(up.subarray(11, 11 + server.length), server)
        }
    })

    it("[C01] are not used when only one side supports them: records keep their form", () => {
        for (const [client, server] of [
            [Buffer.from([1]), undefined],
            [undefined, serverId],
        ]) {
            const s = simulateIds(client, server)
            s.connect()
            s.clientSends("up")
            s.run(s.now + 100)
            deepStrictEqual(s.serverMessages, ["up"])
            strictEqual(s.log[s.log.length - 1][0], ContentType.applicationData)
        }
    })

    it("let the client change its address with any record, and answers follow it", () => {
        const s = connectedIds()
        for (const address of ["elsewhere|7", "client|2", "elsewhere|7"]) {
            s.clientAddress = address
            s.clientSends(address)
            s.run(s.now + 100)
            strictEqual(s.peer?.key, address)
            strictEqual(s.peer.address, address)
        }
        deepStrictEqual(s.serverMessages, ["elsewhere|7", "client|2", "elsewhere|7"])
        strictEqual(s.server.peerCount(), 1)
    })

    it("[C06] move the address with the newest verified record only: not with a forgery, a replay or a late record", () => {
        const s = connectedIds()
        const [late, newest] = [capture(s, "late"), capture(s, "newest")]
        arriveFrom(s, "client|1", newest)
        const before = picture(s.serverAssociation())
        const forged = Buffer.from(newest)
        forged.writeUIntBE(99, 5, 6)
        for (const datagram of [forged, newest]) arriveFrom(s, "forger|1", datagram)
        strictEqual(s.peer?.key, "client|1")
        strictEqual(picture(s.serverAssociation()), before)
        arriveFrom(s, "forger|1", late)
        strictEqual(s.peer.key, "client|1")
        deepStrictEqual(s.serverMessages, ["newest", "late"])
    })

    it("do not take over an address from the peer that is known there", () => {
        const s = connectedIds()
        const first = s.client
        s.clientSettings.extensions = []
        s.serverSettings.extensions = [new ConnectionIds(Buffer.from("0102030405060708", "hex"))]
        s.rebootClient()
        s.clientAddress = "other|1"
        s.connect()
        const other = s.peer
        ok(other !== undefined && s.server.peerCount() === 2)
        const datagram = Buffer.concat([first.record.sealMessages([Buffer.from("from the other's address")])!])
        arriveFrom(s, "other|1", datagram)
        deepStrictEqual(s.serverMessages, ["from the other's address"])
        s.clientSends("still here")
        s.run(s.now + 100)
        deepStrictEqual(s.serverMessages, ["from the other's address", "still here"])
    })

    it("[C09] differ from peer to peer: a server draws another one where its id is taken, and uses none where all are", () => {
        const crypto = new NodeCryptoProvider()
        const server = testSettings(crypto)
        const s = new Simulation(
            { ...testSettings(crypto), extensions: [new ConnectionIds(Buffer.alloc(0))] },
            server,
            listTables(),
        )
        const ids = new Set<string>()
        for (let i = 0; i < 20; i++) {
            const own = new ConnectionIds(Buffer.from([1]))
            server.extensions = [own]
            s.clientAddress = `client|${i}`
            s.clientSettings.extensions = [new ConnectionIds(Buffer.alloc(0))]
            s.rebootClient()
            s.connect()
            strictEqual(s.client.phase, AssociationPhase.connected)
            ids.add(own.local.toString("hex"))
        }
        strictEqual(s.server.peerCount(), 20)
        strictEqual(ids.size, 20)
    })

    it("are kept with a Finished that arrives before the keys: a slow key lookup costs no retransmission", () => {
        const s = simulateIds(Buffer.alloc(0), serverId)
        s.serverAnswers = false
        s.begin()
        s.run(500)
        strictEqual(s.serverAssociation().phase, AssociationPhase.handshaking)
        const { sent } = s
        s.answerServer()
        s.drain()
        s.run(600)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.sent, sent + 1)
    })

    it("refuse an extension of the wrong length with decode_error", () => {
        for (const data of ["", "02", "0101ff", "0201"]) {
            const ids = new ConnectionIds(serverId)
            strictEqual(ids.accept(Buffer.from(data, "hex")), AlertDescription.decodeError, data)
            strictEqual(ids.agreed, false)
        }
    })

    it("[C02] [C04] are required: records without an id, with another id, or cut anywhere are discarded and counted", () => {
        const s = connectedIds()
        const good = capture(s, "good")
        const before = picture(s.serverAssociation())
        const other = Buffer.from(good)
        other[12] ^= 1
        const without = Buffer.concat([Buffer.from([23]), good.subarray(1, 11), good.subarray(19)])
        const cuts = Array.from({ length: good.length - 1 }, (_, length) => good.subarray(0, length + 1))
        for (const datagram of [other, without, ...cuts]) arriveFrom(s, "client|1", datagram)
        strictEqual(picture(s.serverAssociation()), before)
        ok(Object.keys(drops(s.serverAssociation())).length > 0)
        arriveFrom(s, "client|1", good)
        deepStrictEqual(s.serverMessages, ["good"])
    })

    it("[C04] that are unknown never match the peer at that address; [C05] one corrupt record costs no other of its datagram", () => {
        const s = connectedIds()
        const [first, second] = [capture(s, "first"), capture(s, "second")]
        const unknown = Buffer.from(first)
        unknown[11] ^= 1
        const before = s.server.counters.of(Discard.unknownPeer)
        arriveFrom(s, "client|1", unknown)
        strictEqual(s.server.counters.of(Discard.unknownPeer), before + 1)
        const spoilt = Buffer.from(second)
        spoilt[11] ^= 1
        arriveFrom(s, "client|1", Buffer.concat([first, spoilt, second]))
        deepStrictEqual(s.serverMessages, ["first", "second"])
    })

    it("close the association by its id from a new address", () => {
        const s = connectedIds()
        s.clientAddress = "elsewhere|9"
        s.client.shutdown(true, true)
        s.drain()
        s.run(s.now + 100)
        strictEqual(s.serverAssociation().peerClosed, true)
        s.serverAssociation().drop(FailureReason.closedLocally)
        s.server.touched(s.peer!)
        strictEqual(s.server.peerCount(), 0)
    })

    it("[C03 part] protect header, id and inner type as RFC 9146 §5.3 says: node:crypto opens a record by the RFC's description", () => {
        const crypto = new NodeCryptoProvider()
        for (const { aead, name } of allSuites()) {
            const key = Buffer.alloc(aead.keyLength, 1)
            const iv = Buffer.alloc(aead.fixedIvLength, 2)
            const keyed = crypto.newAead(aead.algorithm, key)
            const record = protectByAead(keyed, 1, Buffer.from(iv), serverId).sealRecords(22, 5, [Buffer.from("text")])
            const [number, id] = [record.subarray(3, 11), record.subarray(11, 19)]
            const explicit = record.subarray(21, 21 + aead.explicitNonceLength)
            const sealed = record.subarray(21 + explicit.length)
            const length = sealed.length - aead.tagLength
            const nonce =
                explicit.length > 0
                    ? Buffer.concat([iv, explicit])
                    : Buffer.from(iv.map((byte, i) => (i < 4 ? byte : byte ^ number[i - 4])))
            const decipher = createDecipheriv(aead.opensslName as "aes-128-gcm", key, nonce, {
                authTagLength: aead.tagLength,
            })
            const placeholder = Buffer.alloc(8, 0xff)
            const middle = Buffer.from([25, id.length, 25, 0xfe, 0xfd])
            const aad = Buffer.concat([placeholder, middle, number, id, Buffer.from([0, length])])
            decipher.setAAD(aad, { plaintextLength: length })
            decipher.setAuthTag(sealed.subarray(length))
            const inner = Buffer.concat([decipher.update(sealed.subarray(0, length)), decipher.final()])
            deepStrictEqual(inner, Buffer.from("text\x16"), name)
        }
    })

    it("may come with padding: zeros behind the inner type", () => {
        const s = connectedIds()
        const padded = Buffer.concat([Buffer.from("padded"), Buffer.from([23, 0, 0, 0])])
        s.toServer(s.client.record.write.protection!.sealRecords(0, 40, [padded]))
        s.toServer(s.client.record.write.protection!.sealRecords(0, 41, [Buffer.alloc(5)]))
        s.drain()
        deepStrictEqual(s.serverMessages, ["padded"])
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    })

    it("show whether the newest record verified", () => {
        const s = connectedIds()
        const [first, second] = [capture(s, "1"), capture(s, "2")]
        const server = s.serverAssociation()
        strictEqual(server.receive(second, second.length, s.now), Verified.newest)
        strictEqual(server.receive(first, first.length, s.now), Verified.older)
        strictEqual(server.receive(first, first.length, s.now), Verified.none)
        s.server.touched(s.peer!)
        s.drain()
    })
})

/** With connection ids, and return routability on the given sides. */
function connectedRouted(client: boolean, server: boolean): Simulation {
    const s = simulateIds(Buffer.alloc(0), serverId)
    if (client) s.clientSettings.extensions.push(new ReturnRoutability())
    if (server) s.serverSettings.extensions.push(new ReturnRoutability())
    s.connect()
    strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    return s
}

/** Lets the server send messages of 100 bytes. @returns number of datagrams sent */
function sentByServer(s: Simulation, count: number): number {
    const before = s.sent
    for (let i = 0; i < count; i++) s.serverSends("x".repeat(100))
    return s.sent - before
}

describe("return routability (RFC 9853)", () => {
    it("asks the peer to answer from a new address, and lifts the limit once it has", () => {
        const s = connectedRouted(true, true)
        s.clientAddress = "elsewhere|7"
        const { sent } = s
        s.clientSends("up")
        s.run(s.now + 100)
        // The message, the challenge and its response.
        strictEqual(s.sent, sent + 3)
        strictEqual(s.peer?.credit, undefined)
        deepStrictEqual(s.serverMessages, ["up"])
        strictEqual(sentByServer(s, 50), 50)
    })

    it("[C07] [C10] sends at most three times what it received to an address that has not answered", () => {
        for (const [client, server] of [
            [true, true],
            [false, true],
            [false, false],
        ]) {
            const s = connectedRouted(client, server)
            const newest = capture(s, "x".repeat(100))
            // Datagrams to the victim are not answered.
            s.fault = () => []
            const before = s.log.length
            arriveFrom(s, "victim|1", newest)
            sentByServer(s, 50)
            const bytes = s.log.slice(before).reduce((sum, { length }) => sum + length, 0)
            ok(bytes > 0 && bytes <= 3 * newest.length, `${bytes} bytes for ${newest.length}`)
        }
    })

    it("[C08] two records from a new address end in one confirmed path: challenges and responses do not loop", () => {
        const s = connectedRouted(true, true)
        const before = s.sent
        s.clientAddress = "elsewhere|7"
        s.clientSends("first")
        s.clientSends("second")
        s.run(s.now + 1000)
        strictEqual(s.peer?.credit, undefined)
        // The messages, a challenge for each, and the responses.
        ok(s.sent - before <= 6, `${s.sent - before} datagrams`)
    })

    it("[C08] challenges again with each new record when the challenge or its response was lost", () => {
        for (const lost of [1, 2]) {
            const s = connectedRouted(true, true)
            const { fault } = s
            s.clientAddress = "elsewhere|7"
            let count = 0
            s.fault = () => (count++ === lost ? [] : [5])
            s.clientSends("first")
            s.run(s.now + 100)
            ok(s.peer?.credit !== undefined, `datagram ${lost} was lost`)
            s.fault = fault
            s.clientSends("second")
            s.run(s.now + 100)
            strictEqual(s.peer.credit, undefined, `datagram ${lost} was lost`)
        }
    })

    it("[C08] keeps nothing of the addresses tried: each move replaces the one before", () => {
        const s = connectedRouted(true, true)
        s.fault = () => []
        for (let i = 0; i < 100; i++) {
            s.clientSends(`${i}`)
            arriveFrom(s, `flood|${i}`, s.log[s.log.length - 1])
        }
        strictEqual(s.peer?.key, "flood|99")
        strictEqual(s.server.peerCount(), 1)
    })

    it("returns to the genuine address with the next record from there, and confirms it", () => {
        const s = connectedRouted(true, true)
        const { fault } = s
        const stolen = capture(s, "stolen")
        s.fault = () => []
        arriveFrom(s, "victim|1", stolen)
        strictEqual(s.peer?.key, "victim|1")
        s.fault = fault
        s.clientSends("still here")
        s.run(s.now + 100)
        strictEqual(s.peer.key, "client|1")
        strictEqual(s.peer.credit, undefined)
    })

    it("accepts only a response with the right cookie, and answers no challenge before both sides agreed", () => {
        const crypto = new NodeCryptoProvider()
        const check = new ReturnRoutability()
        const challenge = check.challenge(crypto)
        strictEqual(check.take(challenge), undefined)
        strictEqual(check.accept(Buffer.alloc(1)), AlertDescription.decodeError)
        strictEqual(check.accept(Buffer.alloc(0)), AlertDescription.none)
        const peer = new ReturnRoutability()
        peer.accept(Buffer.alloc(0))
        const response = peer.take(challenge)
        ok(response !== undefined)
        for (const wrong of [
            Buffer.concat([response, Buffer.alloc(1)]),
            response.subarray(0, 8),
            Buffer.from([2, ...response.subarray(1)]),
            Buffer.from([1, ...Buffer.alloc(8)]),
        ]) {
            check.take(wrong)
            strictEqual(check.isConfirmed(), false)
        }
        check.take(response)
        strictEqual(check.isConfirmed(), true)
    })

    it("ignores records of unknown types, even with two bytes that look like an alert", () => {
        const s = connectedIds()
        for (const type of [0, 19, 24, 26, 27, 99, 255]) {
            s.toServer(s.client.record.write.protection!.sealRecords(type, 50 + type, [Buffer.from([2, 40])]))
            s.drain()
        }
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        // A type of 0 is padding, so the byte before it is the type.
        strictEqual(drops(s.serverAssociation())["unexpected"], 7)
    })
})
