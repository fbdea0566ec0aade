import { ok } from "node:assert/strict"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type KeyedSimulation } from "../engine/keyed-simulation.js"

/** Loss, duplication, reordering and delay of a link, drawn from `random`. */
export function drawnFaults(random: () => number): () => number[] {
    const [loss, duplicates, reorder] = [random() * 0.2, random() * 0.1, random() * 0.3]
    const delay = (): number => 5 + (random() < reorder ? random() * 400 : random() * 20)
    return () => {
        if (random() < loss) return []
        return random() < duplicates ? [delay(), delay()] : [delay()]
    }
}

/**
 * A thousand links, on which 99 % of handshakes complete and the rest time out. @param isDone whether both sides are
 * connected
 */
export async function expectSeedsToComplete(
    linkOf: (seed: number) => KeyedSimulation,
    isDone: (s: KeyedSimulation) => boolean,
): Promise<void> {
    const failed: number[] = []
    for (let seed = 0; seed < 1000; seed++) {
        const s = linkOf(seed)
        await s.shakeHands(300000)
        if (isDone(s)) continue
        failed.push(seed)
        const reasons = [s.client.failure?.reason, s.peer?.association.failure?.reason]
        ok(reasons.includes(FailureReason.timeout), `seed ${seed}: ${reasons.join()}`)
    }
    ok(failed.length <= 10, `seeds ${failed.join()} did not complete`)
}
