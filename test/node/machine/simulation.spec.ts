import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, functionNames } from "../../../host/build/device.js"
import { loadConfig } from "../../../host/config/device-config.js"
import { programImage } from "../../../host/config/firmware-build.js"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { type I2cPeripheral, Simulation, type SimulationOptions } from "../../../host/testing/index.js"
import { VirtualClock } from "../../../host/testing/virtual-clock.js"
import { mote, Running } from "../../interop/process.js"

const KEY = "000102030405060708090a0b0c0d0e0f"

const example = (name: string): string => join(root, "examples", "device", name)

/** A configuration file for a program. */
function configured(program: string, settings: object = {}): string {
    const path = join(temporaryFolder("simulation"), "devs.config.json")
    const target = "coaps://gateway.local/readings"
    const config = { program, board: "posix", target, credentials: "none.json", ...settings }
    writeFileSync(path, JSON.stringify(config))
    return path
}

/** A configuration file for a program of these lines. */
function written(lines: string[]): string {
    const folder = temporaryFolder("simulation")
    mkdirSync(join(folder, "src"))
    const program = join(folder, "src", "main.ts")
    writeFileSync(program, `${lines.join("\n")}\n`)
    return configured(program)
}

describe("a simulation", function () {
    this.timeout(180000)
    let simulation: Simulation | undefined

    const start = async (options: SimulationOptions): Promise<Simulation> =>
        (simulation = await Simulation.start(options))
    afterEach(async () => {
        await simulation?.stop()
        simulation = undefined
    })

    it("runs a device's program against a gateway: what it measures arrives each minute, and that takes no real time", async () => {
        const started = await start({ config: configured(example("temperature.ts")) })
        started.i2c.sht4x.setClimate(-12.5, 80)
        const names = (await started.nextSample()).readings.map(({ name }) => name)
        deepStrictEqual(names, ["temperature", "button"])
        for (let count = 1; count < 60; count++) {
            const { time, path, readings } = await started.nextSample()
            strictEqual(path, "/readings")
            ok(Math.abs(readings[0].value + 12.5) < 0.01, String(readings[0].value))
            ok(Math.abs(time - count * 60000) < 1000, String(time))
        }
        // That was an hour; this test may take three minutes.
    })

    for (const versions of [
        {
            minVersion: "1.3",
            connectionId: 0,
            returnRoutability: "enhanced",
            pskKeyExchange: "psk_dhe_ke",
            importedPsk: { context: "sensor and gateway", hash: "SHA-256" },
        },
        { minVersion: "1.2", maxVersion: "1.3" },
    ])
        it(`runs a sensor of DTLS ${"maxVersion" in versions ? "1.2 and 1.3" : "1.3 alone, with an imported key and enhanced return routability,"} against a gateway of the same versions, over a link that loses datagrams`, async () => {
            const config = configured(join(root, "src/sensor/main.ts"), versions)
            const names = functionNames(programImage(loadConfig(config)))
            for (const name of ["ImportedPsks", "EnhancedReturnRoutability"])
                strictEqual(names.has(name), !("maxVersion" in versions), name)
            const started = await start({ config })
            started.link.loss = 0.2
            for (let count = 0; count < 5; count++) strictEqual((await started.nextSample()).path, "/readings")
        })

    it("has pins that read what the settings say", async () => {
        const pressed = { config: configured(example("temperature.ts")), settings: { "pin-9": "0" } }
        strictEqual((await (await start(pressed)).nextSample()).readings[1]?.value, 1)
    })

    it("has a link that delays, repeats and loses datagrams: the device repeats what is lost", async () => {
        const started = await start({ config: configured(example("temperature.ts")) })
        started.link.duplication = 1
        started.link.delay = 700
        await started.nextSample()
        strictEqual(started.samples.length, 1)
        const before = started.link.datagrams
        started.link.loss = 1
        await started.advance(120000)
        strictEqual(started.samples.length, 1)
        ok(started.link.datagrams > before + 3)
        started.link.loss = 0
        strictEqual((await started.nextSample()).path, "/readings")
    })

    it("has an I2C bus for one's own peripherals, and tells programs about absent ones", async () => {
        const config = written([
            'import { i2c } from "@devicescript/i2c"',
            'import { runSensor } from "mote-dtls/device"',
            'await runSensor({ read: async () => [{ name: "light", unit: "lx", value: (await i2c.readReg(0x23, 7)) }] })',
        ])
        let written_ = -1
        const meter: I2cPeripheral = {
            write: (bytes) => {
                written_ = bytes[0] ?? -1
                return true
            },
            read: (length) => new Uint8Array(length).fill(200 + written_),
        }
        const started = await start({ config })
        started.i2c.attach(0x23, meter)
        strictEqual((await started.nextSample()).readings[0]?.value, 207)
        started.i2c.detach(0x23)
        await started.advance(61000)
        ok(
            started.log.some((line) => line.includes("next attempt in 60000 ms")),
            started.log.join("\n"),
        )
    })

    it("says what the device logged when no sample comes in time", async () => {
        const started = await start({ config: configured(example("temperature.ts")) })
        started.link.loss = 1
        await rejects(started.nextSample(100000), /no sample within 100000 ms; the device's log:\n.*next attempt in/s)
    })

    it("ends with the lines of the program when the device panics", async () => {
        const lines = ['import * as ds from "@devicescript/core"', "await ds.sleep(1000)", 'throw new Error("broken")']
        const started = await start({ config: written(lines) })
        await rejects(started.nextSample(), /the device stopped: panic 60005: Error: broken\n.*main\.ts:3/s)
    })

    it("sleeps deeply: a battery sensor makes one session after each start, an hour of sleep later", async () => {
        const settings = { interval: "3600000" }
        const started = await start({ config: configured(example("battery.ts")), settings })
        const first = await started.nextSample(30000)
        const second = await started.nextSample(2 * 3600000)
        strictEqual(Math.round((second.time - first.time) / 60000), 60)
        strictEqual(started.handshakes, 2)
    })
})

describe("the examples", function () {
    this.timeout(180000)

    for (const file of readdirSync(join(root, "examples", "device")).filter((name) => name.endsWith(".ts")))
        it(`${file} compiles for a device`, () => {
            ok(cachedDeviceImage(example(file)).bytes > 1000)
        })

    it("dtls.ts sends a line to a DTLS server and prints the answer", async () => {
        const server = new Running(mote("server", "--host", "127.0.0.1", "--port", "0", "--psk", `a:${KEY}`, "--echo"))
        const port = /listening on 127\.0\.0\.1:(\d+)/.exec(
            (await server.has("listening on")) ? server.output : "",
        )?.[1]
        const settings = [`port=${port}`, "identity=a", `key=${KEY}`].flatMap((setting) => ["--setting", setting])
        const device = new Running(mote("sim", example("dtls.ts"), "--quiet", ...settings))
        ok(await device.has("hello"), device.output)
        await device.end()
        await server.end()
    })
})

describe("a virtual clock", () => {
    it("runs callbacks in order of time, and tells when that was", async () => {
        const clock = new VirtualClock()
        const calls: string[] = []
        const note = (name: string) => (): void => void calls.push(`${name} ${clock.now()}`)
        clock.after(300, note("late"))
        clock.after(100, note("early"))
        clock.after(200, note("never"))()
        await clock.advance(250)
        deepStrictEqual([calls, clock.now()], [["early 100"], 250])
        strictEqual(await clock.advanceUntil(() => calls.length === 2, 1000), true)
        deepStrictEqual([calls[1], clock.now()], ["late 300", 300])
    })
})
