import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { ConnectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { OldPath } from "../../../src/dtls/handshake/hello-extension.js"
import { EnhancedReturnRoutability, ReturnRoutability } from "../../../src/dtls/handshake/return-routability.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { ConnectionIdsV13 } from "../../../src/dtls/handshake/v13/connection-ids.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { type Simulation } from "../../engine/simulation.js"
import { arriveFrom, capture, simulate } from "../../support/connected.js"
import { simulateV13 } from "./v13/versions.js"

const SERVER_ID = Buffer.from("c0ffee0102030405", "hex")
const OLD = "client|1"
const NEW = "client|2"
const ATTACKER = "attacker|9"

/** A client and a server with addresses for both directions. */
interface Paths {
    s: Simulation
    /** addresses at which the client can be reached */
    reached: Set<string>
    /** destinations of the server's datagrams, oldest first */
    sentTo: string[]
    /** bytes sent to each address */
    bytesTo: Record<string, number>
}

type Ids = (settings: AssociationSettings, id: Buffer) => ConnectionIds

const versions: [string, (change: (c: AssociationSettings, s: AssociationSettings) => void) => Simulation, Ids][] = [
    ["1.2", simulate, (_settings, id) => new ConnectionIds(id)],
    ["1.3", simulateV13, (settings, id) => new ConnectionIdsV13(settings.crypto, id, 0)],
]

/** @param form the server's; the client prefers the path of its newest address */
function connected(version: (typeof versions)[number], form: "basic" | "enhanced"): Paths {
    const [, make, ids] = version
    let arrivedAt = OLD
    const s: Simulation = make((client, server) => {
        const check = new EnhancedReturnRoutability(() => arrivedAt === s.clientAddress)
        client.extensions = [ids(client, Buffer.alloc(0)), check]
        const own = form === "basic" ? new ReturnRoutability() : new EnhancedReturnRoutability(() => true)
        server.extensions = [ids(server, SERVER_ID), own]
    })
    const paths: Paths = { s, reached: new Set([OLD]), sentTo: [], bytesTo: {} }
    s.connect()
    s.run(s.now + 1000)
    strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    s.fault = (_index, toServer, data) => {
        if (toServer) return [5]
        const { key } = s.peer!
        paths.sentTo.push(key)
        paths.bytesTo[key] = (paths.bytesTo[key] ?? 0) + data.length
        if (!paths.reached.has(key)) return []
        arrivedAt = key
        return [5]
    }
    return paths
}

/** An attacker that sees the client's records sends copies from its own address, which arrive first. */
function forwardCopies(s: Simulation): void {
    const { fault } = s
    s.fault = (index, toServer, data) => {
        if (toServer) arriveFrom(s, ATTACKER, data)
        return fault(index, toServer, data)
    }
}

for (const version of versions)
    describe(`enhanced return routability, DTLS ${version[0]} (RFC 9853 §5.2)`, () => {
        it("[C08] the old path is dead: it is probed twice in a second, then the new one, which the peer confirms", () => {
            const { s, reached, sentTo } = connected(version, "enhanced")
            reached.delete(OLD)
            reached.add(NEW)
            s.clientAddress = NEW
            const { now } = s
            s.clientSends("up")
            s.run(now + 900)
            deepStrictEqual(sentTo, [OLD, OLD])
            strictEqual(s.peer?.key, OLD)
            s.run(now + 1100)
            deepStrictEqual(sentTo, [OLD, OLD, NEW])
            deepStrictEqual([s.peer.key, s.peer.credit], [NEW, undefined])
            s.serverSends("down")
            s.run(s.now + 100)
            deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
        })

        it("[C08] [C10] both paths are alive and the peer prefers the old one: forwarded records change nothing", () => {
            const { s, sentTo } = connected(version, "enhanced")
            forwardCopies(s)
            for (let i = 0; i < 5; i++) {
                s.clientSends(`${i}`)
                s.run(s.now + 100)
                s.serverSends(`down ${i}`)
                s.run(s.now + 2000)
            }
            strictEqual(s.peer?.key, OLD)
            ok(!sentTo.includes(ATTACKER))
            deepStrictEqual([s.serverMessages.length, s.clientMessages.length], [5, 5])
        })

        it("in the basic form the same attacker gets the server's datagrams after the first record", () => {
            const { s, sentTo, reached } = connected(version, "basic")
            // The attacker forwards what is sent to the client, too.
            reached.add(ATTACKER)
            forwardCopies(s)
            s.clientSends("up")
            s.run(s.now + 1000)
            strictEqual(s.peer?.key, ATTACKER)
            deepStrictEqual(sentTo, [ATTACKER])
        })

        it("both paths are alive and the peer prefers the new one: path_drop on the old, path_response on the new", () => {
            const { s, reached, sentTo } = connected(version, "enhanced")
            reached.add(NEW)
            // A response on the old path also leaves on it.
            const { fault } = s
            s.fault = (index, toServer, data) => {
                if (!toServer || sentTo.length !== 1) return fault(index, toServer, data)
                arriveFrom(s, OLD, data)
                return []
            }
            s.clientAddress = NEW
            s.clientSends("up")
            s.run(s.now + 200)
            deepStrictEqual(sentTo, [OLD, NEW])
            deepStrictEqual([s.peer?.key, s.peer?.credit], [NEW, undefined])
        })

        it("[C07] nothing goes to the new address before the old one is dead, and then at most three times what came from there", () => {
            const { s, reached, bytesTo } = connected(version, "enhanced")
            reached.clear()
            const stolen = capture(s, "x".repeat(100))
            arriveFrom(s, "victim|1", stolen)
            for (let i = 0; i < 50; i++) {
                s.serverSends("y".repeat(100))
                s.run(s.now + 15)
            }
            strictEqual(bytesTo["victim|1"], undefined)
            s.run(s.now + 1000)
            for (let i = 0; i < 50; i++) s.serverSends("y".repeat(100))
            const bytes: number = bytesTo["victim|1"] ?? 0
            ok(bytes > 0 && bytes <= 3 * stolen.length, `${bytes}`)
        })

        it("[C08] one challenge to the old path is lost: the attacker gains nothing", () => {
            const { s, sentTo, reached } = connected(version, "enhanced")
            const stolen = capture(s, "copied")
            reached.delete(OLD)
            arriveFrom(s, ATTACKER, stolen)
            s.run(s.now + 300)
            reached.add(OLD)
            s.run(s.now + 5000)
            deepStrictEqual([s.peer?.key, sentTo.includes(ATTACKER)], [OLD, false])
        })

        it("[C08] records from a hundred addresses: one candidate, and a challenge to the old path for each", () => {
            const { s, sentTo, reached } = connected(version, "enhanced")
            reached.clear()
            for (let i = 0; i < 100; i++) arriveFrom(s, `flood|${i}`, capture(s, `${i}`))
            strictEqual(sentTo.length, 100)
            ok(sentTo.every((key) => key === OLD))
            s.run(s.now + 5000)
            deepStrictEqual([s.peer?.key, sentTo.length], ["flood|99", 102])
            strictEqual(s.server.peerCount(), 1)
        })

        it("[C08] what the server sends still arrives, what the client sends has a new address: no endless exchange", () => {
            const { s, sentTo } = connected(version, "enhanced")
            // A NAT that still has the old binding; the client knows about neither.
            s.clientSettings.extensions.splice(1, 1)
            const check = new EnhancedReturnRoutability(() => true)
            check.agreed = true
            s.clientSettings.extensions.push(check)
            s.clientAddress = NEW
            s.clientSends("up")
            s.run(s.now + 10000)
            deepStrictEqual(sentTo, [OLD])
            strictEqual(s.peer?.key, OLD)
            s.serverSends("down")
            s.run(s.now + 100)
            deepStrictEqual(s.clientMessages, ["down"])
        })

        it("a peer's record from the old address, newer than the copy, settles it before any answer", () => {
            const { s, reached } = connected(version, "enhanced")
            const [copied, next] = [capture(s, "copied"), capture(s, "next")]
            reached.clear()
            arriveFrom(s, ATTACKER, copied)
            arriveFrom(s, OLD, next)
            s.run(s.now + 5000)
            strictEqual(s.peer?.key, OLD)
            strictEqual(s.peer.candidate, undefined)
        })
    })

describe("return routability messages", () => {
    const crypto = new NodeCryptoProvider()
    const DROP = 2

    function answerOf(challenge: Buffer, type: number): Buffer {
        return Buffer.concat([Buffer.of(type), challenge.subarray(1)])
    }

    it("path_drop counts for the old path only: it confirms no new one, and means nothing in the basic form", () => {
        for (const check of [new EnhancedReturnRoutability(() => true), new ReturnRoutability()]) {
            check.agreed = true
            const challenge = check.challenge(crypto)
            check.take(answerOf(challenge, DROP))
            strictEqual(check.isConfirmed(), false)
        }
        const enhanced = new EnhancedReturnRoutability(() => true)
        enhanced.agreed = true
        enhanced.oldPath = OldPath.asked
        const challenge = enhanced.challenge(crypto)
        enhanced.take(answerOf(Buffer.alloc(9), DROP))
        strictEqual(enhanced.oldPath, OldPath.asked)
        enhanced.take(answerOf(challenge, DROP))
        strictEqual(enhanced.oldPath, OldPath.dropped)
        enhanced.take(answerOf(challenge, 1))
        strictEqual(enhanced.oldPath, OldPath.dropped, "once")
    })

    it("a challenge gets path_response on the preferred path, else path_drop, and exactly one of them", () => {
        let isPreferred = true
        const check = new EnhancedReturnRoutability(() => isPreferred)
        const challenge = Buffer.from("000102030405060708", "hex")
        strictEqual(check.take(challenge), undefined, "not agreed")
        check.agreed = true
        strictEqual(check.take(challenge)?.toString("hex"), "010102030405060708")
        isPreferred = false
        strictEqual(check.take(challenge)?.toString("hex"), "020102030405060708")
        for (const other of ["03" + "00".repeat(8), "00".repeat(8), "00".repeat(10)])
            strictEqual(check.take(Buffer.from(other, "hex")), undefined)
    })
})
