import { isCall } from "../ir/expressions.js"
import { nameKey } from "../ir/names.js"
import { builtinString, Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "../ir/program.js"
import type { Computed } from "../type-sidecar.js"
import { ProgramFacts } from "./program-facts.js"
import { TypeInference } from "./type-inference.js"
import { ARRAY, BUFFER, CONSTANT, MAP, NOTHING, NUMBER, TEXT, type Type } from "./types.js"

/** The machine stores no named fields in these, and throws. */
const INDEXED: Type = ARRAY | BUFFER | TEXT | NUMBER | CONSTANT
const ASSIGN = builtinString("assign")
const INDEXES = new Set<number>([Op.index, Op.indexSet, Op.indexDelete])

/**
 * Whose names a program computes, by its code alone: nobody's only if every key that is not a constant name is a number,
 * or belongs to an array, a Buffer or a text, and fields are only copied to objects without a class. Every variable must
 * have a slot of its own.
 */
export function computedNames(program: ImageProgram): Computed {
    const types = new TypeInference(program, new ProgramFacts(program).classes)
    const isOnly = (entry: ImageFunction, each: Statement, value: Expression, type: Type): boolean =>
        (types.typeOf(entry, each, value) & ~type) === NOTHING
    const copiesToMap = (entry: ImageFunction, each: Statement): boolean => {
        const [callee, target] = each.operands
        const isCopy = isCall(each) && callee.opcode === Op.objectField && callee.value === ASSIGN
        return !isCopy || target === undefined || isOnly(entry, each, target, MAP | CONSTANT)
    }
    const isIndexed = (entry: ImageFunction, each: Statement): boolean => {
        let isSo = true
        walk(each, ({ opcode, operands: [object, key] }) => {
            if (!INDEXES.has(opcode) || nameKey(key) !== undefined) return
            isSo &&= isOnly(entry, each, key, NUMBER | CONSTANT) || isOnly(entry, each, object, INDEXED)
        })
        return isSo
    }
    const isSure =
        types.isKnown &&
        program.functions.every((entry) =>
            entry.body.every((each) => isIndexed(entry, each) && copiesToMap(entry, each)),
        )
    return isSure ? "nothing" : "members"
}
