import type { ClassModel } from "../analyses/class-model.js"
import type { ProgramFacts } from "../analyses/program-facts.js"
import { shownFunctions } from "../analyses/shown-functions.js"
import { type ImageProgram, stringIndex, StringKind } from "../ir/program.js"
import { byUse, countUses, keepFunctions, REFERRING, renumber } from "../ir/references.js"

/*
 * Table ordering: functions, floats and texts that nothing refers to go, and those with most references come first, since an
 * index below 248 takes one byte. Functions lose their names, unless a program can print them.
 *
 * Precondition: last of all passes that count or add references.
 * Changes: tables and every index into them.
 * Sound because all references are renumbered together; images with service specifications keep their texts in place.
 */

/** Drops the names of functions that a program cannot print; the debug file has them all. */
export function dropFunctionNames(program: ImageProgram, classes: ClassModel): void {
    const shown = shownFunctions(program, classes)
    program.functions.forEach((entry, i) => {
        if (!shown.has(i)) entry.name = stringIndex(StringKind.builtin, 0)
    })
}

/** Sorts and prunes all tables. */
export function orderTables(program: ImageProgram, facts: ProgramFacts): void {
    const uses = countUses(program, REFERRING.function)
    keepFunctions(program, [0, ...byUse(uses).filter((index) => index !== 0)])
    const floats = byUse(countUses(program, REFERRING.float))
    renumber(program, REFERRING.float, floats)
    program.floats = floats.map((index) => program.floats[index])
    // The specifications of services refer to strings, too.
    if (program.specs.length > 0) return
    program.ascii = orderTexts(program, REFERRING.ascii, StringKind.ascii, program.ascii)
    program.utf8 = orderTexts(program, REFERRING.utf8, StringKind.utf8, program.utf8)
    facts.forgetAll()
}

/** The texts that code or function names refer to, the most used ones first. */
function orderTexts(program: ImageProgram, opcodes: number[], kind: number, texts: Buffer[]): Buffer[] {
    const uses = countUses(program, opcodes)
    const named = program.functions.filter(({ name }) => name >> 14 === kind)
    for (const { name } of named) if (!uses.has(name & 0x3fff)) uses.set(name & 0x3fff, 0)
    const order = byUse(uses)
    renumber(program, opcodes, order)
    for (const entry of named) entry.name = stringIndex(kind, order.indexOf(entry.name & 0x3fff))
    return order.map((index) => texts[index])
}
