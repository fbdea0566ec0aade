import { Op } from "./operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Origin, type Statement, walk } from "./program.js"

/*
 * Predicates and constructors of expressions and statements. Expressions never call a function and never change anything: a call
 * is a statement, and its result is read as `retVal`.
 */

const CONSTANTS = new Set([Op.literal, Op.undefined, Op.true, Op.false, Op.null, Op.nan, Op.inf, Op.literalF64])

const REFERENCES = [Op.builtinObject, Op.staticFunction, Op.staticAsciiString, Op.staticUtf8String]

const NAMED = new Set([...REFERENCES, Op.staticBuiltinString, Op.staticBuffer])

/** Operations that read memory which a statement may change. */
const HEAP_READS = new Set([
    ...[Op.index, Op.builtinField, Op.asciiField, Op.utf8Field, Op.objectField, Op.mathField, Op.dsField],
    ...[Op.loadGlobal, Op.loadClosure, Op.loadBuffer, Op.instanceOf, Op.new],
])

const BOOLEANS = new Set([
    ...[Op.true, Op.false, Op.isUndefined, Op.toBool, Op.isNan, Op.not, Op.isNullish, Op.instanceOf],
    ...[Op.eq, Op.le, Op.lt, Op.ne, Op.approxEq, Op.approxNe],
])

/** Operations that never throw, whatever values they get, if their operands do not. */
const HARMLESS = new Set([
    ...[...CONSTANTS, ...NAMED, Op.loadLocal, Op.retVal, Op.loadGlobal, Op.loadClosure, Op.makeClosure],
    ...[Op.isUndefined, Op.toBool, Op.isNan, Op.not, Op.isNullish, Op.eq, Op.ne, Op.typeofStr, Op.typeof],
    ...[Op.uplus, Op.neg, Op.bitNot, Op.toInt, Op.abs, Op.sub, Op.mul, Op.div, Op.bitAnd, Op.bitOr, Op.bitXor],
    ...[Op.shiftLeft, Op.shiftRight, Op.shiftRightUnsigned, Op.le, Op.lt],
])

const SETS_RET_VAL = new Set([
    ...[Op.call0, Op.call1, Op.call2, Op.call3, Op.call4, Op.call5, Op.call6, Op.call7, Op.call8, Op.callArray],
    ...[Op.indexDelete, Op.allocMap, Op.allocArray, Op.allocBuffer, Op.catch, Op.finally, Op.storeRetVal],
    Op.jmpRetValZ,
])

/** A call of a function with its operands one by one. */
export function isCall({ opcode }: Expression): boolean {
    return opcode >= Op.call0 && opcode <= Op.call8
}

/** A literal: its value is the same wherever it is evaluated. */
export function isConstant({ opcode }: Expression): boolean {
    return CONSTANTS.has(opcode)
}

export const isConstructor = ({ flags }: ImageFunction): boolean => (flags & FunctionFlag.constructor) !== 0

export function isBoolean({ opcode }: Expression): boolean {
    return BOOLEANS.has(opcode)
}

export function setsRetVal({ opcode }: Statement): boolean {
    return SETS_RET_VAL.has(opcode)
}

/** Begins or ends a region of code with an exception handler. */
export function isHandlerBoundary({ opcode }: Statement): boolean {
    return opcode === Op.try || opcode === Op.endTry || opcode === Op.catch || opcode === Op.finally
}

function some(expression: Expression, test: (expression: Expression) => boolean): boolean {
    return test(expression) || expression.operands.some((operand) => some(operand, test))
}

export function readsHeap(expression: Expression): boolean {
    return some(expression, ({ opcode }) => HEAP_READS.has(opcode))
}

export function readsRetVal(expression: Expression): boolean {
    return some(expression, ({ opcode }) => opcode === Op.retVal || opcode === Op.jmpRetValZ)
}

export function mayThrow(expression: Expression): boolean {
    return some(expression, ({ opcode }) => !HARMLESS.has(opcode))
}

/** How often an expression reads each slot. */
export function slotsRead(expression: Expression): Map<number, number> {
    const found = new Map<number, number>()
    walk(expression, ({ opcode, value }) => {
        if (opcode === Op.loadLocal) found.set(value, (found.get(value) ?? 0) + 1)
    })
    return found
}

export function readsSlot(expression: Expression, slot: number): boolean {
    if (expression.opcode === Op.loadLocal) return expression.value === slot
    return expression.operands.some((operand) => readsSlot(operand, slot))
}

/** Maximum number of operands on the stack during its evaluation. */
export function stackDepth(expression: Expression): number {
    const depths = expression.operands.map((operand, i) => i + stackDepth(operand))
    return Math.max(1, ...depths)
}

/** Appends to a map's list for a key. */
export function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
    const list = lists.get(key)
    if (list === undefined) lists.set(key, [item])
    else list.push(item)
}

/** True when it makes closures, which reach its slots. */
export function isCaptured({ body }: ImageFunction): boolean {
    return body.some((statement) => some(statement, ({ opcode }) => opcode === Op.makeClosure))
}

/** True when it reads or writes slots of the function around it. */
export function isClosure({ body }: ImageFunction): boolean {
    return body.some((statement) =>
        some(statement, ({ opcode }) => opcode === Op.loadClosure || opcode === Op.storeClosure),
    )
}

export function copyOf(expression: Expression): Expression {
    return { ...expression, operands: expression.operands.map(copyOf) }
}

export function expression(opcode: number, value: number, operands: Expression[], origin: Origin): Expression {
    return { opcode, value, operands, origin }
}

export function statement(opcode: number, value: number, operands: Expression[], origin: Origin): Statement {
    return { opcode, value, operands, origin, target: null }
}

export function substitute(root: Expression, test: (expression: Expression) => boolean, by: Expression): void {
    root.operands.forEach((operand, i) => {
        if (test(operand)) root.operands[i] = copyOf(by)
        else substitute(operand, test, by)
    })
}

/** The slot that a statement stores into. */
export function slotStored({ opcode, value }: Statement): number | undefined {
    return opcode === Op.storeLocal ? value : undefined
}

/** `this`, in a function that keeps it. */
export function isThis(entry: ImageFunction, { opcode, value }: Expression): boolean {
    if ((entry.flags & FunctionFlag.needsThis) === 0 || opcode !== Op.loadLocal || value !== 0) return false
    return !entry.body.some((each) => slotStored(each) === 0)
}
