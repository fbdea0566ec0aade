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
import type { ImageFunction } from "../../../host/image/ir/program.js"
import { readImage } from "../../../host/image/ir/read.js"
import { allFunctions } from "../../../host/translate/choice.js"
import { type Choice, everyFunction, whole } from "../../../host/translate/translate.js"
import { needs } from "../../support/needs.js"
import { printedBy, runDevice, runNatively } from "./run.js"

/** Generated programs; MOTE_PROGRAMS=N runs more, MOTE_SEED=N starts with another seed. */
const GENERATED = Number(process.env["MOTE_PROGRAMS"] ?? 24)
const FIRST_SEED = Number(process.env["MOTE_SEED"] ?? 1)
const missing = missingFor(checkedDevice)

/** Nearly every call is a switch between C and the interpreter. */
const everySecond: Choice = (image) =>
    whole([...everyFunction(image).functions].filter((index) => (index + image.length / 4) % 2 === 0))
/** The interpreter takes over within nearly every call, at statements of all kinds. */
const withoutSomeStatements: Choice = (image) => ({
    ...everyFunction(image),
    isCold: (from) => (Math.imul(from + image.length, 0x9e3779b1) >>> 29) % 5 === 0,
})
const CHOICES: [string, Choice][] = [
    ["all functions as C", everyFunction],
    ["every second function as C", everySecond],
    ["functions as C without some of their statements", withoutSomeStatements],
]

/** The Linux device under ASan and UBSan, with functions of these images translated to C. */
const deviceFor = (choose: Choice, images: Buffer[]): string =>
    buildNative(withTranslations(checkedDevice, images, choose))

/** A program and the images of it that are tested. */
interface Tried extends WrittenProgram {
    images: Buffer[]
}

const inBothForms = ({ name, source }: WrittenProgram): Tried => ({
    name,
    source,
    images: [programImage(source), optimizedImage(source)],
})

/** Alternately the compiler's image and the optimized one: gcc takes most of the time, so not both. */
function generated(seed: number): Tried {
    const source = new ProgramGenerator(seed).program()
    const image = seed % 2 === 0 ? programImage(source) : optimizedImage(source)
    return { name: `generated program ${seed}`, source, images: [image] }
}

const written = [...conformancePrograms(), ...comparedPrograms()]
const seeds = Array.from({ length: GENERATED }, (_, index) => FIRST_SEED + index)
const tried = new Map<string, Tried>()

/** All of them, compiled once. */
function compiled(): Map<string, Tried> {
    if (tried.size === 0)
        for (const one of [...written.map(inBothForms), ...seeds.map(generated)]) tried.set(one.name, one)
    return tried
}

