import { ok, strictEqual } from "node:assert/strict"
import { Op, Panic, SMALL_INT_ZERO } from "../../../host/abi/abi.js"
import { missingFor, checkedDevice } from "../../../host/build/native.js"
import { program, programImage } from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { runNatively, simulate } from "./run.js"

const COUNTER = program(
    "function counter() { let n = 41; return () => { n = n + 1; return n } }",
    "const next = counter()",
    "next()",
    "console.log(next())",
)

/** Variables one, two and three functions away, from functions that create closures and from one that does not. */
const NESTED = program(
    "function outer(a: number) {",
    "    return (b: number) => {",
    "        a = a + 1",
    "        return (c: number) => {",
    "            b = b + a",
    "            const inner = () => { c = c + 100 * b + 10000 * a; return c }",
    "            return inner",
    "        }",
    "    }",
    "}",
    "const middle = outer(1)(2)",
    "console.log(middle(3)(), middle(4)())",
)

/** Where these bytes are in an image; they must be there once. */
function place(image: Buffer, ...bytes: number[]): number {
    const at = image.indexOf(Buffer.from(bytes))
    ok(at >= 0 && image.indexOf(Buffer.from(bytes), at + 1) < 0, `not once: ${bytes.join()}`)
    return at
}

/** COUNTER with this operand in the closure's load of `n`. */
function loading(levels: number, slot: number): Buffer {
    const image = Buffer.from(programImage(COUNTER))
    const at = place(image, SMALL_INT_ZERO + 1, Op.loadClosure, 0, SMALL_INT_ZERO + 1, Op.add)
    image[at] = SMALL_INT_ZERO + levels
    image[at + 2] = slot
    return image
}

/** COUNTER, but `counter()` calls the inner function, which then is no closure and has no function around it. */
function withoutClosure(): Buffer {
    const image = Buffer.from(programImage(COUNTER))
    const inner = image[image.indexOf(Op.makeClosure, image.readUInt32LE(40)) + 1]
    image[place(image, Op.staticFunction, inner - 1, Op.call0) + 1] = inner
    return image
}

async function prints(image: Buffer, expected: string): Promise<void> {
    strictEqual((await simulate(image, false)).output, expected)
    strictEqual((await simulate(image, true)).output, expected)
    strictEqual(runNatively(image), expected)
}

describe("a variable of the function around a closure", function () {
    this.timeout(120000)
    before(function () {
        needs(this, missingFor(checkedDevice))
    })

    it("is found one function away", async () => {
        await prints(loading(1, 0), "43\n")
    })

    it("is found several functions away, from functions that create closures themselves, too", async () => {
        await prints(programImage(NESTED), "20403 20604\n")
    })

    for (const levels of [-1, 0, 2, 3])
        it(`ends a program that looks ${levels} functions away, where there is none`, async () => {
            await prints(loading(levels, 0), `PANIC ${Panic.INVALID_PROGRAM}\n`)
        })

    it("ends a program that looks for it beyond the variables of that function", async () => {
        await prints(loading(1, 1), `PANIC ${Panic.INVALID_PROGRAM}\n`)
        await prints(loading(1, 200), `PANIC ${Panic.INVALID_PROGRAM}\n`)
    })

    it("ends a program that looks for it from a function that is no closure", async () => {
        await prints(withoutClosure(), `PANIC ${Panic.INVALID_PROGRAM}\n`)
    })
})
