/* The natives that a program names: a firmware for one program alone needs no others. */
import { builtinStrings, natives, Op } from "../abi/abi.js"
import { functionName } from "../abi/write-c.js"
import { walkProgram } from "../image/ir/program.js"
import { readImage } from "../image/ir/read.js"

type NativeName = keyof typeof natives

/**
 * Natives that an image may call, in the order of the full list. A program that computes the name of a native must be
 * built with all of them.
 */
export function nativesIn(image: Buffer): NativeName[] {
    const program = readImage(image)
    const names = new Set(program.ascii.map(String))
    walkProgram(program, ({ opcode, value }) => {
        // Some natives have names that every machine knows. The optimizer gives such names to other objects' fields, too.
        if (opcode === Op.dsField) names.add(builtinStrings[value])
    })
    return (Object.keys(natives) as NativeName[]).filter((name) => names.has(name))
}

/** C of MOTE_NATIVES_OF_PROGRAM(X), which firmware/natives/natives.c takes in place of the full list. */
export const nativesAsC = (names: NativeName[]): string =>
    names.map((name) => `X(${name}, ${functionName({ name })}, ${natives[name].arguments})`).join(" ")
