import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { machineModule } from "../../../host/build/wasm.js"
import type { DebugFile } from "../../../host/image/ir/debug.js"
import { Op } from "../../../host/image/ir/operations.js"
import { readImage } from "../../../host/image/ir/read.js"
import { Device, type Outcome } from "../../../host/simulator/device.js"
import type { FunctionCount } from "../../../host/simulator/machine.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { allFunctions, bytesAsC, hotFunctions } from "../../../host/translate/choice.js"
import { textHash } from "../../../host/translate/covered-code.js"
import { addCounts, MOTE_PROFILE, type Profile, profileText, readProfile } from "../../../host/translate/profile.js"
import { operationEnd, statementStarts } from "../../../host/translate/spans.js"
import { translateFunctions, whole } from "../../../host/translate/translate.js"
import { mote } from "../../interop/process.js"
import { program } from "../../machine/images.js"

const folder = temporaryFolder("profile")

/** Functions that the optimizer does not inline: recursive ones, and one that is long and called twice. */
const WORKLOAD = program(
    "class Counter {",
    "    total = 0",
    "    down(n: number): number { return n < 1 ? this.total : (this.down(n - 1) + n) & 0xffff }",
    "    large(n: number): string {",
    ...Array.from({ length: 40 }, (_, i) => `        this.total = (this.total * ${i} + n) & 0xfff`),
    "        return 'total ' + this.total",
    "    }",
    "    checked(n: number): number {",
    "        if (n > 1000) { throw new RangeError('more than ' + this.large(1000)) }",
    "        return this.total + n",
    "    }",
    "    never(n: number): number { return n < 1 ? this.total : (this.never(n - 1) * n) & 0xffff }",
    "}",
    "const counter = new Counter()",
    "let sum = 0",
    "for (let i = 0; i < 20; i++) sum += counter.down(29)",
    "const name = counter.large(sum)",
    "for (let i = 0; i < 20; i++) sum += counter.checked(i) + counter.checked(2 * i)",
    "if (name === '') counter.never(3)",
    "console.log(counter.large(7))",
)

interface Profiled {
    image: Buffer
    debug: DebugFile
    outcome: Outcome
    profile: Profile
}

async function profiled(): Promise<Profiled> {
    const file = join(folder, "workload.ts")
    writeFileSync(file, WORKLOAD)
    const { path, debugPath } = cachedDeviceImage(file)
    const image = readFileSync(path)
    const outcome = await new Device(await machineModule("profiling"), image, {
        heapBytes: 64 * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: true,
        deviceId: "1",
        settings: {},
        storageFolder: join(folder, "storage"),
        profiledFunctions: readImage(image).functions.length,
        print: () => undefined,
        log: () => undefined,
    }).run()
    const debug = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
    const profile: Profile = {}
    addCounts(profile, debug, outcome.profile)
    return { image, debug, outcome, profile }
}

