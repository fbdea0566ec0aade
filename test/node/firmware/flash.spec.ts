import { ok, strictEqual, throws } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { programSlot, readSlot } from "../../../host/board/program-slot.js"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { buildNative, checkedDevice, missingFor } from "../../../host/build/native.js"
import { compileProgram } from "../../../host/build/compiler.js"
import { boardNames, type DeviceConfig, loadBoard } from "../../../host/config/device-config.js"
import { type BuildFiles } from "../../../host/config/firmware-build.js"
import { flashBoard, flashHere, prepareFirmware, slotToWrite } from "../../../host/config/flash.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { needs } from "../../support/needs.js"

/** Long enough to last a trial of 20 ms. */
const steady = (name: string): string =>
    `import * as ds from "@devicescript/core"\nawait ds.sleep(60)\nconsole.log("${name}")\nds.restart()\n`
const BROKEN = 'throw new Error("broken")\n'
const HANGING = 'import * as ds from "@devicescript/core"\nawait ds.sleep(5)\nwhile (true) {}\n'
const FALLBACK = "warning: the newest program did not last through its first starts; the one before runs\n"

/** A slot whose program has lasted, as the device leaves it. */
function lasted(slot: Buffer): Buffer {
    const marked = Buffer.from(slot)
    marked.write("0", 3, "latin1")
    return marked
}

/** A device on Linux that is flashed and started again and again. */
class Device {
    private readonly folder = temporaryFolder("flash")
    private readonly files = { folder: this.folder, slot: join(this.folder, "program.slot") } as BuildFiles

    flash(source: string, number = 1): number {
        writeFileSync(this.files.slot, programSlot(compileProgram(source), number))
        return flashHere(this.files)
    }

    path(slot: number): string {
        return join(this.folder, "flash", `slot${slot}`)
    }

    start(...more: string[]): string {
        const slots = ["--slots", join(this.folder, "flash"), "--storage", join(this.folder, "storage")]
        const args = [...slots, "--trial", "20", "--guard", "0", ...more]
        return spawnSync(buildNative(checkedDevice), args, { encoding: "utf8", timeout: 60000 }).stdout
    }
}

describe("mote flash leaves the program that is known to be good", function () {
    this.timeout(180000)

    it("by writing the slot that can be spared: an empty one, one whose program has not lasted, then the older one", () => {
        const slot = (number: number): Buffer => programSlot(new Uint8Array(8), number)
        strictEqual(slotToWrite([slot(5), slot(7)]), 0)
        strictEqual(slotToWrite([slot(9), slot(7)]), 1)
        strictEqual(slotToWrite([slot(9), new Uint8Array(16)]), 1)
        strictEqual(slotToWrite([lasted(slot(5)), slot(7)]), 1)
        strictEqual(slotToWrite([slot(5), lasted(slot(7))]), 0)
        strictEqual(slotToWrite([lasted(slot(5)), lasted(slot(7))]), 0)
        strictEqual(slotToWrite([lasted(slot(5)), Buffer.alloc(0)]), 1)
    })

    it("a header without its program does not count, so that flashing again after an interruption goes there", () => {
        const whole = programSlot(new Uint8Array(64).fill(7), 5)
        const torn = Buffer.concat([programSlot(new Uint8Array(64).fill(8), 6).subarray(0, 40), Buffer.alloc(40, 0xff)])
        strictEqual(readSlot(torn), undefined)
        strictEqual(readSlot(torn.subarray(0, 20)), undefined)
        strictEqual(slotToWrite([whole, torn]), 1)
        strictEqual(slotToWrite([torn, whole]), 0)
    })

    it("through a bad program and another bad one", function () {
        needs(this, missingFor(checkedDevice))
        const device = new Device()
        strictEqual(device.flash(steady("A")), 0)
        strictEqual(device.start(), "A\n")
        for (const name of ["B", "C", "D"]) {
            strictEqual(device.flash(BROKEN), 1, name)
            for (let i = 0; i < 3; i++) ok(device.start().startsWith("PANIC"), `${name} is tried`)
            strictEqual(device.start(), `${FALLBACK}A\n`, name)
        }
        strictEqual(device.flash(steady("E")), 1)
        strictEqual(device.start(), "E\n")
        strictEqual(device.flash(BROKEN), 0)
        for (let i = 0; i < 3; i++) device.start()
        strictEqual(device.start(), `${FALLBACK}E\n`)
    })

    it("through flashing twice without a start in between", function () {
        needs(this, missingFor(checkedDevice))
        const device = new Device()
        device.flash(steady("A"))
        device.start()
        strictEqual(device.flash(BROKEN), 1)
        strictEqual(device.flash(BROKEN), 1)
        for (let i = 0; i < 3; i++) device.start()
        strictEqual(device.start(), `${FALLBACK}A\n`)
    })

    it("through a program that hangs: it is not taken for one that lasts, and the watchdog ends it", function () {
        needs(this, missingFor(checkedDevice))
        const device = new Device()
        device.flash(steady("A"))
        device.start()
        device.flash(HANGING)
        // Its trial is over while it hangs, and not before, however busy the computer is.
        for (let i = 0; i < 3; i++)
            strictEqual(
                device.start("--watchdog", "1500", "--trial", "700"),
                "error: the watchdog: the program does not come to rest\n",
            )
        strictEqual(readSlot(readFileSync(device.path(1)))?.lasted, false)
        strictEqual(device.start("--watchdog", "1500"), `${FALLBACK}A\n`)
    })

    it("lets a program sleep for longer than the watchdog waits", function () {
        needs(this, missingFor(checkedDevice))
        const device = new Device()
        device.flash(steady("A").replace("60", "2500"))
        strictEqual(device.start("--watchdog", "1500"), "A\n")
    })

    it("lets a program continue that is flooded with datagrams: peers cannot restart a device", function () {
        needs(this, missingFor(checkedDevice))
        const image = cachedDeviceImage("test/device/busy.ts").path
        const args = ["--guard", "0", "--watchdog", "1500", image]
        // A turn without a guard is 20 million operations, a datagram with every few of them: half a minute of work.
        const { stdout } = spawnSync(buildNative(checkedDevice), args, { encoding: "utf8", timeout: 150000 })
        strictEqual(stdout, "still here\n")
    })

    it("runs what was flashed last, whatever the computer's clock says", function () {
        needs(this, missingFor(checkedDevice))
        const device = new Device()
        device.flash(steady("A"))
        const ahead = programSlot(compileProgram(steady("A")), 0xe0000000)
        writeFileSync(device.path(0), ahead)
        strictEqual(device.start(), "A\n")
        device.flash(steady("B"), 5)
        strictEqual(device.start(), "B\n")
        strictEqual(readSlot(readFileSync(device.path(1)))?.number, 0xe0000001)
    })
})