for (const [title, choose] of CHOICES)
    describe(`programs with ${title}`, function () {
        this.timeout(300000)
        let device: string

        before(() => {
            if (missing !== undefined) return
            device = deviceFor(
                choose,
                [...compiled().values()].flatMap(({ images }) => images),
            )
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

/** Loops below two calls, while another fiber waits. */
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

/** Endless recursion through functions, methods and constructors that call each other. */
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

/** Endless recursion whose functions also call a leaf function. */
const ENDLESS_LEAVES = program(
    "class Ring {",
    "    one: any = 1",
    "    two: any = 2",
    "    three: any = 3",
    "    turn(): void {",
    "        const { one } = this",
    "        this.one = this.two",
    "        this.two = this.three",
    "        this.three = one",
    "    }",
    "}",
    "const ring = new Ring()",
    "function down(n: number): number {",
    "    ring.turn()",
    "    console.log(n, ring.one)",
    "    ring.turn()",
    "    ring.turn()",
    "    return down(n + 1) + 1",
    "}",
    "down(0)",
)

/** Endless recursion through natives, which do not nest on the C stack, and callbacks. */
const ENDLESS_CALLBACKS = program(
    "function down(n: number): number {",
    "    let sum = 0",
    "    ;[1, 2].forEach(v => { sum += down(n + v) })",
    "    return sum",
    "}",
    "console.log('before')",
    "down(0)",
)

/**
 * Depth of calls, each from the next function: however the functions are chosen, C calls interpreted ones and they call C.
 * What is thrown, waited for or jumped over passes through all of them.
 */
const CHAIN = program(
    "class Place {",
    "    steps: number[] = []",
    "    left = 0",
    "    constructor(readonly name: string) { this.add(name.length) }",
    "    add(n: number): number { this.steps.push(n); return this.steps.length }",
    "    leave(): void { this.left++ }",
    "}",
    "function many(first: number, ...rest: number[]): number { return first + rest.length }",
    "async function bottom(n: number, place: Place): Promise<number> {",
    "    if (n === 3) throw new RangeError('three')",
    "    if (n === 5) await ds.sleep(3)",
    "    if (n === 7) { const none: any = undefined; return none.field }",
    "    return place.add(n) + many(1, 2, 3)",
    "}",
    "async function even(depth: number, n: number, place: Place): Promise<number> {",
    "    if (depth === 0) return await bottom(n, place)",
    "    const below = await odd(depth - 1, n, place)",
    "    return below + depth",
    "}",
    "async function odd(depth: number, n: number, place: Place): Promise<number> {",
    "    if (depth === 0) return await bottom(n, place)",
    "    try {",
    "        return (await between(depth - 1, n, place)) + 1",
    "    } finally {",
    "        place.leave()",
    "    }",
    "}",
    "async function between(depth: number, n: number, place: Place): Promise<number> {",
    "    if (depth % 11 === 4) {",
    "        try {",
    "            return await even(depth, n, place)",
    "        } catch (e: any) {",
    "            if (n === 7) throw e",
    "            return -1000",
    "        }",
    "    }",
    "    const list = [depth]",
    "    let sum = 0",
    "    for (const d of list) sum += await even(d, n, place)",
    "    return sum",
    "}",
    "async function visit(depth: number) {",
    "    const place = new Place('place' + depth)",
    "    for (let n = 0; n < 9; n++) {",
    "        try {",
    "            console.log(depth, n, await even(depth, n, place), await odd(depth, n, place), place.left)",
    "        } catch (e: any) {",
    "            console.log(depth, n, e.name, place.left, place.steps.length)",
    "        }",
    "    }",
    "}",
    "async function ticks() { for (let i = 0; i < 6; i++) { await ds.sleep(2); console.log('tick', i) } }",
    "ticks.start()",
    "for (const depth of [0, 1, 2, 3, 9, 17, 18, 31, 60]) await visit(depth)",
)

/** The fiber's stack grows, and so moves, while C calls interpreted functions, and the other way round. */
const GROWING = program(
    "function first(n: number, a: number, b: number, c: number): number {",
    "    const x = n + a",
    "    const y = second(n - 1, b, c, x)",
    "    return x + y + a * 2 + b * 3 + c * 5",
    "}",
    "function second(n: number, a: number, b: number, c: number): number {",
    "    if (n <= 0) return a",
    "    const z = a + b + c",
    "    const w = third(n - 1, z & 7, a & 7, b & 7)",
    "    return z + w",
    "}",
    "function third(n: number, a: number, b: number, c: number): number { return first(n - 1, c, a, b) + a - b }",
    "for (let n = 0; n < 90; n++) console.log(first(n, 1, 2, 3))",
)

const CONTEXTS = [programImage, optimizedImage]

describe("a device with functions as C", function () {
    this.timeout(300000)
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
        ENDLESS_LEAVES,
        ENDLESS_CALLBACKS,
        CHAIN,
        GROWING,
    ]
    /** one for each choice of functions */
    let devices: string[]

    before(function () {
        needs(this, missing)
        const images = sources.flatMap((source) => CONTEXTS.map((make) => make(source)))
        const theOthers: Choice = (image) => {
            const second = everySecond(image)
            const { functions } = everyFunction(image)
            return whole([...functions].filter((index) => !second.functions.has(index)))
        }
        devices = [everyFunction, everySecond, theOthers, withoutSomeStatements].map((choose) =>
            deviceFor(choose, images),
        )
        device = devices[0]
        interpreter = buildNative(checkedDevice)
    })

    /** Runs it in all ways, in both forms. @returns what C printed, which is what the interpreter printed */
    function alike(source: string, ...options: string[]): string {
        const outputs = CONTEXTS.map((make) => {
            const output = printedBy(interpreter, make(source), ...options)
            for (const one of devices) strictEqual(printedBy(one, make(source), ...options), output)
            return output
        })
        strictEqual(outputs[1], outputs[0])
        return outputs[0]
    }

    /** The number of operations that the machine counted. */
    const operations = (executable: string, image: Buffer): number =>
        Number(/^operations (\d+)/.exec(runDevice(executable, image, "--stats").errors)?.[1])

    it("uses them for the image that they were made from: little is left to interpret", () => {
        const image = programImage(straight(100))
        const interpreted = operations(interpreter, image)
        ok(operations(device, image) * 10 < interpreted, `${operations(device, image)} of ${interpreted} operations`)
    })

    it("finds the loops that the main function calls in functions of their own: main itself stays bytecode", () => {
        const source = program(
            "function work(turns: number): number {",
            "    let sum = 0",
            "    for (let i = 0; i < turns; i++) sum = (sum + i) & 0xffff",
            "    return sum",
            "}",
            "function plain(n: number): number { return n * n + 1 }",
            "console.log(work(5000) + plain(2))",
        )
        const image = optimizedImage(source)
        const { functions } = readImage(image)
        const hasLoop = ({ body }: ImageFunction): boolean =>
            body.some(({ target }, at) => target !== null && body.indexOf(target) <= at)
        const withLoops = [...functions.keys()].filter((index) => hasLoop(functions[index]))
        strictEqual(withLoops.length, 1)
        ok(allFunctions(image).functions.has(withLoops[0]))
        // What runs once and has no loop is inlined: main, what sets classes up, and `work` are left.
        strictEqual(functions.length, 3)
    })

    it("copies parts of Buffers as the interpreter does, whatever the arguments", () => {
        const source = program(
            "const from = Buffer.from([1, 2, 3, 4, 5])",
            "function part(source: any, offset: any, length: any): string {",
            "    try { return (Buffer as any).copyBytesFrom(source, offset, length).toString('hex') }",
            "    catch (e: any) { return e.message }",
            "}",
            "for (const offset of [0, 2, 5, 6, -1, 1.5, undefined])",
            "    for (const length of [0, 3, 4, 99, -1, undefined]) console.log(offset, length, part(from, offset, length))",
            "console.log(part(hex`0a0b0c`, 1, 1), part('text', 0, 1), part(undefined, 0, 1), part([1], 0, 1))",
            "const copy = (Buffer as any).copyBytesFrom(from, 1, 2)",
            "copy[0] = 9",
            "console.log(from[1], copy[0], copy.length)",
            "const pieces: Buffer[] = []",
            "for (let i = 0; i < 40; i++) pieces.push((Buffer as any).copyBytesFrom(from, i % 5, 1))",
            "console.log(pieces.map(one => one[0]).join(''))",
        )
        const image = programImage(source)
        const printed = printedBy(interpreter, image, "--gc-stress")
        match(printed, /^2 3 030405\n/m)
        match(printed, /^2 9 2\n(12345){8}\n$/m)
        for (const choose of [everyFunction, everySecond, withoutSomeStatements])
            strictEqual(printedBy(deviceFor(choose, [image]), image, "--gc-stress"), printed)
    })

    it("interprets every operation of an image with another hash", () => {
        const image = programImage(straight(101))
        strictEqual(printedBy(device, image), "22828\n")
        strictEqual(operations(device, image), operations(interpreter, image))
    })

    it("gives the same trace of an uncaught exception, and continues after caught ones", () => {
        for (const make of CONTEXTS)
            for (const one of devices) {
                const run = runDevice(one, make(FAILING))
                strictEqual(run.output, `${"caught\n".repeat(20)}PANIC 60005\n`)
                match(run.errors, /TypeError: getting field 'amount' of undefined; at( \d+){5,}\n/)
                strictEqual(run.errors, runDevice(interpreter, make(FAILING)).errors)
            }
    })

    it("alternates between C and interpreted functions, as deep as calls go: results, exceptions, waits, finally", () => {
        const wide = ["--depth", "400", "--heap", "256"]
        const output = alike(CHAIN, ...wide)
        strictEqual(alike(CHAIN, ...wide, "--gc-stress"), output)
        match(output, /^60 8 [\d-]+ [\d-]+ \d+$/m)
        match(output, /^18 7 TypeError \d+ \d+$/m)
        match(output, /^2 3 RangeError \d+ \d+$/m)
        match(output, /^tick 5$/m)
    })

    it("finds its values again after its stack has grown, and so moved, during a call", () => {
        for (const options of [[], ["--gc-stress"]])
            match(alike(GROWING, "--guard", "0", "--depth", "400", "--heap", "256", ...options), /^(\d+\n){90}$/)
    })

    it("ends an endless loop by its guard, below other calls, too", () =>
        strictEqual(alike(spinning(100000)), "PANIC 60001\n"))

    it("ends calls that take practically forever by its guard, although there is no loop", () =>
        strictEqual(alike(fibonacci(28)), "PANIC 60001\n"))

    it("ends a loop by its guard that continues out of a finally block, without a jump of its own", () =>
        strictEqual(alike(LEAPING), "PANIC 60001\n"))

    it("is preempted for the host in a long loop and continues in the middle of it, without a guard", () => {
        strictEqual(alike(spinning(2500000), "--guard", "0"), "13552\nother\n")
        const { errors } = runDevice(device, programImage(spinning(2500000)), "--guard", "0", "--stats")
        // The host gets a turn every 20 million operations.
        ok(Number(/^operations (\d+)/.exec(errors)?.[1]) > 40000000, errors)
    })

    it("ends endless recursion at the same depth, with the same trace", () => {
        for (const source of [ENDLESS_CALLS, ENDLESS_CALLBACKS]) {
            strictEqual(alike(source), "before\nPANIC 60006\n")
            for (const make of CONTEXTS)
                for (const one of devices)
                    strictEqual(runDevice(one, make(source)).errors, runDevice(interpreter, make(source)).errors)
        }
    })

    it("counts calls of leaf functions, which need no activation, as any others", () => {
        match(alike(ENDLESS_LEAVES), /\n97 2\nPANIC 60006\n$/)
    })

    it("does not overflow the C stack, however deep calls may be", () => {
        const wide = ["--depth", "60000", "--heap", "65536", "--guard", "0"]
        for (const source of [ENDLESS_CALLS, ENDLESS_CALLBACKS])
            strictEqual(alike(source, ...wide), "before\nPANIC 60006\n")
    })

    it("reports an exhausted heap as the interpreter does, wherever memory runs out", () => {
        // Each time, it is another stack or object that does not fit.
        for (let heap = 6; heap < 20; heap += 2) {
            const output = alike(ENDLESS_CALLS, "--depth", "2000", "--heap", String(heap))
            strictEqual(output, "before\nPANIC 60004\n", `${heap} KB`)
        }
    })
})
