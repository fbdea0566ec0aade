import { createHash } from "node:crypto"
import { readImage } from "../image/ir/read.js"
import { Callees } from "./callees.js"
import { Classes } from "./classes.js"
import { FunctionTranslation } from "./function.js"
import { Shapes } from "./shapes.js"

/** One image as C. */
export interface Translation {
    /** what the C calls it */
    name: string
    source: string
}

const byteList = (bytes: Buffer): string => [...bytes].join(", ")

/**
 * The functions of an image as C for firmware/translated, one `mote_translation` with its hash. Throws ImageError when it is no image.
 */
export function translateImage(image: Buffer): Translation {
    const program = readImage(image)
    const { functions } = program
    const hash = createHash("sha256").update(image).digest()
    const name = `mote_translation_${hash.toString("hex", 0, 8)}`
    const classes = new Classes(program)
    const callees = new Callees(program, classes)
    const shapes = new Shapes(program, classes)
    const bodies = functions.map((source, index) =>
        new FunctionTranslation(image, source, callees, shapes).write(`f${index}`),
    )
    const table = functions.map((_, index) => `    f${index},`)
    const source = [
        '#include "translated.h"',
        "",
        callees.write(),
        ...bodies,
        `static const uint16_t classes[] = {${[...callees.constructors, 0].join(", ")}};`,
        `static const mote_builtin_field natives[] = {${[...callees.natives, "{0}"].join(", ")}};`,
        "static mote_translated *const functions[] = {",
        ...table,
        "};",
        "",
        `const mote_translation ${name} = {.sha256 = {${byteList(hash)}},`,
        `    .num_functions = ${functions.length}, .functions = functions,`,
        `    .num_classes = ${callees.constructors.length}, .classes = classes,`,
        `    .num_natives = ${callees.natives.length}, .natives = natives};`,
        "",
    ].join("\n")
    return { name, source }
}

/** C with the list that a firmware chooses from by hash. */
export function translationList(names: string[]): string {
    return [
        '#include "mote_vm.h"',
        "",
        ...names.map((name) => `extern const mote_translation ${name};`),
        "extern const mote_translation *const mote_translations[];",
        `const mote_translation *const mote_translations[] = {${[...names.map((name) => `&${name}`), "NULL"].join(", ")}};`,
        "",
    ].join("\n")
}
