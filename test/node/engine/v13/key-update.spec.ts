import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { type Driver } from "../../../../src/dtls/association/driver.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../../src/dtls/wire/code-points.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { KEY_UPDATE, NEW_SESSION_TICKET } from "../../../../src/dtls/wire/v13/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { type SpyCrypto } from "../../../support/spy-crypto.js"
import { connected, sealed, SERVER_SEQ } from "./after-handshake.js"
import { simulateV13 } from "./versions.js"

/** A handshake message from the server after the handshake, in a record of `epoch`. */
function fromServer(s: Simulation, type: number, body: number[], epoch = 3, seq = SERVER_SEQ): Buffer {
    const message = wholeMessage(type, seq, Buffer.from(body))
    return sealed(s.serverAssociation(), ContentType.handshake, message, epoch)
}

function epochs(one: Association): number[] {
    const { readEpoch, writeEpoch } = one.snapshot()
    return [readEpoch, writeEpoch]
}

function fieldOf(driver: Driver | undefined, name: string): unknown {
    return (driver as unknown as Record<string, unknown>)[name]
}

/** The client sends messages one by one, 20 ms apart. */
function clientSends(s: Simulation, count: number): string[] {
    const sent = Array.from({ length: count }, (_, i) => `message ${i}`)
    for (const message of sent) {
        s.clientSends(message)
        s.run(s.now + 20)
    }
    return sent
}

