import { match, ok, strictEqual } from "node:assert/strict"
import { buildNative, checkedDevice, missingFor, withTranslations } from "../../../host/build/native.js"
import { ProgramGenerator } from "../../machine/generator.js"
import {
    comparedPrograms,
    conformancePrograms,
    optimizedImage,
    program,
    programImage,
    recordedOutput,
    straight,
    type WrittenProgram,
} from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { printedBy, runDevice, runNatively } from "./run.js"

/** Generated programs; MOTE_PROGRAMS=N runs more, MOTE_SEED=N begins elsewhere. */
const GENERATED = Number(process.env["MOTE_PROGRAMS"] ?? 24)
const FIRST_SEED = Number(process.env["MOTE_SEED"] ?? 1)
const missing = missingFor(checkedDevice)

/** The Linux device under ASan and UBSan with the functions of these images as C. */
const deviceFor = (...images: Buffer[]): string => buildNative(withTranslations(checkedDevice, images))

/** A program with the images of it that are tried. */
interface Tried extends WrittenProgram {
    images: Buffer[]
}

const inBothForms = ({ name, source }: WrittenProgram): Tried => ({
    name,
    source,
    images: [programImage(source), optimizedImage(source)],
})

/** By turns as the compiler makes it and optimized: the time is gcc's. */
function generated(seed: number): Tried {
    const source = new ProgramGenerator(seed).program()
    const image = seed % 2 === 0 ? programImage(source) : optimizedImage(source)
    return { name: `generated program ${seed}`, source, images: [image] }
}

describe("functions as C", function () {
    this.timeout(300000)
    let device: string
    const tried = new Map<string, Tried>()
    const written = [...conformancePrograms(), ...comparedPrograms()]
    const seeds = Array.from({ length: GENERATED }, (_, index) => FIRST_SEED + index)

    before(() => {
        if (missing !== undefined) return
        for (const one of [...written.map(inBothForms), ...seeds.map(generated)]) tried.set(one.name, one)
        device = deviceFor(...[...tried.values()].flatMap(({ images }) => images))
    })

    function prints(name: string, expected: (program: Tried) => string): void {
        const one = tried.get(name) as Tried
        const wanted = expected(one)
        for (const image of one.images)
            for (const options of [[], ["--gc-stress"]]) strictEqual(printedBy(device, image, ...options), wanted)
    }

    for (const { name } of conformancePrograms())
        it(`print what the official machine printed, with and without collector stress: ${name}`, function () {
            needs(this, missing)
            prints(name, () => recordedOutput(name))
        })

    for (const name of [
        ...comparedPrograms().map(({ name }) => name),
        ...seeds.map((seed) => `generated program ${seed}`),
    ])
        it(`print what the interpreter prints, with and without collector stress: ${name}`, function () {
            needs(this, missing)
            prints(name, ({ source }) => runNatively(programImage(source)))
        })
})

const fibonacci = (n: number): string =>
    program(
        "function fibonacci(n: number): number { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2) }",
        `console.log(fibonacci(${n}))`,
    )

/** Each calls the next, some in loops, one of them in a callback; the last throws. */
const FAILING = program(
    "class Tank {",
    "    level: any",
    "    check(by: number): number { return this.level.amount + by }",
    "    fill(by: number): number { return this.check(by) + 1 }",
    "}",
    "function deep(n: number): number {",
    "    if (n > 0) return deep(n - 1) + 1",
    "    ;[1, 2].forEach(v => new Tank().fill(v))",
    "    return 0",
    "}",
    "async function run(times: number) {",
    "    await ds.sleep(5)",
    "    for (let i = 0; i < times; i++) {",
    "        try {",
    "            deep(i)",
    "        } catch (e: any) {",
    "            console.log('caught')",
    "        }",
    "    }",
    "    console.log(deep(1) + 1)",
    "}",
    "await run(20)",
)

/** Loops below two calls; another fiber waits meanwhile. */
const spinning = (turns: number): string =>
    program(
        "function spin(n: number): number {",
        "    let sum = 0",
        "    while (n > 0) { sum = (sum + n) & 0xfff; n-- }",
        "    return sum",
        "}",
        "function twice(n: number): number { return spin(n) * 10 + spin(n) }",
        "async function other() { await ds.sleep(1); console.log('other') }",
        "other.start()",
        `console.log(twice(${turns}))`,
        "await ds.sleep(5)",
    )

const LEAPING = program(
    "function leap(): number {",
    "    let n = 0",
    "    while (true) {",
    "        try { n++; continue } finally { n = n & 0xff }",
    "    }",
    "}",
    "console.log(leap())",
)

