import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { compileWithDebug } from "../../../host/build/compiler.js"
import { runOfficial } from "../../../host/build/official.js"
import type { DebugFile } from "../../../host/image/ir/debug.js"
import { ImageError, readImage } from "../../../host/image/ir/read.js"
import { writeImage } from "../../../host/image/ir/write.js"
import { optimizeImage } from "../../../host/image/optimize.js"
import { DebugMap } from "../../../host/simulator/debug-map.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { ProgramGenerator } from "../../machine/generator.js"
import { comparedPrograms, conformancePrograms, optimizedImage, program, programImage } from "../../machine/images.js"
import { simulate } from "./run.js"

/** Generated programs; MOTE_PROGRAMS=N runs more, MOTE_SEED=N starts with another seed. */
const GENERATED = Number(process.env["MOTE_PROGRAMS"] ?? 60)
const FIRST_SEED = Number(process.env["MOTE_SEED"] ?? 1001)
const TIMEOUT = 20000

/**
 * Throws in an inlined function, in a closure, after a threaded jump, in a direct method, and while two handlers are
 * left.
 */
const FAULTS = program(
    "class Step {",
    "    taken = 0",
    "    take(fault: number): void {",
    "        this.taken = this.taken + 1",
    "        if (fault === 4) throw new Error('method ' + this.taken)",
    "    }",
    "}",
    "function once(fault: number): void {",
    "    if (fault === 1) throw new Error('inlined')",
    "}",
    "function threaded(fault: number): string {",
    "    let ready = false",
    "    if (fault === 3) ready = true",
    "    else console.log('not ready')",
    "    if (ready) throw new Error('threaded')",
    "    return ready ? 'ready' : 'waiting'",
    "}",
    "function closures(fault: number): void {",
    "    let seen = 0",
    "    const each = (n: number): void => {",
    "        seen = seen + n",
    "        if (seen > 2 && fault === 2) throw new Error('closure ' + seen)",
    "    }",
    "    each(1)",
    "    each(2)",
    "}",
    "function handled(fault: number): void {",
    "    try {",
    "        try {",
    "            if (fault === 5) throw new Error('handled')",
    "        } finally {",
    "            console.log('first')",
    "        }",
    "    } finally {",
    "        console.log('second')",
    "    }",
    "}",
    "function run(fault: number): void {",
    "    once(fault)",
    "    closures(fault)",
    "    console.log(threaded(fault))",
    "    new Step().take(fault)",
    "    handled(fault)",
    "}",
    "run(FAULT)",
)

async function compare(source: string): Promise<void> {
    const image = programImage(source)
    const smaller = optimizedImage(source)
    ok(smaller.length <= image.length, `${smaller.length} > ${image.length}`)
    const expected = (await simulate(image, false)).output
    strictEqual((await simulate(smaller, true)).output, expected)
    // The official machine's log of a panic contains code positions.
    if (expected.includes("PANIC")) return
    const { lines } = await runOfficial(smaller, false, TIMEOUT)
    strictEqual(lines.map((line) => `${line}\n`).join(""), expected)
}

async function outputOf(source: string): Promise<string> {
    const before = (await simulate(programImage(source), false)).output
    strictEqual((await simulate(optimizedImage(source), false)).output, before)
    return before
}

