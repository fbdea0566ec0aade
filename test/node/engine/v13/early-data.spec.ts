import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { type Association } from "../../../../src/dtls/association/association.js"
import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { simulateV13 } from "./versions.js"

function applicationData(from: Association, text: string, endsDatagram = true): Buffer {
    const { write } = from.record
    ok(write.protection !== undefined)
    strictEqual(write.epoch, 3)
    return write.protection.sealRecords(
        ContentType.applicationData,
        write.nextSequence++,
        [Buffer.from(text)],
        endsDatagram,
    )
}

const isProtected = (datagram: Buffer): boolean => datagram[0] >> 5 === 1

/** A client whose protected datagrams are held back: the server waits for its Finished. */
function withoutFinished(): { s: Simulation; finished: Buffer } {
    const s = simulateV13()
    let finished: Buffer | undefined
    s.fault = (_index, toServer, data) => {
        if (!toServer || !isProtected(data)) return [5]
        finished ??= data
        return []
    }
    s.begin()
    s.run(100)
    ok(finished !== undefined)
    strictEqual(s.serverAssociation().phase, AssociationPhase.handshaking)
    return { s, finished }
}

describe("application data before the handshake is done, in DTLS 1.3", () => {
    it("[V22] of a client, every message that overtakes its Finished waits for it", () => {
        const { s, finished } = withoutFinished()
        for (const text of ["one", "two", "three"]) s.toServer(applicationData(s.client, text))
        s.drain()
        deepStrictEqual([s.serverMessages, s.serverAssociation().phase], [[], AssociationPhase.handshaking])
        s.toServer(finished)
        s.drain()
        deepStrictEqual(s.serverMessages, ["one", "two", "three"])
    })

    it("[V22] before a Finished that does not verify, or never arrives, is not delivered", () => {
        for (const comes of [true, false]) {
            const { s, finished } = withoutFinished()
            s.toServer(applicationData(s.client, "early"))
            const forged = Buffer.from(finished)
            forged[forged.length - 1] ^= 1
            if (comes) s.toServer(forged)
            s.drain()
            s.run(s.now + 200000)
            deepStrictEqual(s.serverMessages, [])
            strictEqual(s.serverAssociation().phase, AssociationPhase.failed)
        }
    })

    it("[V22] in the Finished's datagram, before it, is delivered once that is verified", () => {
        const s = simulateV13()
        s.fault = (_index, toServer, data) => {
            if (!toServer || !isProtected(data)) return [5]
            s.toServer(Buffer.concat([applicationData(s.client, "piggyback", false), data]))
            return []
        }
        s.begin()
        s.run(100)
        deepStrictEqual(s.serverMessages, ["piggyback"])
    })

    it("[V22] of a server, sent after its Finished and arriving before it, waits for it or is lost, and is never trusted before", () => {
        // ServerHello and the rest of the flight in separate datagrams.
        for (const isForged of [false, true]) {
            const s = simulateV13((_client, server) => (server.pathBudget = 110))
            let rest: Buffer | undefined
            s.fault = (_index, toServer, data) => {
                if (toServer || rest !== undefined || !isProtected(data)) return [5]
                rest = data
                return []
            }
            s.begin()
            s.run(50)
            ok(rest !== undefined)
            s.toClient(applicationData(s.serverAssociation(), "early"))
            s.drain()
            strictEqual(s.client.phase, AssociationPhase.handshaking)
            deepStrictEqual(s.clientMessages, [])
            const forged = Buffer.from(rest)
            if (isForged) forged[forged.length - 1] ^= 1
            s.toClient(forged)
            s.drain()
            deepStrictEqual(s.clientMessages, isForged ? [] : ["early"])
            s.run(s.now + 3000)
            deepStrictEqual(s.clientMessages, ["early"])
        }
    })
})
