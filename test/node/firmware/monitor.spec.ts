import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { programSlot } from "../../../host/board/program-slot.js"
import { root } from "../../../host/build/device.js"
import { buildNative, checkedDevice, missingFor } from "../../../host/build/native.js"
import { compileProgram } from "../../../host/build/compiler.js"
import { missingForPlatformio, platformio } from "../../../host/build/platformio.js"
import { missingForBoard } from "../../../host/build/rv32.js"
import { inWords } from "../../../host/device-words.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { straight } from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { KEY, project, run, good, keys } from "../../support/device-project.js"

/** Prints the name of a pseudo terminal and writes there what it reads, line by line as a board does. */
const PSEUDO_TERMINAL = [
    "import os, pty, sys, tty",
    "ours, theirs = pty.openpty()",
    "tty.setraw(theirs)",
    "print(os.ttyname(theirs))",
    'for line in sys.stdin: os.write(ours, line.encode().replace(b"\\n", b"\\r\\n"))',
].join("\n")

describe("mote flash and mote monitor", function () {
    this.timeout(180000)

    const versions13 = {
        minVersion: "1.3",
        connectionId: 0,
        returnRoutability: "enhanced",
        pskKeyExchange: "psk_dhe_ke",
        importedPsk: { context: "sensor1 and gateway" },
        // The board's crypto library has no GCM.
        suites: ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256"],
    }
    const warning = "warning: suites: left out what the emulated RV32IMC board (QEMU) lacks: TLS_AES_128_GCM_SHA256\n"
    const importing = ["--min-version", "1.3", "--import-psk", "SHA-256", "--import-context", "sensor1 and gateway"]
    for (const [name, missing, versions, speaks] of [
        ["posix", () => missingFor(checkedDevice), {}, ["--max-version", "1.3", "--cid", "4"]],
        ["rv32-virt", missingForBoard, versions13, [...importing, "--cid", "4", "--return-routability", "enhanced"]],
    ] as const)
        it(`put the sensor onto ${name} and show how it posts${"minVersion" in versions ? " in DTLS 1.3 with psk_dhe_ke and an imported key" : ""}`, async function () {
            needs(this, missing())
            const port = await freePort()
            const host = name === "posix" ? "127.0.0.1" : "10.0.2.2"
            const folder = project({ ...good, board: name, program: "app.ts", interval: 20 }, keys)
            // The sensor of the project, named from outside of it.
            const sensor = {
                ...good,
                board: name,
                interval: 20,
                target: `coaps://${host}:${port}/readings`,
                ...versions,
            }
            writeFileSync(join(folder, "devs.config.json"), JSON.stringify({ ...sensor, program: "sensor.ts" }))
            writeFileSync(join(folder, "sensor.ts"), `import ${JSON.stringify(join(root, "src/sensor/main.js"))}\n`)
            const where = ["--host", "127.0.0.1", "--port", `${port}`]
            const gateway = new Running(mote("gateway", ...where, "--psk", `sensor1:${KEY}`, ...speaks))
            try {
                await untilBound(port)
                const flashed = run("flash", folder)
                strictEqual(flashed.code, 0, flashed.err)
                ok(flashed.out.includes("flashed: slot 0"), flashed.out)
                strictEqual(flashed.out.includes(warning), name === "rv32-virt", flashed.out)
                const monitor = new Running(mote("monitor", "--config", join(folder, "devs.config.json")))
                await monitor.expect("posted sample 3", 30000)
                await monitor.end()
            } finally {
                await gateway.end()
            }
        })

    it("build the program's functions into the firmware as C with translate; it interprets other programs", function () {
        needs(this, missingFor(checkedDevice))
        const folder = project({ ...good, translate: "all" }, keys)
        // Called once, the function would become part of the main function, which stays bytecode.
        writeFileSync(
            join(folder, "src", "app.ts"),
            `${straight(100).replace("ds.restart()", "")}work(2)\nds.restart()`,
        )
        const flashed = run("flash", folder)
        strictEqual(flashed.code, 0, flashed.err)
        ok(/^as C: .*translation, \d+ functions$/m.test(flashed.out), flashed.out)
        strictEqual(run("monitor", folder).out, "7609\n")
        const made = join(folder, "build", "posix")
        writeFileSync(join(made, "other.devs"), compileProgram(straight(101)))
        const [translated, interpreted] = ["program.devs", "other.devs"].map((name) => {
            const { stdout, stderr } = spawnSync(join(made, "mote-device"), ["--stats", join(made, name)], {
                encoding: "utf8",
            })
            return { stdout, operations: Number(/^operations (\d+)/.exec(stderr)?.[1]) }
        })
        strictEqual(translated.stdout + interpreted.stdout, "7609\n22828\n")
        ok(translated.operations * 10 < interpreted.operations, JSON.stringify([translated, interpreted]))
        // Without the setting, nothing of it stays.
        writeFileSync(join(folder, "devs.config.json"), JSON.stringify(good))
        strictEqual(run("build", folder).code, 0)
        ok(!existsSync(join(made, "translation")))
    })

    it("names the line of TypeScript where a program panics", function () {
        needs(this, missingFor(checkedDevice))
        const folder = project(good, keys)
        writeFileSync(join(folder, "src", "app.ts"), '\n\nthrow new Error("no sensor there")\n')
        strictEqual(run("flash", folder).code, 0)
        const told = run("monitor", folder)
        ok(/no sensor there\n.*app\.ts:3\)/.test(told.out), told.out + told.err)
        strictEqual(told.code, 1)
    })

    it("shows what a board writes to its serial port, with lines of TypeScript, and says when there is no such port", async function () {
        needs(this, missingForPlatformio())
        const esp = { ...good, board: "esp32c3-devkitm-1", wifi: { ssid: "home" } }
        const folder = project(esp, { ...keys, wifiPassword: "secret123" })
        writeFileSync(join(folder, "src", "app.ts"), '\n\nthrow new Error("no sensor there")\n')
        strictEqual(run("build", folder).code, 0)
        const none = run("monitor", folder, "--port", "/dev/ttyNone")
        ok(none.err.includes("/dev/ttyNone is not there; is the board connected?"), none.err)
        ok(run("monitor", folder).err.includes("--port: the serial port of"))
        // A pseudo terminal stands in for the port; what comes in here goes out there.
        const serial = new Running(["python3", "-u", "-c", PSEUDO_TERMINAL])
        try {
            await serial.expect("\n")
            const port = serial.output.trim()
            const monitor = new Running(mote("monitor", "--config", join(folder, "devs.config.json"), "--port", port))
            // The program's image has its first operation behind the header and the function table.
            const image = readFileSync(join(folder, "build", "esp32c3-devkitm-1", "program.devs"))
            const position = image.readUInt32LE(image.readUInt32LE(32)) + 1
            for (let i = 0; i < 100 && !monitor.output.includes("app.ts"); i++) {
                serial.write(`mote-device: Error: no sensor there; at ${position}\n`)
                await new Promise((resolve) => setTimeout(resolve, 100))
            }
            await monitor.expect("app.ts:")
            ok(/mote-device: Error: no sensor there\n +at main \(.*app\.ts:\d+\)/.test(monitor.output), monitor.output)
            await monitor.end()
        } finally {
            await serial.end()
        }
    })

    it("say in words what a device says in numbers", () => {
        strictEqual(
            inWords("warning: UDP error 39; next"),
            "warning: UDP error 39 (nothing listens at that port: check address, port and the peer); next",
        )
        const known = Array.from({ length: 64 }, (_, code) => inWords(`UDP error ${code}`)).filter((line) =>
            line.includes("("),
        )
        for (const line of known) ok(/\(.+: (check|choose|close|send) .+\)$/.test(line), line)
        strictEqual(known.length, 10)
        strictEqual(inWords("x: no such host; next"), "x: no such host; check the name and the network; next")
        strictEqual(
            inWords("info: : no such host; next"),
            "info: the name of the host is empty; check the setting host; next",
        )
        ok(inWords("The connection failed, reason 7").includes("reason 7 (no cipher suite or version in common"))
        ok(inWords("The peer sent a fatal alert, number 40").endsWith("number 40 (handshake_failure)"))
        strictEqual(inWords("UDP error 255; reason 999"), "UDP error 255; reason 999")
    })

    it("a program that keeps crashing gives way to the one before, which says why", function () {
        needs(this, missingFor(checkedDevice))
        const folder = temporaryFolder("slots")
        const put = (slot: number, number: number, source: string): void =>
            writeFileSync(join(folder, `slot${slot}`), programSlot(compileProgram(source), number))
        const start = (): string => {
            const args = ["--storage", join(folder, "storage"), "--slots", folder, "--trial", "20"]
            return spawnSync(buildNative(checkedDevice), args, { encoding: "utf8", timeout: 30000 }).stdout
        }
        const steady =
            'import * as ds from "@devicescript/core"\nawait ds.sleep(60)\nconsole.log("old one")\nds.restart()\n'
        put(0, 1, steady)
        strictEqual(start(), "old one\n")
        put(1, 2, 'throw new Error("broken")\n')
        for (let i = 0; i < 3; i++) ok(start().startsWith("PANIC"), "the new one is tried")
        const warning = "warning: the newest program did not last through its first starts; the one before runs\n"
        for (let i = 0; i < 3; i++) strictEqual(start(), `${warning}old one\n`)
        copyFileSync(join(folder, "slot0"), join(folder, "slot1"))
        put(1, 3, steady.replace("old", "new"))
        for (let i = 0; i < 5; i++) strictEqual(start(), "new one\n")
    })
})

describe("PlatformIO", function () {
    this.timeout(300000)

    it("finds nothing wrong with platformio.ini", function () {
        needs(this, missingForPlatformio())
        const { status, output } = platformio()("project", "config", "--lint")
        strictEqual(status, 0, output)
    })

    for (const [name, missing] of [
        ["posix", () => missingFor(checkedDevice)],
        ["rv32-virt", missingForBoard],
    ] as const)
        it(`builds ${name} by the platform in the project, without downloads`, function () {
            needs(this, missingForPlatformio() ?? missing())
            const { status, output } = platformio()("run", "-e", name)
            strictEqual(status, 0, output)
            ok(/\[SUCCESS\]/.test(output), output)
        })
})
