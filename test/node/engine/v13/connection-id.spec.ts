import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { ReturnRoutability } from "../../../../src/dtls/handshake/return-routability.js"
import { ConnectionIdsV13, MAX_SPARES } from "../../../../src/dtls/handshake/v13/connection-ids.js"
import { Discard } from "../../../../src/dtls/record/discard.js"
import { AlertDescription, ContentType } from "../../../../src/dtls/wire/code-points.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { NEW_CONNECTION_ID, REQUEST_CONNECTION_ID } from "../../../../src/dtls/wire/v13/code-points.js"
import { CID_IMMEDIATE, CID_SPARE, writeNewConnectionId } from "../../../../src/dtls/wire/v13/connection-id-messages.js"
import { type Simulation } from "../../../engine/simulation.js"
import { arriveFrom, capture, drops, picture } from "../../../support/connected.js"
import { seededRandom, SpyCrypto } from "../../../support/spy-crypto.js"
import { simulateV13 } from "./versions.js"

/** One side's ids. */
interface Ids {
    id: Buffer
    /** number of the peer's spare ids that it wants */
    spares?: number
}

const NONE = { id: Buffer.alloc(0) }
const SERVER = { id: Buffer.from("c0ffee0102030405", "hex") }

/** message_seq of the first message after the handshake, from a client and from a server. */
const CLIENT_SEQ = 3
const SERVER_SEQ = 4

/** Undefined omits the extension. */
function simulateIds(client: Ids | undefined, server: Ids | undefined, seed = 1): Simulation {
    return simulateV13((ofClient, ofServer) => {
        ofClient.crypto = new SpyCrypto(seed)
        ofServer.crypto = new SpyCrypto(seed + 1000001)
        for (const [settings, ids] of [
            [ofClient, client],
            [ofServer, server],
        ] as const)
            if (ids !== undefined)
                settings.extensions = [
                    new ConnectionIdsV13(settings.crypto, ids.id, ids.spares ?? 0),
                    new ReturnRoutability(),
                ]
    })
}

function connectedIds(client: Ids = NONE, server: Ids = SERVER): Simulation {
    const s = simulateIds(client, server)
    s.connect()
    strictEqual(s.client.phase, AssociationPhase.connected)
    strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    return s
}

const idsOf = ({ extensions }: { extensions: object[] }): ConnectionIdsV13 => extensions[0] as ConnectionIdsV13
const clientIds = (s: Simulation): ConnectionIdsV13 => idsOf(s.clientSettings)
const serverIds = (s: Simulation): ConnectionIdsV13 => idsOf(s.serverSettings)

/** The id in a datagram's first record; empty: it has none. */
function idOf(datagram: Buffer, length: number): string {
    return (datagram[0] & 0xf0) === 0x30 ? datagram.subarray(1, 1 + length).toString("hex") : ""
}

/** A handshake message that one side sends after the handshake, delivered at once. */
function handshakeMessage(s: Simulation, fromClient: boolean, type: number, body: Buffer, seq?: number): void {
    const { write } = (fromClient ? s.client : s.serverAssociation()).record
    const message = wholeMessage(type, seq ?? (fromClient ? CLIENT_SEQ : SERVER_SEQ), body)
    const record = write.protection!.sealRecords(ContentType.handshake, write.nextSequence++, [message], true)
    if (fromClient) s.toServer(record)
    else s.toClient(record)
    s.drain()
}

function exchange(s: Simulation, what = "hello"): void {
    const [ups, downs] = [s.serverMessages.length, s.clientMessages.length]
    s.clientSends(`${what} up`)
    s.run(s.now + 50)
    s.serverSends(`${what} down`)
    s.run(s.now + 50)
    deepStrictEqual([s.serverMessages.slice(ups), s.clientMessages.slice(downs)], [[`${what} up`], [`${what} down`]])
}