describe("an optimized image", function () {
    this.timeout(60000)

    for (const { name, source } of [...conformancePrograms(), ...comparedPrograms()])
        it(`does what the compiler's does in both machines: ${name}`, () => compare(source))

    for (let seed = FIRST_SEED; seed < FIRST_SEED + GENERATED; seed++)
        it(`does what the compiler's does in both machines: generated program ${seed}`, () =>
            compare(new ProgramGenerator(seed).program()))

    it("returns a constructor's object to its caller even if the constructor's variables outlive the last use of this", async () => {
        const lines = await outputOf(
            program(
                "let seen = 0",
                "function see(x: number) { seen += x }",
                "class Sum {",
                "    first: number",
                "    constructor(items: number[]) {",
                "        this.first = items[0]",
                "        const others = items.slice(1)",
                "        for (const item of others) see(item)",
                "    }",
                "    text(): string { return this.first + ' and ' + seen }",
                "}",
                "const sum = new Sum([1, 2, 3])",
                "console.log(sum.text())",
            ),
        )
        strictEqual(lines, "1 and 5\n")
    })

    it("keeps the order of calls and their effects", async () => {
        const lines = await outputOf(
            program(
                "class Log {",
                '    text = ""',
                "    add(x: string): string { this.text = this.text + x; return this.text }",
                "    both(): string { return this.add('a') + this.add('b') }",
                "}",
                "const log = new Log()",
                "const before = log.text",
                "const both = log.both()",
                "console.log(before + '|' + both + '|' + log.text)",
            ),
        )
        strictEqual(lines, "|aab|ab\n")
    })

    it("keeps a value that was read before its source changed", async () => {
        const lines = await outputOf(
            program(
                "class Cell { x = 1; swap(y: number): number { const old = this.x; this.x = y; return old } }",
                "const cell = new Cell()",
                "console.log(cell.swap(2), cell.swap(3), cell.x)",
            ),
        )
        strictEqual(lines, "1 2 3\n")
    })

    it("still throws when a method is called on nothing", async () => {
        const lines = await outputOf(
            program(
                "class Box { x = 1; get1(): number { return this.x }; say() { console.log('said') } }",
                "function call(box: Box, say: boolean) { try { if (say) box.say(); else console.log(box.get1()) }",
                "    catch (e: any) { console.log(e instanceof TypeError) } }",
                "call(new Box(), true); call(new Box(), false); call(undefined, true); call(undefined, false)",
            ),
        )
        strictEqual(lines, "said\n1\ntrue\ntrue\n")
    })

    it("for Mote's machine contains nothing that a program would do only on another one", async () => {
        const source = (early: string, late: string): string =>
            program(
                early,
                "const native = (Buffer.alloc(0) as any).readUIntBE !== undefined",
                "const copies = native && (Buffer as any).copyBytesFrom !== undefined",
                "function read(b: any): number {",
                "    if (native) return b.readUIntBE(0, 2)",
                "    let value = 0",
                "    for (let i = 0; i < 2; i++) value = value * 256 + b[i]",
                "    return value",
                "}",
                "function state(): string { return native ? 'native' : 'not yet' }",
                "console.log(read(Buffer.from([1, 2])), copies, state())",
                late,
            )
        const runs = async (early: string, late = ""): Promise<[string, number]> => {
            const image = optimizedImage(source(early, late), "mote")
            const { output } = await simulate(image, true)
            strictEqual(output, (await simulate(optimizedImage(source(early, late)), true)).output)
            return [output, optimizedImage(source(early, late)).length - image.length]
        }
        const [output, saved] = await runs("")
        strictEqual(output, "258 true native\n")
        ok(saved >= 64, `${saved} bytes`)
        // Also read before it is set, and from objects that have it themselves.
        deepStrictEqual((await runs("console.log(state())"))[0], "not yet\n258 true native\n")
        strictEqual((await runs("", "const own: any = {}; own['readUIntBE'] = own['copyBytesFrom'] = 1"))[1], 0)
        // Only such tests are decided: none with other names, other objects, or the opposite question.
        const others = [
            "(Buffer as any).copyBytes !== undefined",
            "({} as any).readUIntBE !== undefined",
            "(Buffer.alloc(0) as any).readUIntBE === undefined",
        ]
        const [decided] = await runs("", `console.log(${others.join(", ")})`)
        strictEqual(decided, "258 true native\nfalse false false\n")
    })

    it("keeps the names of functions that a program prints", async () => {
        strictEqual(
            await outputOf(program("function hello() { return 1 }", "console.log(hello); hello()")),
            "[Function: hello]\n",
        )
    })

    it("keeps two functions distinct that do the same", async () => {
        strictEqual(
            await outputOf(
                program(
                    "function a() { return 1 }",
                    "function b() { return 1 }",
                    "const f: any = a",
                    "console.log(f === a, f === b)",
                ),
            ),
            "true false\n",
        )
    })

    it("calls a method by a computed name if the program names it anywhere", async () => {
        strictEqual(
            await outputOf(
                program(
                    "class Door { open() { console.log('open') }; shut() { console.log('shut') } }",
                    "const door: any = new Door()",
                    'for (const name of ["open", "shut"]) door[name]()',
                ),
            ),
            "open\nshut\n",
        )
    })

    it("releases dead references before it waits: two such Buffers do not fit in the heap together", async () => {
        const image = optimizedImage(
            program(
                "let total = 0",
                "async function work() {",
                "    const first = Buffer.alloc(40000)",
                "    total = first[1] + first.length",
                "    await ds.sleep(5)",
                "    const second = Buffer.alloc(40000)",
                "    console.log(total + second.length)",
                "}",
                "await work()",
            ),
        )
        strictEqual((await simulate(image, false)).output, "80000\n")
    })

    it("traces every exception to the same functions and lines", async () => {
        const folder = temporaryFolder("traces")
        const traceOf = async (image: Uint8Array, debug: string): Promise<string[]> => {
            const path = join(folder, "debug.json")
            writeFileSync(path, debug)
            const { outcome } = await simulate(image, false)
            const map = DebugMap.load(path, folder) as DebugMap
            return [outcome.exception, ...outcome.trace.flatMap((position) => map.lines(position))]
        }
        for (const fault of ["1", "2", "3", "4", "5"]) {
            const { image, debug, types } = compileWithDebug(FAULTS.replace("FAULT", fault))
            const optimized = optimizeImage(Buffer.from(image), JSON.parse(debug) as DebugFile, "every", types, true)
            const expected = await traceOf(image, debug)
            ok(expected.length > 2, expected.join("\n"))
            deepStrictEqual(await traceOf(optimized.image, JSON.stringify(optimized.debug)), expected)
        }
    })

    it("reads and writes any image without a change of meaning, and refuses what is not an image", () => {
        const image = programImage(readFileSync(join(root, "test", "machine", "programs", "texts.ts"), "utf8"))
        const once = writeImage(readImage(image)).image
        deepStrictEqual(writeImage(readImage(once)).image, once)
        throws(() => readImage(Buffer.alloc(200)), ImageError)
        throws(() => readImage(Buffer.alloc(3)), ImageError)
    })

    it("has a text in every entry of its table of ASCII texts, the one that pads it included", () => {
        const parsed = readImage(programImage('console.log("a text")'))
        // String data begins with the entry of a long text, whose size is no ASCII.
        const long = Buffer.concat([Buffer.from([200, 0, 200, 0]), Buffer.alloc(12), Buffer.alloc(200, "x")])
        for (const more of [[], [Buffer.from("one more")]]) {
            const image = { ...parsed, utf8: [long, ...parsed.utf8], ascii: [...parsed.ascii, ...more] }
            const { ascii } = readImage(writeImage(image).image)
            strictEqual(ascii.length % 2, 0)
            ok(ascii.every((text) => text.every((byte) => byte < 0x80)))
        }
    })
})
