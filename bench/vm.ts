/*
 * npm run bench:vm: the speed of the machine and of the official one in one process, code sizes, and memory of the
 * sensor.
 */
import { compileProgram } from "../host/build/compiler.js"
import { MACHINE_BUDGET, MACHINE_TARGET, machineSize } from "../host/build/machine-size.js"
import { runOfficial } from "../host/build/official.js"
import { machineModule } from "../host/build/wasm.js"
import { Device } from "../host/simulator/device.js"
import { type BenchOption, benchOptions, JSON_OPTION } from "./options.js"
import { bodies, programOf, TURNS_PER_CHUNK } from "./vm-bodies.js"
import { measureSensor, type SensorMemory } from "./vm-sensor.js"

const ROUNDS = 3
const TIMEOUT = 60000

interface Pair {
    mote: number
    official: number
}

/** Milliseconds that the machine spends on an image that ends with ds.restart(). */
async function moteTime(module: WebAssembly.Module, image: Uint8Array): Promise<number> {
    const device = new Device(module, image, {
        heapBytes: 64 * 1024,
        maxDepth: 100,
        guard: 131071,
        gcStress: false,
        virtualTime: true,
        deviceId: "1",
        settings: {},
        storageFolder: ".mote",
        print: () => undefined,
        log: () => undefined,
    })
    const { code, busy, exception } = await device.run()
    if (code !== 0) throw new Error(`a bench program ended with ${code} ${exception}`)
    return busy
}

/** Iterations per second of both machines: the best of several rounds, in which they take turns. */
async function measure(module: WebAssembly.Module, index: number, chunks: number): Promise<Pair> {
    const image = compileProgram(programOf(bodies[index], chunks))
    const times: Pair = { mote: Infinity, official: Infinity }
    for (let round = 0; round < ROUNDS; round++) {
        times.mote = Math.min(times.mote, await moteTime(module, image))
        const { busy, panic } = await runOfficial(image, false, TIMEOUT)
        if (panic !== 0) throw new Error(`the official machine panicked with ${panic}`)
        times.official = Math.min(times.official, busy)
    }
    const turns = chunks * TURNS_PER_CHUNK
    return { mote: Math.round((turns / times.mote) * 1000), official: Math.round((turns / times.official) * 1000) }
}

interface Sizes {
    code: number
    /** with MOTE_WITHOUT_JSON */
    withoutJson: number
    static: number
}

function rv32Sizes(): Sizes | undefined {
    const [all, without] = [machineSize(), machineSize("-DMOTE_WITHOUT_JSON")]
    if (all === undefined || without === undefined) return undefined
    return { code: all.flash, withoutJson: without.flash, static: all.ram }
}

function print(results: Map<string, Pair>, sizes: Sizes | undefined, sensor: SensorMemory): void {
    process.stdout.write("body                 mote/s    official/s   ratio   aim\n")
    for (const { name, aim } of bodies) {
        const { mote, official } = results.get(name) as Pair
        const aimed = aim === 0 ? "" : `${aim} ${mote / official >= aim ? "reached" : "MISSED"}`
        const numbers = `${String(mote).padStart(12)} ${String(official).padStart(12)}`
        process.stdout.write(`${name.padEnd(17)}${numbers} ${(mote / official).toFixed(2).padStart(7)}   ${aimed}\n`)
    }
    const rv32 = `code of firmware/vm, ${MACHINE_TARGET}`
    if (sizes === undefined) process.stdout.write(`${rv32}: not measured, install gcc-riscv64-unknown-elf\n`)
    else {
        process.stdout.write(
            `${rv32}: ${sizes.code} bytes, without JSON ${sizes.withoutJson} (aim ${MACHINE_BUDGET})\n`,
        )
        process.stdout.write(`RAM besides the arena: ${sizes.static} bytes (aim 2048)\n`)
    }
    process.stdout.write(`smallest arena that runs the PSK sensor: ${sensor.arenaPeak} bytes (aim 32768)\n`)
    process.stdout.write(`one further idle connection: ${sensor.idleConnection} bytes (aim 1536)\n`)
    process.stdout.write(`longest collection: ${sensor.longestPause} us\n`)
}

async function main(): Promise<void> {
    const about = "the machine as it is built and DeviceScript's own, interpreting and translated"
    const chunks: BenchOption = ["--chunks <n>", "measurements of each body", 60]
    const values = benchOptions<{ json?: boolean; chunks: number }>("bench:vm", about, [chunks, JSON_OPTION])
    const module = await machineModule()
    const results = new Map<string, Pair>()
    for (const [index, { name }] of bodies.entries()) results.set(name, await measure(module, index, values.chunks))
    const sizes = rv32Sizes()
    const sensor = await measureSensor(module)
    if (values.json)
        process.stdout.write(
            `${JSON.stringify({
                body: Object.fromEntries(results),
                code_bytes_rv32: sizes?.code ?? null,
                code_bytes_rv32_without_json: sizes?.withoutJson ?? null,
                static_ram_bytes: sizes?.static ?? null,
                sensor_arena_peak: sensor.arenaPeak,
                idle_connection_bytes: sensor.idleConnection,
                gc_pause_max_us: sensor.longestPause,
            })}\n`,
        )
    else print(results, sizes, sensor)
}

await main()
process.exit(0)
