import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createReadStream, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { root } from "../host/folders.js"
import { compare, type Comparison, type KeptRecord, readLedger } from "../host/swarm/ledger.js"
import { temporaryFolder } from "../host/temporary.js"
import { freePort, freeTcpPort, fromSources } from "../test/interop/process.js"
import { benchOptions, JSON_OPTION } from "./options.js"

/*
 * npm run soak: runs mote-gateway with the sensors of mote swarm, and restarts the gateway half-way. Fails if a reading
 * that was acknowledged is missing in the sink.
 */

interface SoakOptions {
    sensors: string
    seconds: string
    interval: string
    loss: string
    sleep: string
    move: string
    json?: boolean
}

const values = benchOptions<SoakOptions>("soak", "sensors, a gateway, and a restart of it in the middle", [
    ["--sensors <n>", "how many", "10000"],
    ["--seconds <n>", "how long", "300"],
    ["--interval <seconds>", "between two readings of a sensor", "20"],
    ["--loss <percent>", "of datagrams", "0.5"],
    ["--sleep <percent>", "of sensors that sleep between readings", "20"],
    ["--move <percent>", "of sensors that change their address before a reading", "1"],
    JSON_OPTION,
])

/** CPU time in s and peak memory in MiB of a process. */
interface Cost {
    cpu: number
    peak: number
}

interface Ports {
    port: number
    /** of /healthz */
    operations: number
}

const folder = temporaryFolder("soak")
const file = (name: string): string => join(folder, name)

function writeFiles({ port, operations }: Ports): void {
    const keys = Array.from(
        { length: Number(values.sensors) },
        (_, i) => `d${i + 1}:${randomBytes(16).toString("hex")}\n`,
    )
    writeFileSync(file("keys.psk"), keys.join(""), { mode: 0o600 })
    const config = {
        listen: [{ host: "127.0.0.1", port }],
        credentials: { file: "keys.psk" },
        connectionId: 8,
        shared: ["/readings"],
        acknowledge: "stored",
        limits: { peers: Number(values.sensors) },
        sinks: { files: [{ path: "readings.ndjson", maxBytes: 67108864, keep: 100 }] },
        operations: { port: operations },
        associations: { file: "sessions.saved", keyFile: "sessions.key" },
        // Otherwise a line for every repeated flight would be most of the gateway's work.
        log: { level: "error" },
    }
    writeFileSync(file("gateway.json"), JSON.stringify(config))
}

function run(program: string, ...args: string[]): ChildProcess {
    const [command, ...rest] = fromSources(program, ...args)
    return spawn(command, rest, { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
}

async function startGateway({ operations }: Ports): Promise<ChildProcess> {
    const gateway = run("host/mote-gateway/main.ts", "--config", file("gateway.json"))
    // A bound UDP port would not tell: the sensors' sockets are bound, too.
    for (let tries = 0; tries < 6000 && gateway.exitCode === null; tries++) {
        const answer = await fetch(`http://127.0.0.1:${operations}/healthz`).catch(() => undefined)
        await answer?.text()
        if (answer?.ok === true) return gateway
        await sleep(10)
    }
    throw new Error("the gateway does not start")
}

/** What Linux reports about a process that is still running. */
function costOf({ pid }: ChildProcess): Cost {
    const times = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    // /proc counts in hundredths of a second.
    return { cpu: (Number(times[11]) + Number(times[12])) / 100, peak: Math.round(Number(peak) / 1024) }
}

async function stop(gateway: ChildProcess): Promise<Cost> {
    const cost = costOf(gateway)
    gateway.kill("SIGTERM")
    const [code] = (await once(gateway, "exit")) as [number | null]
    if (code !== 0) throw new Error(`the gateway ended with ${code}`)
    return cost
}

type SwarmEvent = Record<string, unknown> & { event: string }

/**
 * Reads the events of a swarm and calls `seen` for each. @returns the last event, and the swarm's cost as of its last
 * report of progress
 */
async function watch(swarm: ChildProcess, seen: (event: SwarmEvent) => void): Promise<[SwarmEvent, Cost]> {
    let last: SwarmEvent = { event: "none" }
    let cost: Cost = { cpu: 0, peak: 0 }
    for await (const line of createInterface({ input: swarm.stdout as NodeJS.ReadableStream })) {
        last = JSON.parse(line) as SwarmEvent
        if (last.event === "progress") cost = costOf(swarm)
        if (!values.json && last.event !== "done") console.log(line)
        seen(last)
    }
    if (last.event !== "done") throw new Error("the swarm ended before it was done")
    return [last, cost]
}

async function sink(): Promise<KeptRecord[]> {
    const records: KeptRecord[] = []
    for (const name of readdirSync(folder).filter((name) => name.startsWith("readings.ndjson")))
        for await (const line of createInterface({ input: createReadStream(file(name)) }))
            records.push(JSON.parse(line) as KeptRecord)
    return records
}

async function soak(): Promise<Record<string, unknown> & { comparison: Comparison }> {
    const ports = { port: await freePort(), operations: await freeTcpPort() }
    writeFiles(ports)
    let gateway = await startGateway(ports)
    const { sensors, seconds, interval, loss, sleep: asleep, move } = values
    const options = ["--sensors", sensors, "--duration", seconds, "--interval", interval, "--seed", "1", "--json"]
    const path = ["--cid", "0", "--loss", loss, "--sleep", asleep, "--move", move, "--handshakes", "90"]
    const files = ["--psk-file", file("keys.psk"), "--ledger", file("ledger.csv")]
    const swarm = run(
        "host/cli/main.ts",
        "swarm",
        `coaps://127.0.0.1:${ports.port}/readings`,
        ...files,
        ...options,
        ...path,
    )
    let restarted: Promise<{ pause: number; first: Cost }> | undefined
    const restart = async (): Promise<{ pause: number; first: Cost }> => {
        await sleep(Number(seconds) * 500)
        const begun = performance.now()
        const first = await stop(gateway)
        gateway = await startGateway(ports)
        return { pause: Math.round(performance.now() - begun), first }
    }
    const [done, swarmCost] = await watch(swarm, ({ event }) => {
        if (event === "connected") restarted = restart()
    })
    if (restarted === undefined) throw new Error("the sensors never connected")
    const { pause, first } = await restarted
    const second = await stop(gateway)
    const comparison = compare(readLedger(readFileSync(file("ledger.csv"), "utf8")), await sink())
    return { done, pause, gateway: [first, second], swarm: swarmCost, comparison }
}

const { comparison, ...figures } = await soak()
const { missing, twice, acknowledged, kept } = comparison
const result = { ...figures, sink: { acknowledged, kept, missing: missing.length, twice: twice.length } }
console.log(values.json ? JSON.stringify(result) : result)
for (const reading of missing.slice(0, 10)) console.error(`missing: ${reading}`)
process.exitCode = missing.length === 0 ? 0 : 1
