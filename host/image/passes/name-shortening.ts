import { Op } from "../ir/operations.js"
import {
    type Expression,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    stringIndex,
    StringKind,
    walkProgram,
} from "../ir/program.js"
import { Hierarchy } from "../analyses/class-hierarchy.js"
import { TypeInference } from "../analyses/type-inference.js"
import { isCall } from "../ir/expressions.js"
import { MethodTable } from "../analyses/method-table.js"
import { countUses, REFERS } from "./table-ordering.js"
import { BUFFER, BUILTIN, CONSTANT, mayBe, NUMBER, TEXT, type Type } from "../analyses/types.js"

/* Short names for fields and methods. */

/** Control characters but NUL, tab and the ends of lines: in no name, and hardly in a text that is used as one. */
const MARKS = Array.from({ length: 31 }, (_, i) => i + 1)
    .filter((code) => code !== 9 && code !== 10 && code !== 13)
    .map((code) => String.fromCharCode(code))

/**
 * Distinct names of one to four characters. Each that follows a longer one is its end, so that the image's string data
 * has both in one place.
 */
function* shortNamesOf(taken: Set<string>): Generator<string> {
    const used = new Set(taken)
    for (let seed = 0; seed < MARKS.length ** 3; seed++) {
        const [a, b, c, d] = [seed, seed / 28, seed / 784, seed].map((n) => MARKS[Math.floor(n) % MARKS.length])
        const name = `${d}${c}${b}${a}`
        for (let length = name.length; length > 0; length--) {
            const end = name.slice(-length)
            if (used.has(end)) continue
            used.add(end)
            yield end
        }
    }
}

/**
 * Gives short names to fields and methods.
 * @param fields what `fieldNames` found
 * @returns what each one stands for, for the debug file
 */
export function shortenNames(program: ImageProgram, fields: number[]): Record<string, string> {
    const names: Record<string, string> = {}
    // The specifications of services refer to the same names.
    if (program.specs.length > 0) return names
    const uses = countUses(program, REFERS.ascii)
    const indexes = new Set([...new MethodTable(program).methodNames(), ...fields])
    const shown = new Set(program.functions.map(({ name }) => name))
    const free = shortNamesOf(new Set(program.ascii.map((text) => text.toString("latin1"))))
    for (const index of indexes) {
        if (!uses.has(index) || shown.has(stringIndex(StringKind.ascii, index))) continue
        const name = free.next()
        if (name.done === true) break
        names[name.value] = program.ascii[index].toString("latin1")
        program.ascii[index] = Buffer.from(name.value)
    }
    return names
}

const FORMAT = 76
const LOG_REPRESENTATION = 125
/** Whatever is printed without names of fields. */
const PLAIN: Type = NUMBER | TEXT | CONSTANT | BUFFER

/** Whether the machine may print an object with its fields. */
function printsObjects(program: ImageProgram, types: TypeInference): boolean {
    return program.functions.some((entry) => entry.body.some((each) => printsObject(entry, each, types)))
}

function printsObject(entry: ImageFunction, each: Statement, types: TypeInference): boolean {
    const isPrinter = ({ opcode, value, operands }: Expression): boolean => {
        if (value !== FORMAT && value !== LOG_REPRESENTATION) return false
        // Other objects have fields of this name, too.
        return (
            opcode === Op.dsField ||
            (opcode === Op.builtinField && mayBe(types.typeOf(entry, each, operands[0]), BUILTIN))
        )
    }
    const [callee, ...passed] = each.operands
    if (isCall(each) && isPrinter(callee))
        return passed.some((value) => (types.typeOf(entry, each, value) & ~PLAIN) !== 0n)
    const mentions = (found: Expression): boolean => isPrinter(found) || found.operands.some(mentions)
    return mentions(each)
}

/**
 * Indexes of the names that fields of the program's objects have, and that are nothing else. None when the machine may
 * list or print fields, or when keys are put together. Every variable has to have a slot of its own.
 */
export function fieldNames(program: ImageProgram): number[] {
    const table = new MethodTable(program)
    const types = new TypeInference(program, table, new Hierarchy(program))
    if (!types.isKnown || printsObjects(program, types)) return []
    const stored = new Set<number>()
    const others = new Set<number>()
    walkProgram(program, ({ opcode, operands }) => {
        operands.forEach((operand, place) => {
            if (operand.opcode === Op.asciiField && operand.operands[0].opcode === Op.builtinObject)
                others.add(operand.value)
            if (operand.opcode !== Op.staticAsciiString) return
            const isStore = opcode === Op.indexSet && place === 1 && operands[0].opcode !== Op.builtinObject
            if (isStore) stored.add(operand.value)
            else others.add(operand.value)
        })
    })
    return [...stored].filter((index) => !others.has(index) && !types.isNativeName(`ascii ${index}`))
}
