import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { type HandshakeDriver } from "../../../../src/dtls/association/handshake-driver.js"
import { type CertificateAnswer } from "../../../../src/dtls/handshake/question.js"
import { CertificateType } from "../../../../src/dtls/wire/code-points.js"
import { Diagnostic } from "../../../../src/dtls/association/output.js"
import { MAX_SEQUENCE, type RecordLayer, type WriteEpoch } from "../../../../src/dtls/record/record-layer.js"
import { type LaterFlight } from "../../../../src/dtls/association/v13/later-flight.js"
import { NEW_SESSION_TICKET } from "../../../../src/dtls/wire/v13/code-points.js"
import { writeNewSessionTicketV13 } from "../../../../src/dtls/wire/v13/new-session-ticket.js"
import { connected } from "./after-handshake.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { seededRandom } from "../../../support/spy-crypto.js"
import { certified, CertifiedSide } from "./certified.js"
import { isSettled } from "./versions.js"

/** A server with a chain of four certificates, 6 kB in all. */
class LargeSide extends CertifiedSide {
    override presents(): CertificateAnswer {
        const certificates = [1, 2, 3, 4].map((n) => Buffer.alloc(1500, n))
        this.publicKey.copy(certificates[0])
        return { ...super.presents(), type: CertificateType.x509, certificates }
    }
}

const [client, server] = [new CertifiedSide(true), new LargeSide(true)]

/** @param path path budget, bytes */
function simulation(path: number, seed = 1): KeyedSimulation {
    return certified({ client: client.knows(server), server: server.knows(client), path, seed })
}

/** Number of records in each of the server's transmissions from now on. */
function transmissions(s: KeyedSimulation): number[] {
    const counts: number[] = []
    const { driver, record } = s.serverAssociation()
    const { outbox } = (driver as HandshakeDriver).handshake
    const datagrams = outbox.datagrams.bind(outbox)
    const sealed = (): number => [...writeEpochs(record)].reduce((sum, { nextSequence }) => sum + nextSequence, 0)
    outbox.datagrams = (...given) => {
        const before = sealed()
        const sent = datagrams(...given)
        counts.push(sealed() - before)
        return sent
    }
    return counts
}

function* writeEpochs(record: RecordLayer): Generator<WriteEpoch> {
    for (let write: WriteEpoch | undefined = record.write; write !== undefined; write = write.previous) yield write
}

describe("flights of many records in DTLS 1.3 (RFC 9147 §5.8.3)", () => {
    it("[V27] 6 kB over a path of 300 bytes are sent ten records at a time, more once some are acknowledged, without a timeout", async () => {
        const s = simulation(300)
        let counts: number[] | undefined
        s.fault = () => {
            if (s.peer !== undefined) counts ??= transmissions(s)
            return [5]
        }
        await s.shakeHands(900)
        strictEqual(s.client.phase, AssociationPhase.connected)
        ok(isSettled(s))
        deepStrictEqual(
            s.serverOutputs.filter(({ diagnostic }) => diagnostic === Diagnostic.retransmitting),
            [],
        )
        ok(counts !== undefined && counts.length > 1 && Math.max(...counts) <= 10, String(counts))
    })

    it("[V27] a peer that acknowledges nothing gets all of them, too, on the timer", async () => {
        const s = simulation(300)
        // The client's datagrams before it has the whole flight are ACKs.
        s.fault = (_index, toServer, data) =>
            toServer && data[0] >> 5 === 1 && s.client.phase !== AssociationPhase.connected ? [] : [5]
        await s.shakeHands(20000)
        ok(isSettled(s))
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    })

    it("[V27] 1 % to 30 % of the datagrams lost, 20 seeds each: completes, and never more than ten records at a time", async function () {
        this.timeout(60000)
        for (const loss of [0.01, 0.05, 0.1, 0.2, 0.3])
            for (let seed = 1; seed <= 20; seed++) {
                const random = seededRandom(seed * 1000 + loss * 100)
                const s = simulation(548, seed)
                let counts: number[] = []
                s.fault = () => {
                    if (s.peer !== undefined && counts.length === 0) counts = transmissions(s)
                    return random() < loss ? [] : [5]
                }
                await s.shakeHands(60000)
                for (const side of [s.client, s.serverAssociation()])
                    strictEqual(side.phase, AssociationPhase.connected, `seed ${seed}, loss ${loss}`)
                ok(Math.max(...counts) <= 10, String(counts))
            }
    })

    it("when too few record numbers are reserved for a message, its rest waits for more, and the association continues", () => {
        const s = connected()
        const server = s.serverAssociation()
        const { write } = server.record
        const later = server.driver as unknown as Record<"flightOf", (type: number, body: Buffer) => LaterFlight>
        server.settings.pathBudget = 228
        const flight = later.flightOf(NEW_SESSION_TICKET, ticket(500))
        write.end = write.nextSequence + 2
        flight.begin(s.now)
        const sent = s.sent
        s.server.touched(s.peer!)
        s.drain()
        s.run(s.now + 20000)
        strictEqual(server.failure, undefined)
        deepStrictEqual([s.sent - sent, write.nextSequence], [2, write.end])
        write.end = MAX_SEQUENCE
        s.server.touched(s.peer!)
        s.run(s.now + 20000)
        strictEqual(server.snapshot().outboxBytes, 0)
        s.serverSends("still here")
        s.run(s.now + 1000)
        deepStrictEqual(s.clientMessages, ["still here"])
    })
})

/** The body of a NewSessionTicket. @param length of its ticket, bytes */
function ticket(length: number): Buffer {
    return writeNewSessionTicketV13({ lifetime: 100, ageAdd: 1, nonce: Buffer.from([0]), ticket: Buffer.alloc(length) })
}