describe("connection ids of DTLS 1.3", () => {
    it("[C01] of 0 to 255 bytes are in every protected record of the side whose peer chose one", () => {
        for (const [client, server] of [
            [0, 8],
            [1, 1],
            [8, 0],
            [0, 0],
            [255, 255],
        ]) {
            const s = connectedIds({ id: Buffer.alloc(client, 1) }, { id: Buffer.alloc(server, 2) })
            exchange(s)
            const [up, down] = s.log.slice(-2)
            strictEqual(idOf(up, server), Buffer.alloc(server, 2).toString("hex"))
            strictEqual(idOf(down, client), Buffer.alloc(client, 1).toString("hex"))
            const [ofServer] = s.log.slice(3)
            // The ServerHello's record is followed by one of epoch 2.
            const next = 13 + ofServer.readUInt16BE(11)
            strictEqual(ofServer[next] & 0xf3, client > 0 ? 0x32 : 0x22, "EncryptedExtensions")
            strictEqual(s.log[4][0] & 0xf3, server > 0 ? 0x32 : 0x22, "the client's Finished")
        }
    })

    it("[C01] are not used when only one side supports them", () => {
        for (const [client, server] of [
            [{ id: Buffer.from([1]) }, undefined],
            [undefined, SERVER],
        ]) {
            const s = simulateIds(client, server)
            s.connect()
            exchange(s)
            for (const datagram of s.log.slice(-2)) strictEqual(datagram[0] & 0x10, 0)
        }
    })

    it("[F14] each single datagram lost, each pair of datagrams lost: the handshake completes", () => {
        const isSettled = (s: Simulation): boolean =>
            [s.client, s.peer?.association].every(
                (side) => side?.phase === AssociationPhase.connected && side.snapshot().outboxBytes === 0,
            )
        for (let first = 0; first < 8; first++)
            for (let second = first; second < 12; second++) {
                const s = simulateIds({ id: Buffer.from([1]) }, SERVER)
                s.fault = (index) => (index === first || index === second ? [] : [5])
                s.begin()
                s.run(8000)
                ok(isSettled(s), `datagrams ${first} and ${second} lost`)
            }
    })

    it("let the client change its address with any record, and answers follow it", () => {
        const s = connectedIds()
        for (const address of ["elsewhere|7", "client|2", "elsewhere|7"]) {
            s.clientAddress = address
            s.clientSends(address)
            s.run(s.now + 100)
            strictEqual(s.peer?.key, address)
            strictEqual(s.peer.credit, undefined, "the new address is confirmed")
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
        forged[forged.length - 1] ^= 1
        for (const datagram of [forged, newest]) arriveFrom(s, "forger|1", datagram)
        strictEqual(s.peer?.key, "client|1")
        strictEqual(picture(s.serverAssociation()), before)
        arriveFrom(s, "forger|1", late)
        strictEqual(s.peer.key, "client|1")
        deepStrictEqual(s.serverMessages, ["newest", "late"])
    })

    it("[C07] [C10] at most three times what was received goes to an address that has not answered", () => {
        const s = connectedIds()
        const newest = capture(s, "x".repeat(100))
        s.fault = () => []
        const before = s.log.length
        arriveFrom(s, "victim|1", newest)
        for (let i = 0; i < 50; i++) s.serverSends("x".repeat(100))
        const bytes = s.log.slice(before).reduce((sum, { length }) => sum + length, 0)
        ok(bytes > 0 && bytes <= 3 * newest.length, `${bytes} bytes for ${newest.length}`)
    })

    it("[C02] [C04] of another peer, unknown, or cut anywhere: discarded and counted", () => {
        const s = connectedIds()
        const good = capture(s, "good")
        const before = picture(s.serverAssociation())
        const other = Buffer.from(good)
        other[2] ^= 1
        const unknown = s.server.counters.of(Discard.unknownPeer)
        arriveFrom(s, "client|1", other)
        strictEqual(s.server.counters.of(Discard.unknownPeer), unknown + 1)
        for (let length = 1; length < good.length; length++) arriveFrom(s, "client|1", good.subarray(0, length))
        strictEqual(picture(s.serverAssociation()), before)
        arriveFrom(s, "client|1", good)
        deepStrictEqual(s.serverMessages, ["good"])
    })

    it("[C12] a record that has one where none was negotiated is discarded, with the rest of its datagram", () => {
        const s = connectedIds(NONE, NONE)
        const good = capture(s, "good")
        const before = picture(s.serverAssociation())
        const withId = Buffer.concat([Buffer.from([good[0] | 0x10, 7]), good.subarray(1)])
        arriveFrom(s, "client|1", withId)
        arriveFrom(s, "client|1", Buffer.concat([withId, good]))
        strictEqual(picture(s.serverAssociation()), before)
        strictEqual(drops(s.serverAssociation())["truncated"], 2)
        arriveFrom(s, "client|1", good)
        deepStrictEqual(s.serverMessages, ["good"])
    })

    it("[C09] differ from peer to peer", () => {
        const s = simulateIds(NONE, NONE)
        const ids = new Set<string>()
        for (let i = 0; i < 20; i++) {
            s.serverSettings.extensions = [new ConnectionIdsV13(s.serverSettings.crypto, Buffer.from([1]), 0)]
            s.clientSettings.extensions = [new ConnectionIdsV13(s.clientSettings.crypto, NONE.id, 0)]
            s.clientAddress = `client|${i}`
            s.rebootClient()
            s.connect()
            strictEqual(s.client.phase, AssociationPhase.connected)
            ids.add(serverIds(s).local.toString("hex"))
        }
        strictEqual(s.server.peerCount(), 20)
        strictEqual(ids.size, 20)
    })
})

describe("new connection ids (RFC 9147 §9)", () => {
    it("[C11] spare ones are requested after the handshake, as many as are wanted, and again once one was used", () => {
        const s = connectedIds({ ...NONE, spares: 2 })
        strictEqual(clientIds(s).spareCount(), 2)
        strictEqual(serverIds(s).givenCount(), 2)
        const used = new Set<string>()
        for (let i = 0; i < 10; i++) {
            used.add(clientIds(s).remote.toString("hex"))
            s.client.useNewPath()
            exchange(s)
            strictEqual(clientIds(s).spareCount(), 2)
        }
        strictEqual(used.size, 10)
        // The one in use, the previous one for late records, and the spare ones.
        strictEqual(s.peer?.connectionIds.length, 4)
    })

    it("[C11] a request for 0 to 255 is answered with as many as there is room for", () => {
        for (const count of [0, 1, MAX_SPARES, MAX_SPARES + 1, 255]) {
            const s = connectedIds()
            handshakeMessage(s, true, REQUEST_CONNECTION_ID, Buffer.from([count]))
            s.run(s.now + 100)
            strictEqual(clientIds(s).spareCount(), Math.min(count, MAX_SPARES))
            handshakeMessage(s, true, REQUEST_CONNECTION_ID, Buffer.from([count]), CLIENT_SEQ + 1)
            s.run(s.now + 100)
            strictEqual(serverIds(s).givenCount(), Math.min(2 * count, MAX_SPARES))
            exchange(s)
        }
    })

    it("[C11] more spare ones than fit are ignored, empty ones too", () => {
        const s = connectedIds()
        const ids = [...Array(100).keys()].map((i) => Buffer.alloc(i % 3, i))
        handshakeMessage(s, false, NEW_CONNECTION_ID, writeNewConnectionId({ ids, usage: CID_SPARE }))
        strictEqual(clientIds(s).spareCount(), MAX_SPARES)
        exchange(s)
    })

    it("[C11] an immediate one is used from the acknowledgement of its message on, and the old ones are retired", () => {
        const s = connectedIds({ id: Buffer.from([1]) })
        const old = serverIds(s).local
        serverIds(s).renew()
        s.server.touched(s.peer!)
        s.run(s.now + 100)
        const renewed = clientIds(s).remote
        ok(!renewed.equals(old))
        deepStrictEqual(serverIds(s).local, renewed)
        strictEqual(idOf(s.log[s.log.length - 1], 8), renewed.toString("hex"))
        exchange(s)
        for (let i = 0; i < 3; i++) {
            serverIds(s).renew()
            s.server.touched(s.peer!)
            s.run(s.now + 100)
        }
        strictEqual(s.peer?.connectionIds.length, 2)
        const late = capture(s, "late")
        old.copy(late, 1)
        const unknown = s.server.counters.of(Discard.unknownPeer)
        arriveFrom(s, "client|1", late)
        strictEqual(s.server.counters.of(Discard.unknownPeer), unknown + 1)
    })

    it("[C11] each datagram of a request, its answer and their acknowledgements lost: they arrive all the same", () => {
        for (let lost = 0; lost < 8; lost++) {
            const s = simulateIds({ ...NONE, spares: 2 }, SERVER)
            s.fault = (index) => (index === 6 + lost ? [] : [5])
            s.connect()
            s.run(s.now + 4000)
            strictEqual(clientIds(s).spareCount(), 2, `datagram ${lost} lost`)
            strictEqual(s.client.snapshot().outboxBytes + s.serverAssociation().snapshot().outboxBytes, 0)
            s.fault = () => [5]
            s.client.useNewPath()
            exchange(s)
        }
    })

    it("[C11] 1,000 seeds of loss, duplication and reordering: both sides change their ids and neither loses the other", function () {
        this.timeout(120000)
        for (let seed = 0; seed < 1000; seed++) {
            const random = seededRandom(seed)
            const s = simulateIds({ id: Buffer.from([1]), spares: 2 }, { ...SERVER, spares: 1 }, seed)
            s.connect()
            const delay = (): number => 5 + random() * 200
            s.fault = () => (random() < 0.2 ? [] : random() < 0.1 ? [delay(), delay()] : [delay()])
            for (let i = 0; i < 4; i++) {
                if (random() < 0.5) s.clientAddress = `client|${i}`
                s.client.useNewPath()
                if (random() < 0.3) serverIds(s).renew()
                s.server.touched(s.peer!)
                s.clientSends(`${i}`)
                s.run(s.now + random() * 3000)
            }
            s.fault = () => [5]
            s.run(s.now + 20000)
            exchange(s, `seed ${seed}`)
            ok(s.peer!.connectionIds.length <= 3 + MAX_SPARES)
            ok(s.sent < 200, `seed ${seed}: ${s.sent} datagrams`)
        }
    })

    it("[C13] no id appears on both the old path and the new one, in either direction, where both sides have spare ones", () => {
        const s = connectedIds({ id: Buffer.from([1, 2, 3, 4]), spares: 1 }, { ...SERVER, spares: 1 })
        const seen = (from: number): Set<string> =>
            new Set(s.log.slice(from).flatMap((datagram) => [idOf(datagram, 8), idOf(datagram, 4)]))
        exchange(s)
        const old = seen(0)
        const before = s.sent
        s.clientAddress = "elsewhere|7"
        s.client.useNewPath()
        exchange(s)
        strictEqual(s.peer?.key, "elsewhere|7")
        for (const id of seen(before)) ok(!old.has(id), id)
    })

    it("[C13] without a spare one the id stays: the association continues", () => {
        const s = connectedIds()
        const { remote } = clientIds(s)
        s.client.useNewPath()
        strictEqual(clientIds(s).remote, remote)
        exchange(s)
    })

    it("[C11] messages that the negotiated ids do not allow end the association with unexpected_message, malformed ones with their own alert", () => {
        const one = writeNewConnectionId({ ids: [Buffer.from([1])], usage: CID_SPARE })
        const cases: [Ids | undefined, Ids | undefined, number, Buffer, AlertDescription][] = [
            [undefined, SERVER, REQUEST_CONNECTION_ID, Buffer.from([1]), AlertDescription.unexpectedMessage],
            [undefined, SERVER, NEW_CONNECTION_ID, one, AlertDescription.unexpectedMessage],
            // A server whose client has no id sends none, and none must be sent to it.
            [NONE, NONE, REQUEST_CONNECTION_ID, Buffer.from([1]), AlertDescription.unexpectedMessage],
            [NONE, SERVER, NEW_CONNECTION_ID, one, AlertDescription.unexpectedMessage],
            [NONE, SERVER, REQUEST_CONNECTION_ID, Buffer.alloc(0), AlertDescription.decodeError],
            [NONE, SERVER, REQUEST_CONNECTION_ID, Buffer.alloc(2), AlertDescription.decodeError],
            [SERVER, SERVER, NEW_CONNECTION_ID, one.subarray(0, 3), AlertDescription.decodeError],
            [SERVER, SERVER, NEW_CONNECTION_ID, Buffer.from([0, 2, 2, 1, 1]), AlertDescription.decodeError],
            [SERVER, SERVER, NEW_CONNECTION_ID, Buffer.from([0, 0, 2]), AlertDescription.illegalParameter],
            [SERVER, SERVER, NEW_CONNECTION_ID, Buffer.from([0, 0, CID_IMMEDIATE]), AlertDescription.illegalParameter],
        ]
        for (const [client, server, type, body, alert] of cases) {
            const s = simulateIds(client, server)
            s.connect()
            handshakeMessage(s, true, type, body)
            const { failure } = s.serverAssociation()
            strictEqual(failure?.alert, alert, body.toString("hex"))
            s.run(s.now + 100)
            strictEqual(s.client.failure?.reason, FailureReason.peerAlert)
        }
    })
})