describe("a profile of a program's functions", function () {
    this.timeout(120000)
    let run: Profiled
    const countOf = (name: string): FunctionCount | undefined =>
        Object.values(run.profile).find(({ functions }) => name in functions)?.functions[name]
    const namesOf = (indexes: Iterable<number>): string[] =>
        [...indexes].map((index) => run.debug.functions[index].name).sort()

    const callsOfDown = (profile: Profile): number | undefined =>
        Object.values(profile).find(({ functions }) => "down" in functions)?.functions["down"].calls

    before(async () => {
        run = await profiled()
    })

    it("has the calls and operations of each function that ran, and all of the machine's operations", () => {
        strictEqual(countOf("down")?.calls, 600)
        ok(Number(countOf("down")?.operations) >= 600 * 5, JSON.stringify(countOf("down")))
        strictEqual(countOf("large")?.calls, 2)
        strictEqual(countOf("never"), undefined)
        const counted = run.outcome.profile.functions.reduce((sum, { operations }) => sum + operations, 0)
        strictEqual(counted, run.outcome.counters.operations)
    })

    it("counts twice what runs twice, and does not change when it is written and read", () => {
        const profile = structuredClone(run.profile)
        addCounts(profile, run.debug, run.outcome.profile)
        const path = join(folder, "twice.json")
        writeFileSync(path, profileText(profile))
        const read = readProfile(path)
        deepStrictEqual(read, profile)
        strictEqual(callsOfDown(read), 1200)
    })

    it("is refused if the file is not a profile, or is missing", () => {
        const positions = '"text": "", "ran": [], "skipped": []'
        const wrong = ['{"f": 1}', '{"f": {"calls": 1}}'].map(
            (functions) => `{"functions": ${functions}, ${positions}}`,
        )
        wrong.push('{"functions": {}, "text": "", "ran": [], "skipped": ["1"]}', '{"functions": {}}')
        for (const text of ["", "[]", ...wrong.map((file) => `{"a.ts": ${file}}`)]) {
            const path = join(folder, "none.json")
            writeFileSync(path, text)
            throws(
                () => readProfile(path),
                /none\.json is no profile of this version of Mote: record it with mote profile/,
            )
        }
        throws(() => readProfile(join(folder, "missing.json")), /missing\.json: .*no such file/)
    })

    it("is written by mote profile: anew, or with --add on top of what the file has", () => {
        const output = join(folder, "command.json")
        const [command, ...args] = mote("profile", join(folder, "workload.ts"), "--virtual-time", "--output", output)
        const once = spawnSync(command, args, { encoding: "utf8" })
        strictEqual(once.status, 0, once.stderr)
        match(once.stdout, /^profile: .*command\.json, \d+ functions$/m)
        deepStrictEqual(readProfile(output), run.profile)
        strictEqual(spawnSync(command, [...args, "--add"]).status, 0)
        strictEqual(callsOfDown(readProfile(output)), 1200)
        strictEqual(spawnSync(command, args).status, 0)
        strictEqual(callsOfDown(readProfile(output)), 600)
    })

    it("chooses what saves most for its size, within a budget, and nothing that never ran", () => {
        const choose = (budget: number): ReadonlySet<number> =>
            hotFunctions(run.debug, run.profile, budget)(run.image).functions
        const texts = translateFunctions(run.image, hotFunctions(run.debug, run.profile, 1 << 20)(run.image))
        const bytes = (chosen: ReadonlySet<number>): number =>
            [...chosen].reduce((sum, index) => sum + bytesAsC(texts.get(index) as string), 0)
        deepStrictEqual([...choose(0)], [])
        const few = choose(800)
        ok(bytes(few) <= 800)
        ok(namesOf(few).includes("down"), namesOf(few).join())
        ok(!namesOf(few).includes("large"), namesOf(few).join())
        const all = choose(1 << 20)
        ok(namesOf(all).includes("large"), namesOf(all).join())
        ok(!namesOf(all).includes("never"), namesOf(all).join())
    })

    it("knows which statements of a function ran, so that only they become C", () => {
        const { functions } = readImage(run.image)
        const index = functions.findIndex((_, each) => run.debug.functions[each].name === "checked")
        const { isCold } = hotFunctions(run.debug, run.profile, 1 << 20)(run.image)
        const starts = statementStarts(run.image, functions[index])
        const cold = functions[index].body.filter((each) =>
            isCold(starts.get(each) as number, operationEnd(run.image, each)),
        )
        ok(cold.length > 0 && cold.length < functions[index].body.length, `${cold.length} of all statements`)
        ok(cold.some(({ opcode }) => opcode === Op.throw))
        const [warm, all] = [isCold, () => false].map((without) =>
            translateFunctions(run.image, { ...whole([index]), isCold: without }).get(index),
        )
        ok(bytesAsC(warm as string) < bytesAsC(all as string))
    })

    it("adds what ran to what ran before", () => {
        const [file] = Object.keys(run.profile)
        const profile = structuredClone(run.profile)
        const { ran, skipped } = profile[file]
        profile[file].ran = [...ran, skipped[0]].sort((a, b) => a - b)
        profile[file].skipped = skipped.slice(1)
        addCounts(profile, run.debug, run.outcome.profile)
        ok(profile[file].ran.includes(skipped[0]))
        ok(!profile[file].skipped.includes(skipped[0]))
    })

    it("says nothing of the statements of a source file that has changed since", () => {
        const sources = run.debug.sources.map((source) => ({ ...source, text: `${source.text} ` }))
        const { functions, isCold } = hotFunctions({ ...run.debug, sources }, run.profile, 1 << 20)(run.image)
        ok(functions.size > 1)
        for (const { body, start } of readImage(run.image).functions)
            for (const { origin } of body) ok(!isCold(start, origin.at + 1))
    })

    it("leaves code that sets the program up to the interpreter, whether all functions or the hot ones are chosen", () => {
        const { functions } = readImage(run.image)
        const [first] = functions[0].body
        const hot = hotFunctions(run.debug, run.profile, 1 << 20)(run.image)
        for (const { functions: chosen } of [allFunctions(run.image), hot]) {
            ok(!chosen.has(0))
            ok(!chosen.has(first.operands[0].value), "the function that stores methods on prototypes")
            ok(chosen.size > 1)
        }
    })
})

describe("Mote's own profile", function () {
    this.timeout(120000)

    it("names functions that exist: nearly all of the sensor's that it finds worth translating", () => {
        const profile = readProfile(MOTE_PROFILE)
        const { path, debugPath } = cachedDeviceImage("src/sensor/main.ts")
        const debug = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
        const image = readFileSync(path)
        const chosen = hotFunctions(debug, profile, 1 << 20)(image).functions.size
        const all = allFunctions(image).functions.size
        ok(chosen >= all / 2, `${chosen} of ${all}: npm run profile`)
    })

    it("knows which statements ran of most source files as they are now", () => {
        const profile = readProfile(MOTE_PROFILE)
        const { debugPath } = cachedDeviceImage("src/sensor/main.ts")
        const { sources } = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
        const known = sources.filter(({ path }) => path.startsWith("src/") && Object.hasOwn(profile, path))
        const current = known.filter(({ path, text }) => profile[path].text === textHash(text))
        const share = `${current.length} of ${known.length} files: npm run profile`
        ok(known.length > 50 && current.length >= 0.75 * known.length, share)
    })
})
