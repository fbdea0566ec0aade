import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { TLS_PSK_WITH_AES_128_GCM_SHA256 } from "../../../src/dtls/key-exchange/suites.js"
import { seededRandom, SpyCrypto } from "../../support/spy-crypto.js"

/**
 * Runs the handshake and exchanges one message in each direction; the test repeats a lost message, as an application
 * over UDP would.
 */
function runToEnd(s: Simulation, until: number): void {
    s.begin()
    s.run(until)
}

function isConnected(s: Simulation): boolean {
    return s.client.phase === AssociationPhase.connected && s.serverAssociation().phase === AssociationPhase.connected
}

/**
 * Limits for a handshake that loses one datagram, or two: number of datagrams (for one lost: beyond those of a
 * handshake without loss) and time (ms).
 */
const BOUNDS = { one: { datagrams: 8, time: 2500 }, two: { datagrams: 20, time: 8000 } }

/** Variants of the handshake in which datagrams are lost. */
const VARIANTS: Record<string, Parameters<typeof simulate>[0]> = {
    "as it is": undefined,
    "with an identity hint": (_client, server) => (server.pskIdentityHint = Buffer.from("which of your keys?")),
    "with all in fragments": (client, server) => {
        client.pathBudget = server.pathBudget = 100
        server.pskIdentityHint = Buffer.alloc(100, 65)
    },
    "with another suite": (client, server) => (client.suites = server.suites = [TLS_PSK_WITH_AES_128_GCM_SHA256()]),
}

/** Number of random links: as many as the catalogue asks for. MOTE_SEEDS=500 uses fewer during development. */
const SEEDS = Number(process.env["MOTE_SEEDS"] ?? 10000)

/** Number of datagrams that are not retransmissions; losing later ones means losing retransmissions. */
const DATAGRAMS = 12

describe("a lossy link", () => {
    for (const [name, change] of Object.entries(VARIANTS))
        it(`[F14] each single datagram lost, ${name}: completes within 2.5 s and ${BOUNDS.one.datagrams} extra datagrams`, () => {
            const undisturbed = connected(change).sent
            for (let lost = 0; lost < DATAGRAMS; lost++) {
                const s = simulate(change)
                s.fault = (index) => (index === lost ? [] : [5])
                runToEnd(s, BOUNDS.one.time)
                ok(isConnected(s), `datagram ${lost} lost`)
                ok(s.sent <= undisturbed + BOUNDS.one.datagrams, `datagram ${lost} lost: ${s.sent} sent`)
            }
        })

    it("[F15] each pair of datagrams lost: completes within 20 datagrams and 8 s", () => {
        for (let first = 0; first < DATAGRAMS; first++)
            for (let second = first + 1; second < DATAGRAMS + 6; second++) {
                const s = simulate()
                s.fault = (index) => (index === first || index === second ? [] : [5])
                runToEnd(s, BOUNDS.two.time)
                ok(isConnected(s), `datagrams ${first} and ${second} lost`)
                ok(s.sent <= BOUNDS.two.datagrams, `datagrams ${first} and ${second} lost: ${s.sent} sent`)
            }
    })

    it(`[F15] ${SEEDS} seeds of loss, delay, duplication, reordering and small paths: 99 % complete, the rest time out`, function () {
        this.timeout(600000)
        const failed: string[] = []
        // "Different keys?" is only a suspicion: loss alone may cause it occasionally, but it must not be reported as
        // the reason.
        let asked = 0
        // MOTE_SEED=N replays one of them.
        const only = process.env["MOTE_SEED"]
        const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i) : [Number(only)]
        for (const seed of seeds) {
            const s = linkOf(seed)
            runToEnd(s, 300000)
            const reasons = [s.client.failure?.reason, s.peer?.association.failure?.reason]
            if (s.clientOutputs.some((output) => output.diagnostic === Diagnostic.keyMismatch)) asked++
            if (s.client.phase === AssociationPhase.connected) continue
            failed.push(`seed ${seed}: client ${reasons[0]}, server ${reasons[1]}`)
            strictEqual(s.client.failure?.reason, FailureReason.timeout, `seed ${seed}`)
        }
        if (failed.length > 0)
            console.log(`      did not complete (replay with MOTE_SEED=N):\n      ${failed.join("\n      ")}`)
        ok(only !== undefined || asked <= seeds.length / 50, `${asked} of ${seeds.length} asked about keys`)
        ok(failed.length <= seeds.length / 100, `${failed.length} of ${seeds.length} did not complete`)
    })

    it("the same seed gives the same bytes: the engine is deterministic", () => {
        const run = (): string => {
            const s = linkOf(42)
            runToEnd(s, 100000)
            return s.log.map((datagram) => datagram.toString("hex")).join("\n")
        }
        strictEqual(run(), run())
    })
})

/** A link whose faults, and the peers' random values, are determined by one seed. */
function linkOf(seed: number): Simulation {
    const random = seededRandom(seed * 2 + 1)
    const loss = random() * 0.2
    const duplicates = random() * 0.1
    const reorder = random() * 0.3
    const path = [1232, 548, 228][Math.floor(random() * 3)]
    const s = simulate((client, server) => {
        client.crypto = new SpyCrypto(seed + 1)
        server.crypto = new SpyCrypto(seed + 1000001)
        client.pathBudget = server.pathBudget = path
        server.pskIdentityHint = Buffer.alloc(Math.floor(random() * 300), 65)
    })
    const delay = (): number => 5 + (random() < reorder ? random() * 400 : random() * 20)
    s.fault = () => {
        if (random() < loss) return []
        return random() < duplicates ? [delay(), delay()] : [delay()]
    }
    return s
}
