import { strictEqual } from "node:assert/strict"
import { program, programImage } from "../../machine/images.js"
import { simulate } from "./run.js"

/** What a comparison of parts of two Buffers gives, or the message of what it throws. */
async function compared(...ranges: [number, number][]): Promise<string[]> {
    const source = program(
        "const whole: any = hex`010203040904`",
        "const part: any = hex`0304ff`",
        "function say(offset: number, length: number) {",
        "    try { console.log(whole.equalsAt(offset, part, length)) }",
        "    catch (e: any) { console.log(e.message) }",
        "}",
        ...ranges.map(([offset, length]) => `say(${offset}, ${length})`),
    )
    return (await simulate(programImage(source), false)).output.trimEnd().split("\n")
}

describe("Buffers of Mote's machine", function () {
    this.timeout(60000)

    it("are compared by equalsAt up to the last byte and from the first", async () => {
        const ranges: [number, number][] = [
            [2, 2],
            [2, 3],
            [1, 1],
            [3, 2],
            [4, 2],
        ]
        strictEqual((await compared(...ranges)).join(), "true,false,false,false,false")
    })

    it("are equal where nothing is compared, as far as the place exists", async () => {
        strictEqual((await compared([0, 0], [6, 0])).join(), "true,true")
    })

    it("refuse ranges outside of either", async () => {
        const outside = "offset and byteLength must lie in the buffer"
        strictEqual((await compared([7, 0], [4, 3], [-1, 1], [0, 4])).join(), Array(4).fill(outside).join())
    })
})
