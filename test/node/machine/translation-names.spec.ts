import { notStrictEqual, strictEqual } from "node:assert/strict"
import { buildNative, checkedDevice, missingFor, withTranslations } from "../../../host/build/native.js"
import { computedNames } from "../../../host/image/analyses/computed-names.js"
import { isCaptured } from "../../../host/image/ir/expressions.js"
import { readImage } from "../../../host/image/ir/read.js"
import { writeImage } from "../../../host/image/ir/write.js"
import { splitLiveRanges } from "../../../host/image/passes/live-range-splitting.js"
import { everyFunction, translateImage } from "../../../host/translate/translate.js"
import { optimizedImage, program, programImage } from "../../machine/images.js"
import { FUNCTIONS_IN_FIELDS, WIDE_OBJECTS } from "../../machine/functions-in-fields.js"
import { COMPUTED_NAMES, NAMES_IN_C, WRONG_RECEIVERS } from "../../machine/unsound-programs.js"
import { needs } from "../../support/needs.js"
import { printedBy, runNatively } from "./run.js"

const missing = missingFor(checkedDevice)
const CONTEXTS = [programImage, optimizedImage]
const PROGRAMS = [...WRONG_RECEIVERS, ...COMPUTED_NAMES, ...NAMES_IN_C, ...FUNCTIONS_IN_FIELDS, ...WIDE_OBJECTS]

describe("all functions as C print what the interpreter prints in programs with", function () {
    this.timeout(300000)
    let device: string

    before(() => {
        if (missing !== undefined) return
        const images = PROGRAMS.flatMap(({ source }) => CONTEXTS.map((make) => make(source)))
        device = buildNative(withTranslations(checkedDevice, images))
    })

    for (const { name, source } of PROGRAMS)
        it(name, function () {
            needs(this, missing)
            const expected = runNatively(programImage(source))
            for (const make of CONTEXTS) strictEqual(printedBy(device, make(source)), expected)
        })
})

/** What an image says about computed names by its code alone. */
function computedIn(...lines: string[]): string {
    const read = readImage(programImage(program(...lines)))
    for (const entry of read.functions) if (!isCaptured(entry)) splitLiveRanges(entry)
    return computedNames(read)
}

const DOOR = ["class Door { count = 0; open(): void { this.count++ } }", "const door = new Door()", "door.open()"]

describe("names that a program computes", function () {
    this.timeout(60000)

    it("are none where every key is a number, or one of an array, a Buffer or a text", () => {
        const list = [
            "const list = [3, 4]",
            "const bytes = Buffer.alloc(2)",
            "for (let i = 0; i < 2; i++) list[list[i]] = bytes[i]",
        ]
        strictEqual(computedIn(...DOOR, ...list), "nothing")
    })

    it("are those of any member where a key of an unknown object may be a text", () => {
        strictEqual(
            computedIn(...DOOR, "const names = ['open']", "const any: any = door", "any[names[0]] = 1"),
            "members",
        )
    })

    it("are in doubt when fields are only read by them, since the functions found there are called", () => {
        strictEqual(
            computedIn(...DOOR, "const names = ['open']", "const any: any = door", "any[names[0]]()"),
            "members",
        )
    })

    it("are noted in the header of an optimized image, which the image keeps when it is read and written", () => {
        const [plain, computed] = [program(...DOOR), NAMES_IN_C[0].source].map((source) => optimizedImage(source))
        strictEqual(readImage(plain).computed, "nothing")
        strictEqual(readImage(computed).computed, "members")
        strictEqual(readImage(writeImage(readImage(computed)).image).computed, "members")
        strictEqual(readImage(programImage(program(...DOOR))).computed, undefined)
    })

    it("cost a program nothing that has none: its methods are called without a search for own fields", () => {
        const isOwn = /mote_translated_has_own/
        const image = programImage(program(...DOOR))
        const { source } = translateImage(image, everyFunction(image))
        strictEqual(isOwn.test(source), false)
        notStrictEqual(source.indexOf("mote_translated_class_of"), -1)
    })
})