describe("KeyUpdate and other messages after a handshake of DTLS 1.3", () => {
    it("[V17] keys are updated before they reach their record limit, again and again", () => {
        const s = connected(40)
        deepStrictEqual(clientSends(s, 100), s.serverMessages)
        const [, write] = epochs(s.client)
        ok(write > 5, `epoch ${write}`)
        deepStrictEqual(epochs(s.serverAssociation()), [write, 3], "the server had no reason to update its own")
    })

    it("[V17] each datagram around an update lost: the new keys are used after the acknowledgement, and nothing else is lost", () => {
        for (let lost = 0; lost < 8; lost++) {
            const s = connected(40)
            const sent = clientSends(s, 18)
            const first = s.sent
            s.fault = (index) => (index === first + lost ? [] : [5])
            sent.push(...clientSends(s, 4))
            s.run(s.now + 3000)
            strictEqual(s.client.snapshot().writeEpoch, 4, `datagram ${lost} lost`)
            strictEqual(s.client.snapshot().outboxBytes, 0)
            ok(s.serverMessages.length >= sent.length - 1, `datagram ${lost} lost`)
        }
    })

    it("[V17] between messages neither the handshake nor state for receiving and sending them is kept", () => {
        const s = connected(40)
        const sides = [s.client, s.serverAssociation()]
        const kept = (): string[][] =>
            sides.map(({ driver }) =>
                ["handshake", "flight", "inbox", "received"].filter((name) => fieldOf(driver, name)),
            )
        deepStrictEqual(kept(), [[], []])
        s.toClient(fromServer(s, KEY_UPDATE, [1]))
        deepStrictEqual(kept(), [["received"], []])
        s.run(s.now)
        deepStrictEqual(kept(), [["flight"], []])
        clientSends(s, 30)
        ok(s.client.snapshot().writeEpoch > 3)
        deepStrictEqual(kept(), [[], []])
    })

    it("[V17] one that requests an update is answered with one, in the old epoch until it is acknowledged", () => {
        const s = connected()
        s.toClient(fromServer(s, KEY_UPDATE, [1]))
        s.drain()
        deepStrictEqual(epochs(s.client), [4, 3])
        s.run(s.now + 100)
        deepStrictEqual(epochs(s.client), [4, 4])
        deepStrictEqual(s.serverAssociation().snapshot().readEpoch, 4)
    })

    it("[V17] [V18] a request that arrives while a KeyUpdate is under way gets no second one", () => {
        const s = connected(40)
        s.fault = (_index, toServer) => (toServer ? [5] : [])
        clientSends(s, 20)
        strictEqual(s.client.snapshot().writeEpoch, 3)
        s.toClient(fromServer(s, KEY_UPDATE, [1]))
        s.drain()
        s.fault = () => [5]
        s.run(s.now + 3000)
        deepStrictEqual(epochs(s.client), [4, 4])
    })

    it("[V17] [V18] the peer's arrives before a KeyUpdate, or the client's Finished, is acknowledged: both sides continue", () => {
        const s = connected(40)
        // The server's ACKs are lost, so the client's update is not completed.
        s.fault = (_index, toServer) => (toServer ? [5] : [])
        clientSends(s, 20)
        s.toClient(fromServer(s, KEY_UPDATE, [0]))
        s.drain()
        deepStrictEqual(epochs(s.client), [4, 3])
        s.fault = () => [5]
        s.run(s.now + 3000)
        deepStrictEqual(epochs(s.client), [4, 4])

        const early = simulateV13((client) => {
            const suite = TLS_AES_128_CCM_SHA256()
            suite.aead.confidentialityLimit = 40
            client.suites = [suite]
        })
        let isCut = true
        early.fault = (_index, toServer) =>
            isCut && !toServer && early.client.phase === AssociationPhase.connected ? [] : [5]
        early.begin()
        early.run(400)
        strictEqual(early.client.phase, AssociationPhase.connected)
        for (let i = 0; i < 30; i++) early.clientSends(`${i}`)
        strictEqual(early.client.snapshot().writeEpoch, 3, "the Finished waits, so the update does")
        early.toClient(fromServer(early, KEY_UPDATE, [0]))
        isCut = false
        early.run(early.now + 10000)
        deepStrictEqual(epochs(early.client), [4, 4])
        strictEqual(early.client.snapshot().outboxBytes, 0)
        strictEqual(early.serverMessages.length, 30)
    })

    it("[V21] the epoch's low bits distinguish two epochs through 12 updates: late records of the last but one are not mistaken for others", () => {
        const s = connected(40)
        const server = s.serverAssociation()
        const spy = s.serverSettings.crypto as SpyCrypto
        const late: Buffer[][] = []
        for (let epoch = 3; epoch < 15; epoch++) {
            const { write } = s.client.record
            strictEqual(write.epoch, epoch)
            const reserved = ["one before", "four before"].map((text) =>
                write.protection!.sealRecords(
                    ContentType.applicationData,
                    write.nextSequence++,
                    [Buffer.from(text)],
                    true,
                ),
            )
            late.push(reserved)
            for (let i = 0; s.client.record.write.epoch === epoch; i++) {
                s.clientSends(`${epoch} ${i}`)
                s.run(s.now + 20)
            }
            strictEqual(server.snapshot().readEpoch, epoch + 1)
            const { open } = spy.calls
            s.toServer(reserved[0])
            s.drain()
            strictEqual(s.serverMessages.at(-1), "one before")
            // Its epoch bits match the current epoch, so opening it is tried with those keys, once.
            const older = late.at(-4)
            if (older !== undefined) s.toServer(older[1])
            s.drain()
            strictEqual(s.serverMessages.at(-1), "one before")
            ok(spy.calls.open - open <= 2)
        }
        strictEqual(server.phase, AssociationPhase.connected)
    })

    it("[V20] a late record of the previous epoch is accepted; one of the epoch before that is not", () => {
        const s = connected(40)
        const { write } = s.client.record
        ok(write.protection !== undefined)
        const late = ["late", "too late"].map((text) =>
            write.protection!.sealRecords(ContentType.applicationData, write.nextSequence++, [Buffer.from(text)], true),
        )
        clientSends(s, 19)
        strictEqual(s.serverAssociation().snapshot().readEpoch, 4)
        s.toServer(late[0])
        s.drain()
        strictEqual(s.serverMessages.at(-1), "late")
        clientSends(s, 21)
        strictEqual(s.serverAssociation().snapshot().readEpoch, 5)
        s.toServer(late[1])
        s.drain()
        ok(!s.serverMessages.includes("too late"))
    })

    it("[V19] a KeyUpdate with an unknown value ends the association with illegal_parameter, one of the wrong length with decode_error", () => {
        const cases: [number[], AlertDescription][] = [
            [[2], AlertDescription.illegalParameter],
            [[], AlertDescription.decodeError],
            [[0, 0], AlertDescription.decodeError],
        ]
        for (const [body, alert] of cases) {
            const s = connected()
            s.toClient(fromServer(s, KEY_UPDATE, body))
            s.drain()
            strictEqual(s.client.failure?.alert, alert)
        }
    })

    it("[V16] a NewSessionTicket is acknowledged, again when it is retransmitted, and not used", () => {
        const s = connected()
        for (let i = 0; i < 2; i++) {
            const before = s.sent
            s.toClient(fromServer(s, NEW_SESSION_TICKET, [0, 0, 0, 9]))
            s.drain()
            s.run(s.now + 10)
            strictEqual(s.sent, before + 1)
        }
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("a ClientHello or HelloRequest ends the association with unexpected_message: there is no renegotiation to refuse", () => {
        const s = connected()
        const hello = wholeMessage(HandshakeType.clientHello, 3, Buffer.alloc(40))
        const [toServer, toClient] = [
            sealed(s.client, ContentType.handshake, hello),
            fromServer(s, HandshakeType.helloRequest, []),
        ]
        s.toServer(toServer)
        s.toClient(toClient)
        for (const { failure } of [s.client, s.serverAssociation()])
            strictEqual(failure?.alert, AlertDescription.unexpectedMessage)
    })

    it("a request for the client's certificate ends the association with unexpected_message: it was not offered", () => {
        const s = connected()
        s.toClient(fromServer(s, 13, [0]))
        s.drain()
        strictEqual(s.client.failure?.reason, FailureReason.unexpectedMessage)
    })
})