/** Stands in for esptool: the flash is a file; MOTE_TEST_CUT is how many bytes of a program it writes before it breaks off. */
const ESPTOOL = `#!/usr/bin/env node
const fs = require("node:fs")
const [, command, ...rest] = process.argv.slice(2).join(" ").match(/--port \\S+.*? (read_flash|write_flash) (.*)$/) ?? process.exit(9)
const words = rest[0].split(" ")
const flash = fs.readFileSync(process.env.MOTE_TEST_FLASH)
if (command === "read_flash") fs.writeFileSync(words[2], flash.subarray(+words[0], +words[0] + +words[1]))
for (let i = 0; command === "write_flash" && i < words.length; i += 2) {
    const content = fs.readFileSync(words[i + 1])
    const cut = Number(process.env.MOTE_TEST_CUT ?? content.length)
    flash.fill(0xff, +words[i], +words[i] + content.length)
    content.copy(flash, +words[i], 0, cut)
    fs.writeFileSync(process.env.MOTE_TEST_FLASH, flash)
    if (cut < content.length) process.exit(1)
}
`

describe("mote flash over a serial port", () => {
    const folder = temporaryFolder("serial")
    const board = loadBoard("esp32c3-devkitm-1")
    const config = { board, folder } as DeviceConfig
    const files = { folder, slot: join(folder, "program.slot"), settings: join(folder, "settings.txt") } as BuildFiles
    const environment = { ...process.env }

    const flash = (fill: number): number => {
        writeFileSync(files.slot, programSlot(new Uint8Array(5000).fill(fill), 1))
        return flashBoard(config, files, "/dev/ttyTest", false)
    }
    const programs = (): ReturnType<typeof readSlot>[] => {
        const chip = readFileSync(join(folder, "chip"))
        return (board.partitions as { programs: number[] }).programs.map((at) => readSlot(chip.subarray(at)))
    }

    before(() => {
        mkdirSync(join(folder, "bin"))
        writeFileSync(join(folder, "bin", "esptool.py"), ESPTOOL)
        chmodSync(join(folder, "bin", "esptool.py"), 0o755)
        writeFileSync(join(folder, "chip"), Buffer.alloc(4 << 20, 0xff))
        writeFileSync(files.settings, "host=h\n")
    })

    beforeEach(() => {
        process.env["PATH"] = `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`
        process.env["MOTE_TEST_FLASH"] = join(folder, "chip")
    })
    afterEach(() => {
        for (const name of ["PATH", "MOTE_TEST_FLASH", "MOTE_TEST_CUT"])
            if (environment[name] === undefined) delete process.env[name]
            else process.env[name] = environment[name]
    })

    it("writes the torn slot again after an interruption, and not the good one", () => {
        strictEqual(flash(1), 0)
        process.env["MOTE_TEST_CUT"] = "3000"
        for (let i = 0; i < 2; i++) throws(() => flash(2), /writing program and settings failed/)
        ok(existsSync(files.slot) && programs()[0] !== undefined && programs()[1] === undefined)
        delete process.env["MOTE_TEST_CUT"]
        strictEqual(flash(3), 1)
        const [first, second] = programs()
        ok(first !== undefined && second !== undefined && second.number > first.number)
    })
})

