import { dtlsAgainstItself } from "./node/both-ends.js"
import { idleClients } from "./node/client-memory.js"
import { FarEnd, prepareFarEnd } from "./node/far-end.js"
import { idleAssociations } from "./node/idle.js"
import { type Link, type Stack, stacks } from "./node/stacks.js"
import { benchOptions, JSON_OPTION } from "./options.js"

/*
 * npm run bench:node: DTLS stacks for Node side by side, over loopback. Each talks to the same OpenSSL program in a
 * process of its own (bench/node/server.c); plain UDP shows what is possible at most. Figures are medians of
 * interleaved runs. Only records that the far end has counted count, so that none is lost in a socket buffer. The
 * figures vary with the load of the computer; the ratios vary less. werift-dtls has neither pre-shared keys nor CCM:
 * its suite is ECDHE-ECDSA with AES-128-GCM.
 */

const { json, runs: RUNS } = benchOptions<{ json?: boolean; runs: number }>(
    "bench:node",
    "DTLS stacks for Node side by side, each against the same OpenSSL program",
    [["--runs <n>", "of each stack, whose median counts", 5], JSON_OPTION],
)

/** ms */
const DURATION = 2000
const WARM_UP = 300
/** bytes of a record's payload */
const SIZE = 64
/** records sent before the far end is asked for its count: as many as a socket buffer holds */
const WINDOW = 280
/** records in one datagram, as many as fit */
const BATCH = 14
/**
 * Concurrent handshakes, each with a server program of its own: this measures what the stack costs, not how long it
 * waits.
 */
const AT_ONCE = 4

const record = (kind: string): Buffer => Buffer.alloc(SIZE, kind)

/** Results of `turn` per second: each call returns how much it has done. */
async function rate(turn: () => Promise<number>): Promise<number> {
    for (const end = performance.now() + WARM_UP; performance.now() < end;) await turn()
    const begun = performance.now()
    let done = 0
    while (performance.now() < begun + DURATION) done += await turn()
    return (done / (performance.now() - begun)) * 1000
}

async function withLink<T>(stack: Stack, use: (link: Link) => Promise<T>): Promise<T> {
    const farEnd = await FarEnd.start(stack.suite)
    try {
        const link = await stack.open(farEnd.port)
        for (let i = 0; i < stack.lost; i++) await link.send(record("s"))
        const result = await use(link)
        await link.send(record("x"))
        await link.close()
        return result
    } finally {
        farEnd.stop()
    }
}

async function handshakes(stack: Stack): Promise<number> {
    const farEnd = await FarEnd.start(stack.suite)
    try {
        return await rate(async () => {
            const link = await stack.open(farEnd.port)
            await link.send(record("x"))
            await link.close()
            return 1
        })
    } finally {
        farEnd.stop()
    }
}

async function handshakesAtOnce(stack: Stack): Promise<number> {
    const rates = await Promise.all(Array.from({ length: AT_ONCE }, () => handshakes(stack)))
    return rates.reduce((sum, each) => sum + each)
}

function roundTrips(stack: Stack): Promise<number> {
    return withLink(stack, (link) =>
        rate(async () => {
            await link.send(record("e"))
            await link.receive()
            return 1
        }),
    )
}

/** Records per second that arrived. @param send sends a window of them */
function records(stack: Stack, send: (link: Link) => Promise<void>): Promise<number> {
    return withLink(stack, async (link) => {
        let counted = 0
        return await rate(async () => {
            await send(link)
            await link.send(record("q"))
            const before = counted
            counted = Number(String(await link.receive()))
            return counted - before
        })
    })
}

async function oneByOne(link: Link): Promise<void> {
    for (let i = 0; i < WINDOW; i++) await link.send(record("s"))
}

const batch = Array.from({ length: BATCH }, () => record("s"))

async function inBatches(link: Link): Promise<void> {
    for (let i = 0; i < WINDOW / BATCH; i++) await link.sendAll?.(batch)
}

type Figures = Record<string, number>

function median(values: number[]): number {
    return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)])
}

/** Medians of the stacks. Runs are interleaved, so that other load on the computer affects all stacks. */
async function compare(name: string, which: Stack[], measure: (stack: Stack) => Promise<number>): Promise<Figures> {
    const values = new Map(which.map((stack) => [stack.name, [] as number[]]))
    for (let run = 0; run < RUNS; run++)
        for (const stack of which) {
            values.get(stack.name)?.push(await measure(stack))
            process.stderr.write(`${name}, run ${run + 1} of ${RUNS}: ${stack.name}\n`)
        }
    return Object.fromEntries([...values].map(([stack, figures]) => [stack, median(figures)]))
}

prepareFarEnd()
const secured = stacks.filter(({ name }) => name !== "udp")
const batching = stacks.filter(({ name }) => name === "mote")
const results = {
    handshakes_per_s: await compare("handshakes", secured, handshakes),
    [`handshakes_per_s_${AT_ONCE}_at_once`]: await compare("handshakes at once", secured, handshakesAtOnce),
    records_per_s: await compare("records", stacks, (stack) => records(stack, oneByOne)),
    records_per_s_batched: await compare("batches", batching, (stack) => records(stack, inBatches)),
    round_trips_per_s: await compare("round trips", stacks, roundTrips),
    ...(await idleAssociations()),
    ...(await idleClients()),
    against_itself: await dtlsAgainstItself(RUNS, rate, median),
}
if (json === true) console.log(JSON.stringify(results))
else console.log(results)
process.exit()