/** Through functions, methods and constructors that call each other. */
const ENDLESS_CALLS = program(
    "class Node1 {",
    "    value: number",
    "    constructor(n: number) { this.value = down(n) }",
    "    go(n: number): number { return new Node1(n + 1).value + 1 }",
    "}",
    "const node = { go: (n: number): number => new Node1(n + 1).value }",
    "function down(n: number): number { return n < 0 ? 0 : node.go(n + 1) + 1 }",
    "console.log('before')",
    "try { down(0) } catch (e: any) { console.log('not catchable') }",
)

/** Through natives, which call nobody on the host's stack, and callbacks. */
const ENDLESS_CALLBACKS = program(
    "function down(n: number): number {",
    "    let sum = 0",
    "    ;[1, 2].forEach(v => { sum += down(n + v) })",
    "    return sum",
    "}",
    "console.log('before')",
    "down(0)",
)

const CONTEXTS = [programImage, optimizedImage]

describe("a device with functions as C", function () {
    this.timeout(120000)
    let device: string
    let interpreter: string
    const sources = [
        straight(100),
        fibonacci(28),
        FAILING,
        LEAPING,
        spinning(100000),
        spinning(2500000),
        ENDLESS_CALLS,
        ENDLESS_CALLBACKS,
    ]

    before(function () {
        needs(this, missing)
        device = deviceFor(...sources.flatMap((source) => CONTEXTS.map((make) => make(source))))
        interpreter = buildNative(checkedDevice)
    })

    /** Runs it both ways, in both forms. @returns what C printed, which is what the interpreter printed */
    function alike(source: string, ...options: string[]): string {
        const outputs = CONTEXTS.map((make) => {
            const output = printedBy(device, make(source), ...options)
            strictEqual(output, printedBy(interpreter, make(source), ...options))
            return output
        })
        strictEqual(outputs[1], outputs[0])
        return outputs[0]
    }

    /** How many operations the machine counted. */
    const operations = (executable: string, image: Buffer): number =>
        Number(/^operations (\d+)/.exec(runDevice(executable, image, "--stats").errors)?.[1])

    it("takes them for the image that they are of: little is left to interpret", () => {
        const image = programImage(straight(100))
        const interpreted = operations(interpreter, image)
        ok(operations(device, image) * 10 < interpreted, `${operations(device, image)} of ${interpreted} operations`)
    })

    it("interprets an image with another hash, each operation", () => {
        const image = programImage(straight(101))
        strictEqual(printedBy(device, image), "22828\n")
        strictEqual(operations(device, image), operations(interpreter, image))
    })

    it("names the same places in the trace of an exception that nobody caught, and goes on after those caught", () => {
        for (const make of CONTEXTS) {
            const run = runDevice(device, make(FAILING))
            strictEqual(run.output, `${"caught\n".repeat(20)}PANIC 60005\n`)
            match(run.errors, /TypeError: getting field 'amount' of undefined; at( \d+){5,}\n/)
            strictEqual(run.errors, runDevice(interpreter, make(FAILING)).errors)
        }
    })

    it("ends a loop without end by its guard, below other calls, too", () =>
        strictEqual(alike(spinning(100000)), "PANIC 60001\n"))

    it("ends calls that hardly end by its guard, though no loop is among them", () =>
        strictEqual(alike(fibonacci(28)), "PANIC 60001\n"))

    it("ends a loop by its guard that goes on out of a finally block, without a jump of its own", () =>
        strictEqual(alike(LEAPING), "PANIC 60001\n"))

    it("gives the host its turn in a long loop and goes on in the middle of it, without a guard", () => {
        strictEqual(alike(spinning(2500000), "--guard", "0"), "13552\nother\n")
        const { errors } = runDevice(device, programImage(spinning(2500000)), "--guard", "0", "--stats")
        // The host has its turn every 20 million operations.
        ok(Number(/^operations (\d+)/.exec(errors)?.[1]) > 40000000, errors)
    })

    it("ends calls without end at the same depth, with the same trace", () => {
        for (const source of [ENDLESS_CALLS, ENDLESS_CALLBACKS]) {
            strictEqual(alike(source), "before\nPANIC 60006\n")
            for (const make of CONTEXTS)
                strictEqual(runDevice(device, make(source)).errors, runDevice(interpreter, make(source)).errors)
        }
    })

    it("does not run out of the host's stack, however deep calls may be", () => {
        const wide = ["--depth", "60000", "--heap", "65536", "--guard", "0"]
        for (const source of [ENDLESS_CALLS, ENDLESS_CALLBACKS])
            strictEqual(alike(source, ...wide), "before\nPANIC 60006\n")
    })

    it("tells of an exhausted heap as the interpreter does, wherever memory ends", () => {
        // The stack or an object does not fit any more, each time elsewhere.
        for (let heap = 6; heap < 20; heap += 2) {
            const output = alike(ENDLESS_CALLS, "--depth", "2000", "--heap", String(heap))
            strictEqual(output, "before\nPANIC 60004\n", `${heap} KB`)
        }
    })
})