describe("mote flash and the firmware of an ESP32-C3", () => {
    const board = loadBoard("esp32c3-devkitm-1")
    const header = join(root, "build", board.name, "mote_config.h")
    const sdkconfig = join(root, "build", board.name, "sdkconfig.configured")

    it("gives it the configuration that PlatformIO's build looks for", () => {
        const folder = temporaryFolder("header")
        const files = {
            folder,
            configuration: join(folder, "mote_config.h"),
            sdkconfig: join(folder, "sdkconfig.configured"),
        } as BuildFiles
        const kept = [header, sdkconfig].map((path) => (existsSync(path) ? readFileSync(path) : undefined))
        try {
            writeFileSync(files.configuration, "#define MOTE_ARENA_KB 48\n")
            writeFileSync(files.sdkconfig, "CONFIG_SECURE_FLASH_ENC_ENABLED=y\n")
            prepareFirmware({ board, folder } as DeviceConfig, files)
            strictEqual(readFileSync(header, "utf8"), "#define MOTE_ARENA_KB 48\n")
            strictEqual(readFileSync(sdkconfig, "utf8"), "CONFIG_SECURE_FLASH_ENC_ENABLED=y\n")
        } finally {
            ;[header, sdkconfig].forEach((path, index) => {
                const content = kept[index]
                if (content === undefined) rmSync(path)
                else writeFileSync(path, content)
            })
        }
    })

    for (const { name, environment } of boardNames()
        .map(loadBoard)
        .filter(({ chip }) => chip !== undefined))
        it(`has an environment for ${name} in platformio.ini, with files that are there`, () => {
            const text = readFileSync(join(root, "platformio.ini"), "utf8")
            const [, section] = text.split(`[env:${environment}]\n`)
            const [defaults, configured] = /-DSDKCONFIG_DEFAULTS=(\S+)/.exec(section)?.[1].split(";") ?? []
            ok(existsSync(join(root, defaults)) && defaults.endsWith("esp32c3/sdkconfig.defaults"), defaults)
            strictEqual(configured, `build/${name}/sdkconfig.configured`)
            ok(section.split("\n[")[0].includes(`-DMOTE_BOARD=${name}\n`))
        })

    /** CMake's answer to the component, in a project whose idf_component_register only prints. */
    function configure(withHeader: boolean): { status: number | null; output: string } {
        const folder = temporaryFolder("cmake")
        const component = join(root, "firmware", "port", "esp32c3", "CMakeLists.txt")
        const project = [
            "cmake_minimum_required(VERSION 3.16)",
            "project(stand_in NONE)",
            'function(idf_component_register)\nmessage(STATUS "registered ${ARGN}")\nendfunction()',
            "function(target_compile_options)\nendfunction()",
            `include(${component})`,
        ]
        writeFileSync(join(folder, "CMakeLists.txt"), `${project.join("\n")}\n`)
        mkdirSync(join(folder, "build", board.name), { recursive: true })
        if (withHeader) writeFileSync(join(folder, "build", board.name, "mote_config.h"), "")
        const args = ["-S", folder, "-B", join(folder, "out"), `-DMOTE_BOARD=${board.name}`]
        const { status, stdout, stderr } = spawnSync("cmake", args, { encoding: "utf8" })
        return { status, output: `${stdout}${stderr}`.replaceAll(folder, "") }
    }

    it("compiles with the header of its board, and says so when there is none", function () {
        needs(this, spawnSync("cmake", ["--version"]).status === 0 ? undefined : "cmake is not installed")
        const { status, output } = configure(true)
        strictEqual(status, 0, output)
        ok(/registered .*;INCLUDE_DIRS;.*;\/build\/esp32c3-devkitm-1;/.test(output), output)
        const without = configure(false)
        ok(
            without.status !== 0 && without.output.includes("mote build --board esp32c3-devkitm-1 writes it"),
            without.output,
        )
    })
})
