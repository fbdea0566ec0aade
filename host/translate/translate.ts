import { createHash } from "node:crypto"
import { readImage } from "../image/ir/read.js"
import { Callees } from "./callees.js"
import type { IsCold } from "./covered-code.js"
import { FunctionTranslation } from "./function.js"
import { ObjectTypes } from "./object-types.js"
import { Shapes } from "./shapes.js"

/** One image as C. */
export interface Translation {
    /** its name in the C */
    name: string
    source: string
}

const byteList = (bytes: Buffer): string => [...bytes].join(", ")

/** What becomes C of an image; the machine interprets the rest. */
export interface Chosen {
    /** by number */
    functions: ReadonlySet<number>
    /** statements of these functions that do not become C */
    isCold: IsCold
    /** those that C calls by code of their own, which is quicker and larger than what they share */
    entries: ReadonlySet<number>
}

export type Choice = (image: Buffer) => Chosen

/** Whole functions. */
export function whole(functions: Iterable<number>): Chosen {
    const all = new Set(functions)
    return { functions: all, isCold: () => false, entries: all }
}

/** All functions, also those that run once, which a firmware does not need: for tests. */
export const everyFunction: Choice = (image) => whole(readImage(image).functions.keys())

/**
 * Functions of an image as C for firmware/translated, one `mote_translation` with the image's hash. Throws ImageError
 * for an invalid image.
 */
export function translateImage(image: Buffer, chosen: Chosen): Translation {
    const { functions: translated, isCold } = chosen
    const program = readImage(image)
    const { functions } = program
    const hash = createHash("sha256").update(image).digest()
    const name = `mote_translation_${hash.toString("hex", 0, 8)}`
    const types = new ObjectTypes(image)
    const shapes = new Shapes(program, types)
    const callees = new Callees(program, types.classes, chosen, (index) => shapes.fieldCount(index))
    const bodies = functions.flatMap((source, index) =>
        translated.has(index)
            ? [new FunctionTranslation(image, source, callees, shapes, isCold).write(`f${index}`)]
            : [],
    )
    const table = functions.map((_, index) => (translated.has(index) ? `    f${index},` : "    NULL,"))
    const source = [
        ...(callees.isSmall ? ["#define TRANSLATED_SMALL"] : []),
        ...(types.mayBeDictionaries ? [] : ["#define TRANSLATED_WITHOUT_DICTIONARIES"]),
        '#include "translated.h"',
        "",
        callees.write(),
        ...bodies,
        `static const uint16_t classes[] = {${[...callees.constructors, 0].join(", ")}};`,
        `static const mote_value keys[] = {${[...shapes.keys(translated), "0"].join(", ")}};`,
        `static const mote_builtin_field natives[] = {${[...callees.natives, "{0}"].join(", ")}};`,
        "static mote_translated *const functions[] = {",
        ...table,
        "};",
        "",
        `const mote_translation ${name} = {.sha256 = {${byteList(hash)}},`,
        `    .num_functions = ${functions.length}, .functions = functions,`,
        `    .num_classes = ${callees.constructors.length}, .classes = classes,`,
        `    .num_natives = ${callees.natives.length}, .natives = natives,`,
        `    .num_keys = ${shapes.keys(translated).length}, .keys = keys};`,
        "",
    ].join("\n")
    return { name, source }
}

/** C with the list from which a firmware chooses by hash. */
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
