import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { type Simulation } from "../../../engine/simulation.js"
import { seededRandom, SpyCrypto } from "../../../support/spy-crypto.js"
import { isSettled, simulateV13 } from "./versions.js"

/** Datagrams of a handshake without loss: two hellos, the HelloRetryRequest, two flights, the ACK. */
const DATAGRAMS = 6

/** A path budget for which a hello and the server's flight need several datagrams, bytes. */
const NARROW = 100

describe("a lossy link and DTLS 1.3", () => {
    it("without loss takes six datagrams: no acknowledgement except that of the client's Finished", () => {
        const s = simulateV13()
        s.begin()
        s.run(60000)
        ok(isSettled(s))
        strictEqual(s.sent, DATAGRAMS)
    })

    for (const [name, paths] of Object.entries({
        "as it is": [1232, 1232],
        "with the server's flight in fragments": [1232, NARROW],
        "with every flight in fragments": [NARROW, NARROW],
    }))
        it(`[F14] [V15] each single datagram lost, ${name}: completes within 2.5 s`, () => {
            for (let lost = 0; lost < 3 * DATAGRAMS; lost++) {
                const s = simulatePaths(paths)
                s.fault = (index) => (index === lost ? [] : [5])
                s.begin()
                s.run(2500)
                ok(isSettled(s), `datagram ${lost} lost`)
            }
        })

    it("[F15] each pair of datagrams lost: completes within 20 datagrams and 8 s", () => {
        for (let first = 0; first < DATAGRAMS; first++)
            for (let second = first + 1; second < 2 * DATAGRAMS; second++) {
                const s = simulateV13()
                s.fault = (index) => (index === first || index === second ? [] : [5])
                s.begin()
                s.run(8000)
                ok(isSettled(s), `datagrams ${first} and ${second} lost`)
                ok(s.sent <= 20, `datagrams ${first} and ${second} lost: ${s.sent} sent`)
            }
    })

    it("[F15] each pair of datagrams lost, with every flight in fragments: completes within 8 s", () => {
        const undisturbed = simulatePaths([NARROW, NARROW])
        undisturbed.begin()
        undisturbed.run(8000)
        for (let first = 0; first < undisturbed.sent; first++)
            for (let second = first + 1; second < 2 * undisturbed.sent; second++) {
                const s = simulatePaths([NARROW, NARROW])
                s.fault = (index) => (index === first || index === second ? [] : [5])
                s.begin()
                s.run(8000)
                ok(isSettled(s), `datagrams ${first} and ${second} lost`)
            }
    })

    it("[F15] 1,000 seeds of loss, delay, duplication, reordering and small paths: 99 % complete, the rest time out", function () {
        this.timeout(300000)
        const failed: number[] = []
        for (let seed = 0; seed < 1000; seed++) {
            const s = linkOf(seed)
            s.begin()
            s.run(300000)
            if (isSettled(s)) continue
            failed.push(seed)
            const reasons = [s.client.failure?.reason, s.peer?.association.failure?.reason]
            ok(reasons.includes(FailureReason.timeout), `seed ${seed}: ${reasons.join()}`)
        }
        ok(failed.length <= 10, `seeds ${failed.join()} did not complete`)
    })

    it("the same seed gives the same bytes: the engine is deterministic", () => {
        const run = (): string[] => {
            const s = linkOf(42)
            s.begin()
            s.run(100000)
            return s.log.map((datagram) => datagram.toString("hex"))
        }
        deepStrictEqual(run(), run())
    })
})

/** @param paths path budgets of the client and the server, bytes */
function simulatePaths(paths: number[]): Simulation {
    return simulateV13((client, server) => {
        client.pathBudget = paths[0]
        server.pathBudget = paths[1]
    })
}

/** A link whose faults, and the peers' random values, are determined by one seed. */
function linkOf(seed: number): Simulation {
    const random = seededRandom(seed * 2 + 1)
    const [loss, duplicates, reorder] = [random() * 0.2, random() * 0.1, random() * 0.3]
    const path = [1232, 548, 232][Math.floor(random() * 3)]
    const s = simulateV13((client, server) => {
        client.crypto = new SpyCrypto(seed + 1)
        server.crypto = new SpyCrypto(seed + 1000001)
        client.pathBudget = server.pathBudget = path
    })
    const delay = (): number => 5 + (random() < reorder ? random() * 400 : random() * 20)
    s.fault = () => {
        if (random() < loss) return []
        return random() < duplicates ? [delay(), delay()] : [delay()]
    }
    return s
}
