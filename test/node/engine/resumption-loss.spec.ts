import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import { LAST_FLIGHT_KEPT } from "../../../src/dtls/association/handshake-driver.js"
import { faultless } from "../../engine/simulation.js"
import { seededRandom } from "../../support/spy-crypto.js"
import { ABBREVIATED, WAYS, afterFirst, goesOn, isConnected } from "../../support/resumed-handshakes.js"

describe("session resumption when datagrams are lost", () => {
    describe("the client's last flight", () => {
        it("is retransmitted for a repeated Finished of the server, which then connects", () => {
            for (const by of WAYS) {
                const s = afterFirst(by).simulate()
                s.fault = (index) => (index === ABBREVIATED - 1 ? [] : [5])
                s.begin()
                s.run(500)
                strictEqual(s.client.phase, AssociationPhase.connected)
                strictEqual(s.serverAssociation().phase, AssociationPhase.handshaking)
                s.run(2500)
                ok(isConnected(s))
                ok(s.clientOutputs.some((output) => output.diagnostic === Diagnostic.peerRepeats))
                strictEqual(s.sent, ABBREVIATED + 2)
                goesOn(s, true)
            }
        })

        it("is kept until the server uses the new keys, or twice the segment lifetime has passed", () => {
            const pair = afterFirst("id")
            const s = pair.connect()
            ok(s.client.snapshot().outboxBytes > 0)
            s.serverSends("first")
            s.run(s.now + 20)
            strictEqual(s.client.snapshot().outboxBytes, 0)
            const silent = pair.connect()
            silent.run(silent.now + LAST_FLIGHT_KEPT)
            strictEqual(silent.client.snapshot().outboxBytes, 0)
        })

        it("does not raise the suspicion of different keys, however often the server retransmits", () => {
            const s = afterFirst("ticket").simulate()
            s.fault = (index) => (index >= ABBREVIATED - 1 && index < ABBREVIATED + 4 ? [] : [5])
            s.begin()
            s.run(30000)
            ok(!s.clientOutputs.some((output) => output.diagnostic === Diagnostic.keyMismatch))
        })
    })

    describe("on a lossy link", () => {
        for (const by of WAYS) {
            it(`[F14] by ${by}: each single datagram lost, and each pair: completes, and stays resumed`, () => {
                for (let first = 0; first < 8; first++)
                    for (let second = first; second < 12; second++) {
                        const s = afterFirst(by).simulate()
                        s.fault = (index) => (index === first || index === second ? [] : [5])
                        s.begin()
                        s.run(8000)
                        ok(isConnected(s), `datagrams ${first} and ${second} lost`)
                        ok(s.sent <= 20, `datagrams ${first} and ${second} lost: ${s.sent} sent`)
                        s.fault = faultless
                        goesOn(s, true)
                    }
            })

            it(`[F15] by ${by}: 1,000 seeds of loss, delay, duplication and reordering: 99 % complete`, function () {
                this.timeout(300000)
                let failed = 0
                for (let seed = 0; seed < 1000; seed++) {
                    const random = seededRandom(seed * 2 + 1)
                    const [loss, duplicates, reorder] = [random() * 0.2, random() * 0.1, random() * 0.3]
                    const s = afterFirst(by, seed + 1).simulate((client, server) => {
                        client.pathBudget = server.pathBudget = [1232, 548, 228][Math.floor(random() * 3)]
                    })
                    const delay = (): number => 5 + (random() < reorder ? random() * 400 : random() * 20)
                    s.fault = () => {
                        if (random() < loss) return []
                        return random() < duplicates ? [delay(), delay()] : [delay()]
                    }
                    s.begin()
                    s.run(300000)
                    if (isConnected(s)) strictEqual(s.client.parameters.resumed, true, `seed ${seed}`)
                    else failed++
                }
                ok(failed <= 10, `${failed} did not complete`)
            })
        }
    })
})
