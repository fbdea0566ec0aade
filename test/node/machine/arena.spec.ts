import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { compileProgram } from "../../../host/build/compiler.js"
import { arenaTest, buildNative, missingFor } from "../../../host/build/native.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { program, programImage } from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { WatchedClock } from "../../support/watched-clock.js"
import { simulate } from "./run.js"

const FIBERS = 8
const DEPTH = 60
/** Fibers that wait with little on their stacks, before and after they were deep in calls. */
const WAITING = `
import * as ds from "@devicescript/core"
function deep(n: number): number { return n === 0 ? 0 : 1 + deep(n - 1) }
let done = 0
async function work(): Promise<void> {
    for (let i = 0; i < 2; i++) {
        done += deep(${DEPTH})
        await ds.sleep(500)
    }
}
for (let i = 0; i < ${FIBERS}; i++) work.start()
await ds.sleep(100)
console.log("waiting")
await ds.sleep(1500)
console.log(done)
ds.restart()
`

/**
 * Strings that fill more than a megabyte of the arena, as names of fields of an object with methods: some of their
 * offsets equal indexes of strings of the image.
 */
const MANY_TEXTS = `
import * as ds from "@devicescript/core"
class Methods { m1() { return 1 } m2() { return 1 } m3() { return 1 } m4() { return 1 } m5() { return 1 } m6() { return 1 } }
const object = new Methods()
function use(): number { return object.m1() + object.m2() + object.m3() + object.m4() + object.m5() + object.m6() }
const lists: string[][] = []
let found = 0
for (let i = 0; i < 110000; i++) {
    if (i % 1000 === 0) lists.push([])
    const text = "t" + i
    lists[lists.length - 1].push(text)
    if (i % 16 === 0) use()
    const any: any = object
    if (any[text] !== undefined) found++
}
console.log("fields found", found)
ds.restart()
`

/** Keeps so many objects of a class with five fields. */
const keepsObjects = (count: number): string => `
import * as ds from "@devicescript/core"
class Item {
    third: number
    fourth: number
    fifth: number
    constructor(public next: Item | undefined, public second: number) {
        this.third = this.fourth = this.fifth = second
    }
}
let first: Item | undefined
for (let i = 0; i < ${count}; i++) first = new Item(first, i)
console.log("waiting")
await ds.sleep(1500)
let sum = 0
for (let item = first; item; item = item.next) sum += item.second
console.log(sum)
ds.restart()
`

/** Runs a program. `alive` is how many bytes of its heap are alive when it prints "waiting". */
async function aliveWhileWaiting(source: string): Promise<{ alive: number; last: string }> {
    let [alive, last] = [0, ""]
    const clock = new WatchedClock(() => {
        if (last !== "waiting" || alive > 0) return
        const { liveBytes, fixedBytes } = device.measure()
        alive = liveBytes - fixedBytes
    })
    const device: Device = new Device(await machineModule(), compileProgram(source), {
        ...{ heapBytes: 64 * 1024, maxDepth: 100, guard: 0, gcStress: false, virtualTime: true, deviceId: "1", clock },
        settings: {},
        storageFolder: temporaryFolder("waiting"),
        print: (_level, line) => void (last = line),
        log: () => undefined,
    })
    await device.run()
    return { alive, last }
}

describe("the arena of a machine", function () {
    this.timeout(120000)

    it("never takes a string made at run time for a string of the image, wherever it lies", async () => {
        const lines: string[] = []
        const device = new Device(await machineModule(), compileProgram(MANY_TEXTS), {
            ...{ heapBytes: 4096 * 1024, maxDepth: 100, guard: 0, gcStress: false, virtualTime: true, deviceId: "1" },
            settings: {},
            storageFolder: temporaryFolder("texts"),
            print: (_level, line) => void lines.push(line),
            log: () => undefined,
        })
        await device.run()
        deepStrictEqual(lines, ["fields found 0"])
    })

    it("is collected before every allocation if that is asked for, that of a double included", async () => {
        const image = programImage(program("let d = 0.5", "for (let i = 0; i < 500; i++) d = d * 1.001"))
        const [usual, asked] = [await simulate(image, false), await simulate(image, true)]
        strictEqual(usual.outcome.counters.collections, 0)
        ok(asked.outcome.counters.collections >= 500, `${asked.outcome.counters.collections} collections`)
    })

    it("has no memory for strings without a program, after a refused one, and once it is erased", function () {
        needs(this, missingFor(arenaTest))
        const { stdout, stderr } = spawnSync(buildNative(arenaTest), { encoding: "utf8" })
        ok(stdout.endsWith("no program: full\nrefused program: full\nerased: full\n"), stdout + stderr)
    })

    it("is refused with a reason, which is different for no memory, alignment and size", function () {
        needs(this, missingFor(arenaTest))
        const { stdout, stderr } = spawnSync(buildNative(arenaTest), { encoding: "utf8" })
        const told = [
            "aligned: made",
            "at 4 bytes: the arena is not 8-byte aligned",
            "none: no memory for the arena",
            "small: the arena is too small",
            "small at 4 bytes: the arena is not 8-byte aligned",
            "huge: the arena is too large",
        ]
        deepStrictEqual(stdout.split("\n").slice(0, told.length), told, stderr)
    })

    it("has an object of a class in one block: 16 bytes, and six for each field", async () => {
        const [few, many] = [await aliveWhileWaiting(keepsObjects(100)), await aliveWhileWaiting(keepsObjects(300))]
        deepStrictEqual([few.last, many.last], ["4950", "44850"])
        // Rounded up to four bytes.
        strictEqual((many.alive - few.alive) / 200, 48)
    })

    it("keeps no stack for calls that waiting fibers have returned from, and they can call as deep again", async () => {
        const { alive, last } = await aliveWhileWaiting(WAITING)
        strictEqual(last, String(2 * FIBERS * DEPTH))
        // A call takes 7 words or more, and all fibers were deep in calls before they waited.
        ok(alive > 0 && alive < (FIBERS * DEPTH * 7 * 4) / 3, `${alive} bytes`)
    })
})
