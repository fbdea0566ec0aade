import { createHash } from "node:crypto"
import type { ImageProgram } from "../image/ir/program.js"
import { readImage } from "../image/ir/read.js"
import { Callees } from "./callees.js"
import type { IsCold } from "./covered-code.js"
import { FunctionTranslation } from "./function.js"
import { leafOf } from "./leaf.js"
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

/** What becomes C of an image: its functions, and what they share. */
class ImageTranslation {
    private hash: Buffer
    private program: ImageProgram
    private shapes: Shapes
    private callees: Callees
    private mayBeDictionaries: boolean

    constructor(
        private image: Buffer,
        private chosen: Chosen,
    ) {
        this.hash = createHash("sha256").update(image).digest()
        this.program = readImage(image)
        const types = new ObjectTypes(image)
        this.mayBeDictionaries = types.mayBeDictionaries
        this.shapes = new Shapes(this.program, types)
        this.callees = new Callees(this.program, types.classes, chosen, (index) => this.shapes.fieldCount(index))
    }

    /** The C of each function, by its number. */
    functions(): Map<number, string> {
        const { image, callees, shapes, chosen } = this
        const numbered = this.program.functions.map((source, index) => ({ source, index }))
        return new Map(
            numbered
                .filter(({ index }) => chosen.functions.has(index))
                .map(({ source, index }) => [
                    index,
                    new FunctionTranslation(image, source, callees, shapes, chosen.isCold).write(`f${index}`),
                ]),
        )
    }

    write(): Translation {
        const { callees, chosen, hash, shapes } = this
        const { functions } = this.program
        const name = `mote_translation_${hash.toString("hex", 0, 8)}`
        const bodies = [...this.functions().values()]
        const table = functions.map((_, index) => (chosen.functions.has(index) ? `    f${index},` : "    NULL,"))
        const keys = shapes.keys(chosen.functions)
        const source = [
            ...(callees.isSmall ? ["#define TRANSLATED_SMALL"] : []),
            ...(this.mayBeDictionaries ? [] : ["#define TRANSLATED_WITHOUT_DICTIONARIES"]),
            '#include "translated.h"',
            "",
            callees.write((index) => leafOf(this.image, functions[index], callees, shapes, chosen.isCold)),
            ...bodies,
            `static const uint16_t classes[] = {${[...callees.constructors, 0].join(", ")}};`,
            `static const mote_value keys[] = {${[...keys, "0"].join(", ")}};`,
            `static const mote_builtin_field natives[] = {${[...callees.natives, "{0}"].join(", ")}};`,
            "static mote_translated *const functions[] = {",
            ...table,
            "};",
            "",
            `const mote_translation ${name} = {.sha256 = {${byteList(hash)}},`,
            `    .num_functions = ${functions.length}, .functions = functions,`,
            `    .num_classes = ${callees.constructors.length}, .classes = classes,`,
            `    .num_natives = ${callees.natives.length}, .natives = natives,`,
            `    .num_keys = ${keys.length}, .keys = keys};`,
            "",
        ].join("\n")
        return { name, source }
    }
}

/** The chosen functions of an image as C, by number. Throws ImageError for an invalid image. */
export function translateFunctions(image: Buffer, chosen: Chosen): Map<number, string> {
    return new ImageTranslation(image, chosen).functions()
}

/**
 * The chosen functions of an image as C for firmware/translated, one `mote_translation` with the image's hash. Throws
 * ImageError for an invalid image.
 */
export function translateImage(image: Buffer, chosen: Chosen): Translation {
    return new ImageTranslation(image, chosen).write()
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
