import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { OutputKind } from "../../../../src/dtls/association/output.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { AlertDescription, ContentType } from "../../../../src/dtls/wire/code-points.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { KEY_UPDATE } from "../../../../src/dtls/wire/v13/code-points.js"
import { countOf, type Simulation } from "../../../engine/simulation.js"
import { capture, drops } from "../../../support/connected.js"
import { connected, sealed, SERVER_SEQ } from "./after-handshake.js"
import { simulateV13 } from "./versions.js"

const CLOSE_NOTIFY = Buffer.from([1, 0])
const FATAL = Buffer.from([2, 40])

function message(one: Association, text: string): Buffer {
    return sealed(one, ContentType.applicationData, Buffer.from(text))
}

/** Delivers datagrams to the server in this order. */
function arrive(s: Simulation, ...datagrams: Buffer[]): void {
    for (const datagram of datagrams) s.toServer(datagram)
    s.drain()
}

describe("closing in DTLS 1.3 (RFC 9147 §5.10)", () => {
    it("[R26] an alert other than close_notify and user_canceled is fatal whatever its level says (RFC 8446 §6)", () => {
        for (const level of [1, 2, 3])
            for (const from of ["client", "server"] as const) {
                const s = connected()
                const [client, server] = [s.client, s.serverAssociation()]
                const [sender, receiver] = from === "client" ? [client, server] : [server, client]
                for (const body of [
                    [1, AlertDescription.userCanceled],
                    [level, AlertDescription.decryptError],
                ]) {
                    strictEqual(receiver.failure, undefined)
                    const alert = sealed(sender, ContentType.alert, Buffer.from(body))
                    receiver.receive(alert, alert.length, s.now)
                }
                const { reason, alert } = receiver.failure ?? {}
                deepStrictEqual([reason, alert], [FailureReason.peerAlert, AlertDescription.decryptError])
            }
    })

    it("[V23] what has a higher number than close_notify is ignored, what has a lower one is delivered late, in both roles", () => {
        const s = connected()
        const server = s.serverAssociation()
        for (const [from, to] of [
            [s.client, server],
            [server, s.client],
        ] as const) {
            const [first, late] = [message(from, "first"), message(from, "late")]
            const close = sealed(from, ContentType.alert, CLOSE_NOTIFY)
            const after = [message(from, "after"), sealed(from, ContentType.alert, FATAL)]
            for (const datagram of [first, close, ...after, late]) to.receive(datagram, datagram.length, s.now)
            strictEqual(to.peerClosed, true)
            deepStrictEqual(drops(to), { unexpected: 2 })
            s.server.touched(s.peer!)
            s.drain()
        }
        deepStrictEqual(
            [s.serverMessages, s.clientMessages],
            [
                ["first", "late"],
                ["first", "late"],
            ],
        )
        strictEqual(server.phase, AssociationPhase.connected)
        strictEqual(countOf(s.serverOutputs, OutputKind.closed), 1)
    })

    it("[V23] numbers of an earlier epoch are lower, whatever they are", () => {
        const s = connected(40)
        const late = Array.from({ length: 12 }, (_, i) => capture(s, `late ${i}`)).at(-1)!
        for (let i = 0; i < 9; i++) {
            s.clientSends(`${i}`)
            s.run(s.now + 20)
        }
        strictEqual(s.client.snapshot().writeEpoch, 4)
        arrive(s, sealed(s.client, ContentType.alert, CLOSE_NOTIFY), message(s.client, "after"), late)
        strictEqual(s.serverMessages.at(-1), "late 11")
        ok(!s.serverMessages.includes("after"))
    })

    it("[V23] of two reordered close_notify the one with the lower number counts", () => {
        const s = connected()
        const before = message(s.client, "before")
        const first = sealed(s.client, ContentType.alert, CLOSE_NOTIFY)
        const between = message(s.client, "between")
        arrive(s, sealed(s.client, ContentType.alert, CLOSE_NOTIFY), first, between, before)
        deepStrictEqual(s.serverMessages, ["before"])
        strictEqual(countOf(s.serverOutputs, OutputKind.closed), 1)
    })

    it("[V23] a new KeyUpdate after close_notify is ignored; an ACK is processed: this side still sends, with new keys when it has to", () => {
        const s = connected(40)
        const server = s.serverAssociation()
        server.shutdown(false, true)
        s.server.touched(s.peer!)
        s.drain()
        s.run(s.now + 20)
        strictEqual(s.client.peerClosed, true)
        const update = sealed(server, ContentType.handshake, wholeMessage(KEY_UPDATE, SERVER_SEQ, Buffer.from([1])))
        s.toClient(update)
        s.drain()
        for (let i = 0; i < 22; i++) {
            s.clientSends(`${i}`)
            s.run(s.now + 20)
        }
        deepStrictEqual([s.client.snapshot().readEpoch, s.client.snapshot().writeEpoch], [3, 4])
        strictEqual(s.serverMessages.length, 22)
    })

    it("a side that has sent close_notify acknowledges a KeyUpdate, and starts none itself", () => {
        const s = connected()
        s.client.shutdown(false, true)
        s.drain()
        const { sent } = s
        const server = s.serverAssociation()
        s.toClient(sealed(server, ContentType.handshake, wholeMessage(KEY_UPDATE, SERVER_SEQ, Buffer.from([1]))))
        s.drain()
        s.run(s.now + 60000)
        deepStrictEqual([s.client.snapshot().readEpoch, s.client.snapshot().writeEpoch], [4, 3])
        strictEqual(s.sent, sent + 1)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[V22 part] [V23] data and close_notify that overtake the client's Finished wait for it: delivered, then closed", () => {
        const s = simulateV13()
        let isLost = true
        // The client's first datagram after the second hello is its Finished.
        s.fault = (_index, toServer, data) => {
            const isFinished = toServer && s.client.phase !== AssociationPhase.idle && isLost && data[0] === 0x22
            if (isFinished) isLost = false
            return isFinished ? [] : [5]
        }
        s.begin()
        s.run(100)
        s.clientSends("early")
        s.client.shutdown(false, true)
        s.drain()
        s.run(150)
        deepStrictEqual([s.serverMessages, s.serverAssociation().phase], [[], AssociationPhase.handshaking])
        s.run(5000)
        deepStrictEqual(s.serverMessages, ["early"])
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().peerClosed, true)
    })
})
