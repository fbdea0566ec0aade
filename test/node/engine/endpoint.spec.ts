import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { sourceHost } from "../../../src/dtls/endpoint/source-host.js"
import { NEVER } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { gatewayLimits, type Limits, mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { Discard } from "../../../src/dtls/record/discard.js"
import { AlertDescription, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { ManyClients, type TestClient } from "../../support/many-clients.js"
import { handshake, records } from "../../support/wire.js"

function serverWith(limits: Limits, crypto = new SpyCrypto()): ManyClients {
    return new ManyClients(crypto, (server) => (server.limits = limits))
}

/** Number of peers that ended for this reason. */
function endedBy(many: ManyClients, reason: FailureReason): number {
    return [...many.peers].filter(({ association }) => association.failure?.reason === reason).length
}

const lastType = (client: TestClient): number => records(client.received.at(-1) as Buffer)[0].header.type

describe("a small server endpoint", () => {
    it("a sensor that restarts from a new port each time never locks itself out", () => {
        const many = serverWith(mcuLimits())
        for (let restart = 0; restart < 20; restart++) {
            const client = many.connect(`192.0.2.1|${1000 + restart}`, "sensor")
            ok(many.isConnected(client), `restart ${restart}`)
            ok(many.server.peerCount() <= mcuLimits().sessionsPerIdentity)
        }
        strictEqual(endedBy(many, FailureReason.replaced), 18)
    })

    it("one key holder does not evict other identities", () => {
        const many = serverWith(mcuLimits())
        const others = ["a", "b"].map((identity, i) => many.connect(`192.0.2.1|${i + 1}`, identity))
        for (let i = 0; i < 50; i++) many.connect(`192.0.2.2|${i + 1}`, "greedy")
        ok(others.every((client) => many.isConnected(client)))
    })

    it("an old session is replaced only when the new handshake's Finished has verified", () => {
        const many = serverWith({ ...mcuLimits(), sessionsPerIdentity: 1 })
        const old = many.connect("192.0.2.1|1", "sensor")
        many.toServer(many.cookieValidHello("192.0.2.9|1"), "192.0.2.9|1")
        strictEqual(many.server.halfOpenCount(), 1)
        ok(many.isConnected(old))
        ok(many.isConnected(many.connect("192.0.2.1|2", "sensor")))
        ok(!many.isConnected(old))
        strictEqual(many.server.peerCount(), 1)
    })

    it("a full endpoint evicts the peer heard from longest ago, with close_notify", () => {
        const many = serverWith(mcuLimits())
        const clients = ["a", "b", "c", "d"].map((identity, i) => many.connect(`192.0.2.${i}|1`, identity))
        many.send(clients[0], "still here")
        ok(many.isConnected(many.connect("192.0.2.9|1", "e")))
        strictEqual(clients.map((client) => many.isConnected(client)).join(), "true,false,true,true")
        strictEqual(endedBy(many, FailureReason.evicted), 1)
        strictEqual(many.server.counters.of(Discard.peerLimit), 1)
    })

    it("with refuseWhenFull established peers stay and new handshakes are refused", () => {
        const many = serverWith({ ...mcuLimits(), refuseWhenFull: true })
        const clients = ["a", "b", "c", "d"].map((identity, i) => many.connect(`192.0.2.${i}|1`, identity))
        ok(!many.isConnected(many.connect("192.0.2.9|1", "e")))
        ok(clients.every((client) => many.isConnected(client)))
        ok(many.server.counters.of(Discard.peerLimit) > 0)
        ok(many.isConnected(many.connect(clients[0].key, "a")), "a new handshake from the address of an old session")
    })

    it("handshakes of one host replace each other, not those of other hosts", () => {
        const many = serverWith(mcuLimits())
        const slow = "192.0.2.1|1"
        many.toServer(many.cookieValidHello(slow), slow)
        for (let i = 0; i < 50; i++) {
            const key = `198.51.100.7|${1000 + i}`
            many.toServer(many.cookieValidHello(key), key)
        }
        strictEqual(many.server.halfOpenCount(), 2)
        strictEqual([...many.peers].find((peer) => peer.key === slow)?.association.phase, AssociationPhase.handshaking)
    })

    it("a handshake past its ClientKeyExchange is not evicted for one before it", () => {
        const many = serverWith({ ...mcuLimits(), halfOpenPeers: 3 })
        const advanced = many.begin("192.0.2.1|1", "sensor")
        let dropped: Buffer | undefined
        const receive = many.server.receive.bind(many.server)
        // The Finished is lost: only the ClientKeyExchange of the client's last flight arrives.
        many.server.receive = (datagram, length, from, now) => {
            const [first, ...rest] = records(Buffer.from(datagram.subarray(0, length)))
            const isLastFlight = first.fragment[0] === HandshakeType.clientKeyExchange
            if (isLastFlight && rest.length > 0) dropped = datagram
            const data = isLastFlight ? first.bytes : datagram
            receive(data, data.length, from, now)
        }
        many.settle()
        ok(dropped !== undefined)
        for (let i = 0; i < 20; i++) {
            const key = `198.51.100.${i}|1`
            many.toServer(many.cookieValidHello(key), key)
        }
        many.server.receive = receive
        many.toServer(dropped, advanced.key)
        ok(many.isConnected(advanced))
        strictEqual(lastType(advanced), 20)
    })

    it("every table is empty and every timer stopped when all peers have left", () => {
        const many = serverWith({ ...gatewayLimits(), peers: 5, sessionsPerIdentity: 2, halfOpenPeers: 4 })
        const clients = Array.from({ length: 12 }, (_, i) => many.connect(`192.0.2.${i}|1`, `s${i % 4}`))
        for (let i = 0; i < 9; i++) many.toServer(many.cookieValidHello(`203.0.113.${i}|1`), `203.0.113.${i}|1`)
        for (const client of clients) many.shutdown(client)
        for (const peer of many.peers) {
            peer.association.shutdown(true, true)
            many.server.touched(peer)
        }
        many.settle()
        strictEqual(many.server.peerCount() + many.server.halfOpenCount(), 0)
        strictEqual(many.server.deadline(), NEVER)
        strictEqual(many.server.nextReady(), undefined)
    })

    it("the source host is the IPv4 address, or the network part of an IPv6 address", () => {
        const table = {
            "192.0.2.1|5684": "192.0.2.1",
            "::ffff:192.0.2.1|5684": "192.0.2.1",
            "2001:db8:1:2:3:4:5:6|5684": "2001:db8:1:2",
            "2001:db8:1:2::1|5684": "2001:db8:1:2",
            "2001:db8::1|5684": "2001:db8:0:0",
            "::1|5684": "0:0:0:0",
            "fe80::1%eth0|5684": "fe80:0:0:0",
            "1:2::|1": "1:2:0:0",
            client: "client",
        }
        for (const [key, host] of Object.entries(table)) strictEqual(sourceHost(key), host)
    })
})

describe("a server endpoint whose peers are hostile", () => {
    it("a hello with a message_seq near the field's maximum is discarded, even with a valid cookie", () => {
        const many = serverWith(gatewayLimits())
        const hello = many.cookieValidHello("192.0.2.1|1", 16)
        many.toServer(hello, "192.0.2.1|1")
        strictEqual(many.server.halfOpenCount(), 1)
        for (const messageSeq of [17, 255, 65534, 65535]) {
            const before = many.server.counters.of(Discard.unknownPeer)
            const body = records(hello)[0].fragment.subarray(12)
            many.toServer(handshake(HandshakeType.clientHello, messageSeq, Buffer.from(body)), "192.0.2.2|1")
            strictEqual(many.server.counters.of(Discard.unknownPeer), before + 1)
        }
        strictEqual(many.replies.get("192.0.2.2|1"), undefined)
    })

    it("cryptography that throws ends only the peer it worked for, with internal_error and the cause", () => {
        const crypto = new SpyCrypto()
        const many = serverWith(gatewayLimits(), crypto)
        const healthy = many.connect("192.0.2.1|1", "healthy")
        crypto.newHash = () => {
            throw new RangeError("too many open handles")
        }
        many.watch!.mayBreak = true
        many.toServer(many.cookieValidHello("192.0.2.2|1"), "192.0.2.2|1")
        const [peer] = [...many.peers].filter(({ key }) => key === "192.0.2.2|1")
        const { failure } = peer.association
        strictEqual(failure?.reason, FailureReason.internalError)
        strictEqual(failure.cause, "too many open handles")
        const alert = records(many.replies.get("192.0.2.2|1") as Buffer)[0]
        strictEqual(alert.fragment.toString("hex"), Buffer.from([2, AlertDescription.internalError]).toString("hex"))
        strictEqual(many.server.halfOpenCount(), 0)
        many.send(healthy, "still served")
        ok(many.isConnected(healthy))
    })

    it("every handshake under way has a deadline, by which it ends", () => {
        const many = serverWith(gatewayLimits())
        for (let i = 0; i < 30; i++) many.toServer(many.cookieValidHello(`192.0.2.${i}|1`), `192.0.2.${i}|1`)
        strictEqual(many.server.halfOpenCount(), 30)
        while (many.server.deadline() <= 64000) many.tick(many.server.deadline())
        strictEqual(many.server.halfOpenCount(), 0)
        strictEqual(endedBy(many, FailureReason.timeout), 30)
    })
})
