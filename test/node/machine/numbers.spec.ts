import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { checkedDevice, missingFor } from "../../../host/build/native.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Machine } from "../../../host/simulator/machine.js"
import { programImage } from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { runNatively, simulate } from "./run.js"

/** The smallest normal double. The machine turns subnormals into 0, as the official one does. */
const LEAST = 2 ** -1022
const POWERS = [-1022, -1, 0, 1, 28, 29, 30, 31, 32, 33, 51, 52, 53, 63, 64, 83, 84, 1023]

/** What the program prints about a number, without its digits. */
const described = (x: number, least: number): string =>
    `${x | 0} ${x >>> 0} ${x > 0} ${x < 0} ${x * 0 === 0} ${x + x - x === x} ${x - Math.floor(x) === 0} ${x === least}`

const DESCRIBED = `function described(x: number, least: number): string {
    return (x | 0) + " " + (x >>> 0) + " " + (x > 0) + " " + (x < 0) + " " + (x * 0 === 0) + " " + (x + x - x === x) +
        " " + (x - Math.floor(x) === 0) + " " + (x === least)
}`

const PROGRAM = `import * as ds from "@devicescript/core"
${DESCRIBED}
const least = Math.pow(2, -1022)
for (const power of [${POWERS.join()}]) {
    const x = Math.pow(2, power)
    for (const y of [x, x - 1, x + 1, x + 0.5]) console.log(described(y, least), described(-y, least))
}
console.log(described(0 / 0, least), 1 / 0 - 1 === 1 / 0, -1 / 0 < -1e308, 2.2250738585072014e-308 === least)
ds.restart()
`

function expected(): string {
    const lines = POWERS.flatMap((power) => {
        const x = 2 ** power
        return [x, x - 1, x + 1, x + 0.5].map((y) => `${described(y, LEAST)} ${described(-y, LEAST)}`)
    })
    return [...lines, `${described(NaN, LEAST)} true true true`].map((line) => `${line}\n`).join("")
}

describe("numbers of every size are what they are in JavaScript", function () {
    this.timeout(60000)
    const missing = missingFor(checkedDevice)

    it("in WebAssembly", async () => {
        strictEqual((await simulate(programImage(PROGRAM), false)).output, expected())
    })

    it("natively under ASan and UBSan, with collector stress", function () {
        needs(this, missing)
        strictEqual(runNatively(programImage(PROGRAM), "--gc-stress"), expected())
    })
})

/** Prints its constants, uses them often, and prints them again. */
const constants = (first: number, second: number): string => `import * as ds from "@devicescript/core"
function sum(turns: number): number {
    let above = 0
    for (let i = 0; i < turns; i++) if (i > ${first} && i > ${second}) above++
    return above
}
function made(): number[] { return [${first}, ${second} * 2, 4000000000] }
console.log(made().join(), sum(4500), made().join())
ds.restart()
`

describe("constants that are no small integers", function () {
    this.timeout(60000)
    const missing = missingFor(checkedDevice)

    it("are made once for each program, so that a loop leaves no garbage", async () => {
        const { output, outcome } = await simulate(programImage(constants(0.125, 2.5)), false)
        strictEqual(output, "0.125,5,4000000000 4497 0.125,5,4000000000\n")
        strictEqual(outcome.counters.collections, 0)
    })

    it("survive every collection, natively under ASan and UBSan", function () {
        needs(this, missing)
        const output = runNatively(programImage(constants(0.125, 2.5)), "--gc-stress")
        strictEqual(output, "0.125,5,4000000000 4497 0.125,5,4000000000\n")
    })

    it("are those of the program that is loaded, not of the one before", async () => {
        const lines: string[] = []
        const machine = new Machine(await machineModule(), {
            ...{ arenaBytes: 65536, maxDepth: 100, guard: 0, gcStress: false, deviceId: "0" },
            ...{ natives: [], bufferNatives: [], wake: () => undefined, print: (_level, line) => lines.push(line) },
        })
        for (const [first, second] of [
            [0.5, 0.75],
            [1.5, 7.25],
        ]) {
            machine.load(programImage(constants(first, second)))
            machine.step(0)
            strictEqual(machine.panic, 0)
        }
        deepStrictEqual(lines, [
            "0.5,1.5,4000000000 4499 0.5,1.5,4000000000",
            "1.5,14.5,4000000000 4492 1.5,14.5,4000000000",
        ])
    })
})
