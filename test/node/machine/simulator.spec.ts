import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { createSocket } from "node:dgram"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { compileProgram } from "../../../host/build/compiler.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device, type DeviceOptions, type Outcome } from "../../../host/simulator/device.js"
import { JumpingClock, Outside } from "../../../host/simulator/device-clock.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { suitePrograms } from "../../engine/names.js"
import { mote, Running, sleep } from "../../interop/process.js"
import { simulate } from "./run.js"

const folder = temporaryFolder("sim")

function write(name: string, content: string | Uint8Array): string {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
}

function sim(...args: string[]): { code: number | null; out: string; err: string } {
    const [program, ...rest] = mote("sim", ...args) as [string, ...string[]]
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd: root, encoding: "utf8", timeout: 60000 })
    return { code: status, out: stdout, err: stderr }
}

const options: DeviceOptions = {
    heapBytes: 64 * 1024,
    maxDepth: 100,
    guard: 0,
    gcStress: false,
    virtualTime: true,
    deviceId: "1",
    settings: {},
    storageFolder: join(folder, "storage"),
    print: () => undefined,
    log: () => undefined,
}

async function runSource(source: string, more: Partial<DeviceOptions>): Promise<{ lines: string[]; outcome: Outcome }> {
    const lines: string[] = []
    const print = (_level: string, line: string): void => void lines.push(line)
    const device = new Device(await machineModule(), compileProgram(source), { ...options, print, ...more })
    return { outcome: await device.run(), lines }
}

const HEAD = 'import * as ds from "@devicescript/core"\n'
/** Programs of one file cannot see natives.ts: they declare what they call. */
const native = (declaration: string): string => `${HEAD}declare module "@devicescript/core" {\n${declaration}\n}\n`

/** The settings that the sensor requires. */
const SENSOR = ["host=127.0.0.1", "identity=a", "key=00{n}{n}"].flatMap((setting) => ["--setting", setting])

