/*
 * npm run bench:engines: three programs in C, on our machine (interpreted and translated) and in wasm3, all on the
 * emulated RV32IMC core. The core itself counts the instructions, so a second run gives the same figures.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../host/build/device.js"
import { type BoardProgram, buildBoard, COMPILER, missingForBoard } from "../host/build/rv32.js"
import { temporaryFolder } from "../host/temporary.js"
import { allFunctions } from "../host/translate/choice.js"
import { translationFiles } from "../host/translate/files.js"
import { linkSmall, type Source } from "./engines/board.js"
import { asWasm, programFolder, wasm3Source, wasm3Units } from "./engines/wasm3.js"
import { command } from "./rv32-run.js"
import { benchOptions, JSON_OPTION } from "./options.js"

const { json } = benchOptions<{ json?: boolean }>(
    "bench:engines",
    "three programs as C, in our machine and in wasm3, on the emulated RV32IMC core",
    [JSON_OPTION],
)

const PROGRAMS = ["codec", "table", "states"]

/** A program in one form. */
interface Figures {
    /** of the program, in the form that the engine runs */
    bytes: number
    /** of the first run and of the second */
    instructions: [number, number]
    checksum: number
}

type Row = Record<"c" | "interpreted" | "translated" | "wasm3", Figures>

/** Bytes of flash that the engines themselves take. */
type Engines = Record<"mote" | "translated" | "wasm3", number>

/** Runs a program on the core. @param program path of an image or a WebAssembly module */
function measured(firmware: string, program?: string): Omit<Figures, "bytes"> & { output: string } {
    const board: BoardProgram = { path: firmware, flash: {}, ram: {} }
    const [qemu, ...args] = command(board, program, { mode: "speed" })
    const { stdout, stderr, status } = spawnSync(qemu, args, { encoding: "utf8", timeout: 300000, input: "" })
    const output = stdout + stderr
    const all = (name: string): number[] =>
        [...output.matchAll(new RegExp(`${name}: (\\d+)$`, "gm"))].map(([, value]) => Number(value))
    const [checksums, instructions] = [all("checksum"), all("instructions")]
    if (status !== 0 || checksums.length !== 2 || checksums[0] !== checksums[1])
        throw new Error(`a program did not run twice to the same end:\n${output}`)
    return { checksum: checksums[0], instructions: [instructions[0], instructions[1]], output }
}

const sourceOf = (name: string): string => join(programFolder, `${name}.c`)

function ofC(program: string): Figures {
    const board = linkSmall([
        { path: sourceOf("native"), part: "bench" },
        { path: sourceOf(program), part: "program" },
    ])
    const { checksum, instructions } = measured(board.path)
    return { bytes: board.flash["program"], checksum, instructions }
}

const deviceImage = (program: string): string => cachedDeviceImage(`test/device/bench/engines/${program}.ts`).path

function translated(program: string): Promise<BoardProgram> {
    return buildBoard("bench/mote", [], undefined, translationFiles([readFileSync(deviceImage(program))], allFunctions))
}

const imageBytes = (program: string): number => readFileSync(deviceImage(program)).length

/**
 * @param firmware the board's firmware that runs the program. @param bytes the program's, without what every program
 * has
 */
function ofMote(program: string, firmware: BoardProgram, bytes: number): Figures {
    const { checksum, instructions } = measured(firmware.path, deviceImage(program))
    return { bytes, checksum, instructions }
}

function wasm3Board(): { path: string; flash: Record<string, number> } {
    const folder = wasm3Source()
    const flags = [`-I${folder}`, "-Dd_m3LogOutput=0", "-w"]
    // Compiled for speed, as the hot files of our machine are.
    const units = wasm3Units(folder).map((path): Source => ({ path, part: "wasm3", flags: [...flags, "-O2"] }))
    return linkSmall([{ path: sourceOf("wasm3"), part: "bench", flags }, ...units])
}

/** Also returns the size of wasm3's heap. */
async function ofWasm3(program: string, board: { path: string }): Promise<Figures & { heap: number }> {
    const module = await asWasm(program)
    const path = join(temporaryFolder("engine"), `${program}.wasm`)
    writeFileSync(path, module)
    const { output, checksum, instructions } = measured(board.path, path)
    return { bytes: module.length, checksum, instructions, heap: Number(/^heap: (\d+)$/m.exec(output)?.[1]) }
}

function requireSame(program: string, row: Row): Row {
    const checksums = new Set(Object.values(row).map(({ checksum }) => checksum))
    if (checksums.size !== 1) throw new Error(`${program} has different results: ${JSON.stringify(row)}`)
    return row
}

async function measure(): Promise<{ engines: Engines; programs: Record<string, Row> }> {
    const interpreter = await buildBoard("bench/mote")
    const [empty, wasm3] = [await translated("empty"), wasm3Board()]
    const emptyImage = imageBytes("empty")
    const programs: Record<string, Row> = {}
    for (const program of PROGRAMS) {
        const firmware = await translated(program)
        const asC = firmware.flash["translated"] - empty.flash["translated"]
        programs[program] = requireSame(program, {
            c: ofC(program),
            interpreted: ofMote(program, interpreter, imageBytes(program) - emptyImage),
            translated: ofMote(program, firmware, asC),
            wasm3: await ofWasm3(program, wasm3),
        })
    }
    const { vm } = interpreter.flash
    return { engines: { mote: vm, translated: empty.flash["translated"], wasm3: wasm3.flash["wasm3"] }, programs }
}

function print({ engines, programs }: Awaited<ReturnType<typeof measure>>): void {
    console.log("| program | form | bytes | instructions | of C | the first run |\n|---|---|---|---|---|---|")
    for (const [program, row] of Object.entries(programs))
        for (const [form, { bytes, instructions }] of Object.entries(row)) {
            const ratio = (instructions[1] / row.c.instructions[1]).toFixed(1)
            console.log(`| ${[program, form, bytes, instructions[1], ratio, instructions[0]].join(" | ")} |`)
        }
    const flash = Object.entries(engines).map(([name, bytes]) => `${name} ${bytes}`)
    console.log(`\nengines, bytes of flash: ${flash.join(", ")}`)
    const heaps = Object.values(programs).map(({ wasm3 }) => (wasm3 as Figures & { heap: number }).heap)
    console.log(`wasm3's heap: ${heaps.join(", ")} bytes`)
    console.log(spawnSync(COMPILER, ["--version"], { encoding: "utf8" }).stdout.split("\n")[0])
}

const missing = missingForBoard()
if (missing !== undefined) {
    console.error(`bench:engines needs the emulated board: ${missing}`)
    process.exit(1)
}
const results = await measure()
if (json === true) console.log(JSON.stringify(results))
else print(results)
process.exit()
