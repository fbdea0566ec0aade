import { performance } from "node:perf_hooks"

/**
 * A process is idle if its event loop works for less than this share of 50 ms. Idleness is waited for up to 100 times
 * that, because there may be much to clean up.
 */
const RESTING = 0.3
const WINDOW_MS = 50
const WINDOWS = 100

/** The share of the next 50 ms in which the event loop works, 0 to 1. */
async function utilization(): Promise<number> {
    const before = performance.eventLoopUtilization()
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS))
    return performance.eventLoopUtilization(before).utilization
}

async function comesToRest(): Promise<boolean> {
    for (let i = 0; i < WINDOWS; i++) if ((await utilization()) < RESTING) return true
    return false
}

/** Reported once in each process: later files run after the same one, and did nothing wrong. */
let isTold = false

/**
 * mocha's root hooks. mocha runs many files in one process: what a file leaves running (for example a simulated device
 * with virtual time, which is never idle) slows down all files after it, which then fail for reasons not their own.
 */
export const mochaHooks = {
    async afterAll(this: Mocha.Context): Promise<void> {
        if (isTold || (await comesToRest())) return
        isTold = true
        const files = new Set(this.test?.parent?.suites.map(({ file }) => file))
        throw new Error(`something still runs after the last test of ${[...files].join(", ")}: end it there`)
    },
}