describe("the simulator", function () {
    this.timeout(120000)

    for (const { file, names, fitsOfficial } of suitePrograms)
        it(`runs the suites of ${file}: the same names pass as in Node`, async () => {
            const folder = fitsOfficial ? "test/device" : "test/device/natives"
            const image = readFileSync(cachedDeviceImage(`${folder}/${file}`).path)
            // The guard is the official machine's.
            const { output } = await simulate(image, false, fitsOfficial ? {} : { guard: 0 })
            for (const name of names) ok(output.includes(`  ${name}\n`), `not run: ${name}\n${output}`)
            ok(output.includes(`tests: ${names.length}, pass: ${names.length}, error: 0`), output)
        })

    it("prints file and line of an uncaught exception, innermost call first, and exits with 1", () => {
        const program = `${HEAD}function inner(x: any) {\n    return x.field\n}\nfunction outer() {\n    return inner(undefined)\n}\nouter()\n`
        const { code, out } = sim(write("panic.ts", program), "--quiet")
        strictEqual(code, 1)
        const lines = out.replaceAll(`${folder}/`, "").trim().split("\n")
        deepStrictEqual(lines.slice(0, 4), [
            "panic 60005: TypeError: getting field 'field' of undefined",
            "    at inner (panic.ts:3)",
            "    at outer (panic.ts:6)",
            "    at main (panic.ts:8)",
        ])
    })

    it("says in words what the number in an uncaught error means, and which setting is missing", () => {
        const failing = (error: string): string =>
            sim(write("error.ts", `${HEAD}throw new Error("${error}")\n`), "--quiet").out
        const refused =
            "panic 60005: Error: UDP error 39 (nothing listens at that port: check address, port and the peer)"
        ok(failing("UDP error 39").startsWith(`${refused}\n`))
        const body = "let found = -1\nfound = ds._moteResolve('').length\nconsole.log(found)\nds.restart()\n"
        const unnamed = sim(write("unnamed.ts", `${native("function _moteResolve(host: string): string[]")}${body}`))
        ok(unnamed.out.startsWith("0\n") && !unnamed.err.includes("Warning"), unnamed.out + unnamed.err)
    })

    it("refuses more natives than the machine has room for, since the others would be undefined", async () => {
        const natives = Array.from({ length: 128 }, (_, i) => ({ name: `_own${i}`, numArgs: 0, run: () => i }))
        await rejects(runSource(`${HEAD}ds.restart()\n`, { natives }), /room for 128 natives, not for \d+/)
        const last = `${native("function _own29(): number")}console.log(ds._own29())\nds.restart()\n`
        deepStrictEqual((await runSource(last, { natives: natives.slice(0, 30) })).lines, ["29"])
    })

    it("names a missing method in full, however short its name is in the image", () => {
        const body = "{\n    say(t: string) {\n        console.log(t)\n        console.log(t)\n    }\n}\n"
        const calls = 'new Box().say("a")\nnew Box().say("b")\nconst none: Box = undefined\n'
        const failing = "try {\n    none.say('c')\n} catch (e: any) {\n    console.log(e.message)\n}\nnone.say('d')\n"
        const { out } = sim(write("missing.ts", `${HEAD}class Box ${body}${calls}${failing}`), "--quiet")
        deepStrictEqual(out.replaceAll(`${folder}/`, "").trim().split("\n").slice(4, 7), [
            "getting field 'say' of undefined",
            "panic 60005: TypeError: getting field 'say' of undefined",
            "    at main (missing.ts:16)",
        ])
    })

    it("--plain prints console lines alone, PANIC n last, and has the official limits", () => {
        const loop = `${HEAD}console.log("before")\nwhile (true) ds.millis()\n`
        const panics = sim(write("loop.devs", compileProgram(loop)), "--plain")
        deepStrictEqual([panics.code, panics.out], [1, "before\nPANIC 60001\n"])
        const ends = sim(write("ends.devs", compileProgram(`${HEAD}console.log("x")\nds.restart()\n`)), "--plain")
        deepStrictEqual([ends.code, ends.out], [0, "x\n"])
    })

    it("prints heap, stack, operations and natives at the end", () => {
        const { out } = sim(write("small.ts", `${HEAD}console.log(1)\nds.restart()\n`))
        for (const part of [
            /^heap: at most [\d.]+ KB of 64.0 KB/m,
            /^stack: at most \d+ bytes/m,
            /^ran \d+ operations/m,
        ])
            ok(part.test(out), out)
    })

    it("--count runs a fleet, each device with its number and settings", () => {
        const program =
            native("function _moteSetting(name: string): string | undefined") +
            'console.log(ds._moteSetting("identity"), ds.deviceIdentifier("self"))\nds.restart()\n'
        const { out } = sim(write("fleet.ts", program), "--count", "3", "--setting", "identity=s{n}", "--quiet")
        deepStrictEqual(out.trim().split("\n").sort(), [
            "1: s1 0000000000000001",
            "2: s2 0000000000000002",
            "3: s3 0000000000000003",
        ])
    })

    it("--virtual-time sleeps a day within a minute, the compiler's time included", async () => {
        const program = `${HEAD}await ds.sleep(86400000)\nconsole.log(ds.millis())\nds.restart()\n`
        const begin = Date.now()
        const { lines } = await runSource(program, {})
        deepStrictEqual(lines, ["86400000"])
        ok(Date.now() - begin < 60000)
    })

    it("virtual time does not jump over a datagram that came while this computer was busy", async () => {
        const clock = new JumpingClock()
        const [receiver, sender] = [createSocket("udp4"), createSocket("udp4")]
        receiver.on("message", () => clock.wake())
        await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve))
        await new Promise<void>((resolve) => sender.connect(receiver.address().port, "127.0.0.1", resolve))
        // Timers come next in the event loop's turn.
        await new Promise((resolve) => setImmediate(resolve))
        sender.send("a datagram")
        const slept = clock.sleep(1000, Outside.datagrams)
        for (const begin = performance.now(); performance.now() < begin + 100;);
        await slept
        strictEqual(clock.now(), 0)
        await clock.sleep(1000, Outside.datagrams)
        strictEqual(clock.now(), 1000)
        for (const socket of [receiver, sender]) socket.close()
    })

    const wrong: [string, string[], RegExp][] = [
        ["no program", [], /one program is needed/],
        ["a missing file", ["no-such.ts"], /there is no file no-such.ts/],
        ["a heap too small", ["test/device/ccm.ts", "--heap", "1"], /--heap: a whole number from 8/],
        ["a setting without value", ["test/device/ccm.ts", "--setting", "key"], /--setting: NAME=VALUE/],
        ["a folder", ["src"], /src is no file/],
        ["neither program nor image", ["package.json"], /neither a program/],
        ["a key where the program should be", ["key=00112233"], /settings are given as --setting/],
        ["the sensor without settings", ["src/sensor/main.ts"], /the sensor wants --setting host/],
        ["an unknown option", ["test/device/ccm.ts", "--fast"], /--fast/],
        ["a program beside --stock", ["test/device/ccm.ts", "--stock"], /leave the program out/],
        ...["profil=wifi", "profile=fast", "count=x", "interval=-5", "port=99999"].map(
            (setting): [string, string[], RegExp] => [
                `the sensor's setting ${setting}`,
                ["src/sensor/main.ts", ...SENSOR, "--setting", setting],
                new RegExp(setting.startsWith("profil=") ? "no setting of that name" : setting.replace(/=.*/, "=")),
            ],
        ),
    ]
    for (const [name, args, message] of wrong)
        it(`${name}: exit code 2 and a sentence`, () => {
            const { code, err } = sim(...args)
            strictEqual(code, 2, err)
            ok(message.test(err) && !/\n\s+at /.test(err), err)
        })

    it("refuses files that are not images and programs that do not compile, with exit code 1 and a sentence", () => {
        const noImage = sim(write("text.devs", "this is no image, however long it may be".repeat(20)))
        strictEqual(noImage.code, 1)
        strictEqual(sim(join(folder, "text.devs"), "--plain").out, "PANIC 60100\n")
        ok(/refuses the image: this is no image/.test(noImage.err), noImage.err)
        const broken = sim(write("broken.ts", `${HEAD}let x: number = "text"\nconsole.log(x)\n`))
        strictEqual(broken.code, 1)
        ok(/does not compile/.test(broken.err) && !/\n\s+at Object/.test(broken.err), broken.err)
    })

    it("runs programs of any folder, with the modules they import", () => {
        write("second.ts", "export function boom(x: any) {\n    return x.field\n}\n")
        const program = `${HEAD}import { boom } from ${JSON.stringify("./second")}\nboom(null)\n`
        const { out } = sim(write("first.ts", program), "--quiet")
        ok(out.includes(`at boom (${join(folder, "second.ts")}:2)`), out)
        ok(out.includes(`at main (${join(folder, "first.ts")}:3)`), out)
    })

    it("runs the current version of what a program imports by an absolute path, and refuses the program if it is missing", () => {
        const says = (word: string): string => write("absolute.ts", `console.log("says ${word}")\n`)
        const program = write("importing.ts", `import ${JSON.stringify(says("one").replace(/ts$/, "js"))}\n`)
        ok(sim(program, "--quiet", "--plain").out.includes("says one"))
        const path = says("two")
        ok(sim(program, "--quiet", "--plain").out.includes("says two"))
        rmSync(path)
        const { code, err } = sim(program)
        strictEqual(code, 1)
        ok(err.includes(`${path.replace(/ts$/, "js")}, which the program imports, is not there`), err)
    })

    it("--watch runs again when a source has changed, once per change", async () => {
        const program = (word: string): string => `${HEAD}console.log("says ${word}")\nds.restart()\n`
        const running = new Running(mote("sim", write("watched.ts", program("one")), "--watch", "--quiet"))
        try {
            await running.expect("says one", 30000)
            write("watched.ts", program("two"))
            await running.expect("says two", 30000)
            write("no-source.txt", "a file that is none of the program's")
            await sleep(1000)
            strictEqual(running.output.split("running again").length - 1, 1, running.output)
        } finally {
            await running.end()
        }
    })

    it("an endless loop can be stopped, and a long one is not disturbed by the host's turns", async () => {
        const loop = compileProgram(`${HEAD}let i = 0\nwhile (true) i = (i + 1) & 0xffff\n`)
        const device = new Device(await machineModule(), loop, options)
        setTimeout(() => device.stop(), 1500)
        strictEqual((await device.run()).code, undefined)
        const sum =
            "let s = 0\nfor (let i = 0; i < 4000000; i++) s = (s + i) & 0xffffff\nconsole.log(s)\nds.restart()\n"
        const { lines, outcome } = await runSource(HEAD + sum, {})
        deepStrictEqual(lines, [
            String(Array.from({ length: 4000000 }).reduce((s: number, _, i) => (s + i) & 0xffffff, 0)),
        ])
        ok(outcome.counters.operations > 40000000)
    })

    it("natives throw errors that name the argument", async () => {
        const declarations = [
            "_moteHashNew(a: any): any",
            "_moteHashUpdate(h: any, d: any): any",
            "_moteAeadNew(a: any, k: any): any",
            "_moteRandom(t: any): any",
            "_moteUdpPort(s: any): any",
            "_moteCryptoClose(h: any): any",
            "_moteStorageRemove(n: any): any",
        ]
        const tries = [
            "_moteHashNew(9)",
            '_moteHashNew("x")',
            "_moteHashUpdate(77, hex`00`)",
            "_moteHashUpdate(ds._moteHashNew(4), 5)",
            "_moteAeadNew(1, hex`00`)",
            "_moteRandom(hex`0102`)",
            "_moteRandom(3)",
            "_moteUdpPort(3)",
            '_moteStorageRemove("a/b")',
        ]
        const program =
            native(declarations.map((text) => `function ${text}`).join("\n")) +
            "const t = (f: () => any) => { try { f() } catch (e: any) { console.log(e.name, e.message) } }\n" +
            `${tries.map((text) => `t(() => ds.${text})`).join("\n")}\nds.restart()\n`
        const { lines } = await runSource(program, {})
        deepStrictEqual(lines, [
            "RangeError _moteHashNew: algorithm must be a hash the machine has",
            "TypeError _moteHashNew: algorithm must be a number",
            "RangeError _moteHashUpdate: hash must be an open handle",
            "TypeError _moteHashUpdate: data must be a Buffer",
            "RangeError _moteAeadNew: key must be as long as the algorithm's",
            "TypeError _moteRandom: target must be a writable Buffer",
            "TypeError _moteRandom: target must be a Buffer",
            "RangeError _moteUdpPort: socket must be an open socket",
            "RangeError _moteStorageRemove: name must be 1 to 14 letters, digits, - or _",
        ])
    })

    it("storage survives the device, and suspends until it is safe", async () => {
        const declare = native(
            "function _moteStorageLoad(n: string): Buffer\nfunction _moteStorageSave(n: string, v: Buffer): number",
        )
        await runSource(`${declare}console.log(ds._moteStorageSave("seen", hex\`0102\`))\nds.restart()\n`, {})
        const { lines } = await runSource(
            `${declare}console.log(ds._moteStorageLoad("seen"), ds._moteStorageLoad("no"))\nds.restart()\n`,
            {},
        )
        deepStrictEqual(lines, ["[Buffer[2] 0102] undefined"])
    })
})
