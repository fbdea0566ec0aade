import { spawn } from "node:child_process"
import { once } from "node:events"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { runInNewContext } from "node:vm"
import { setFlagsFromString } from "node:v8"
import { type DtlsServer } from "../../src/index.js"
import { connect, listen, TLS_PSK_WITH_AES_128_CCM_8 } from "./published.js"

const psk = { identity: "bench", key: Buffer.alloc(16, 7) }
const suites = [TLS_PSK_WITH_AES_128_CCM_8()]
const PEERS = 10000
/** of which nothing was heard after the handshake: what its end may have to repeat is still kept */
const UNHEARD = 1000
/** ms of traffic for each delay of the loop */
const DURATION = 3000

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

interface Memory {
    heap: number
    rss: number
}

export function memory(): Memory {
    for (let i = 0; i < 3; i++) collect()
    // What is external has the memory of Buffers in it.
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heap: heapUsed + external, rss }
}

/** Clients in a process of their own shake hands, say `messages` things each, and are never heard of again. */
async function connectClients(server: DtlsServer, count: number, messages: number): Promise<void> {
    const accepting = (async () => {
        for (let i = 0; i < count; i++) {
            const client = await server.accept()
            if (messages > 0) await client.receive({ timeout: 5000 })
        }
    })()
    const program = fileURLToPath(new URL("idle-clients.ts", import.meta.url))
    const args = [...process.execArgv, program, ...[server.port, count, messages].map(String)]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
    const ended = once(child, "close")
    for await (const line of createInterface({ input: child.stdout })) process.stderr.write(`${line}\n`)
    await Promise.all([ended, accepting])
}

/** Turns per second of one more client that sends and is answered, and the loop's delay meanwhile, ms. */
async function traffic(server: DtlsServer): Promise<{ delay: number; roundTrips: number }> {
    const client = await connect("127.0.0.1", server.port, { psk, suites })
    const accepted = await server.accept()
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    histogram.enable()
    let turns = 0
    for (const end = performance.now() + DURATION; performance.now() < end; turns++) {
        await client.send("reading")
        await accepted.receive()
    }
    histogram.disable()
    await client.close()
    await accepted.close()
    return {
        delay: Math.round(histogram.percentile(99) / 1e4) / 100,
        roundTrips: Math.round((turns / DURATION) * 1000),
    }
}

/** What associations that stand and say nothing cost a server: bytes of heap and of the process, and time. */
export async function idleAssociations(): Promise<Record<string, number | Record<string, number>>> {
    const limits = { peers: PEERS + UNHEARD + 10, sessionsPerIdentity: 0 }
    await using server = await listen(0, { psk, suites, limits }, "127.0.0.1")
    const none = await traffic(server)
    const before = memory()
    await connectClients(server, PEERS, 1)
    const after = memory()
    const many = await traffic(server)
    const heard = memory()
    await connectClients(server, UNHEARD, 0)
    const all = memory()
    return {
        bytes_per_idle_association: Math.round((after.heap - before.heap) / PEERS),
        bytes_per_unheard_association: Math.round((all.heap - heard.heap) / UNHEARD),
        rss_per_idle_association: Math.round((after.rss - before.rss) / PEERS),
        loop_delay_p99_ms: { 0: none.delay, [PEERS]: many.delay },
        messages_per_s_among: { 0: none.roundTrips, [PEERS]: many.roundTrips },
    }
}
