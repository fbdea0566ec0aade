import type { ProgramFacts } from "../analyses/program-facts.js"
import { append, expression, isCall, isConstant, substitute } from "../ir/expressions.js"
import { BUFFER_FUNCTIONS, BUFFER_METHODS, builtinKey, fieldKey } from "../ir/names.js"
import { builtinObject, Op } from "../ir/operations.js"
import { type Expression, type ImageProgram, type Statement, walk } from "../ir/program.js"

/*
 * Presence tests: the result of a test such as `Buffer.alloc(0).readUIntBE` is known for a machine that has the
 * function, and so is the module's variable that keeps it.
 *
 * Precondition: none; the passes over main run between both and after them. Changes: comparisons, and reads of globals,
 * become constants; stores of globals that nobody reads go. Sound only for Mote's machine, as long as the program names
 * none of these as a text or in a store. A global has no other value when its only store comes before main has called
 * or branched to anything, and nothing before it reads it.
 */

const BUFFER = builtinObject("Buffer")
const METHODS = [...BUFFER_METHODS.map(String), "blitAt"]

const isBuffer = ({ opcode, value }: Expression): boolean => opcode === Op.builtinObject && value === BUFFER

/** `Buffer.alloc(n)` */
function isAllocation(each: Statement | undefined): boolean {
    if (each === undefined || !isCall(each)) return false
    const [callee] = each.operands
    return fieldKey(callee) === builtinKey("alloc") && isBuffer(callee.operands[0])
}

/** Name of the field in a look-up, as text. */
function nameOf(program: ImageProgram, field: Expression): string {
    if (fieldKey(field) === builtinKey("blitAt")) return "blitAt"
    return field.opcode === Op.asciiField ? program.ascii[field.value].toString() : ""
}

/** Resolves which of the machine's own functions exist. */
export function resolvePresenceTests(program: ImageProgram, facts: ProgramFacts): void {
    const { classes } = facts
    const isThere = (field: Expression, before: Statement | undefined): boolean => {
        const [object] = field.operands
        const name = nameOf(program, field)
        if (name === "" || !classes.isMethod(field)) return false
        if (isBuffer(object)) return BUFFER_FUNCTIONS.includes(name)
        return object.opcode === Op.retVal && isAllocation(before) && METHODS.includes(name)
    }
    for (const entry of program.functions)
        entry.body.forEach((each, i) => {
            const { body } = entry
            const before = body.some(({ target }) => target === each) ? undefined : body.at(i - 1)
            walk(each, ({ operands }) =>
                operands.forEach(({ opcode, operands: compared, origin }, place) => {
                    const isTest = opcode === Op.ne && compared[1].opcode === Op.undefined
                    if (!isTest || !isThere(compared[0], before)) return
                    operands[place] = expression(Op.true, 0, [], origin)
                    facts.forget(entry)
                }),
            )
        })
}

/** Whether no other function of the program runs, and control continues with the next statement. */
function isQuiet(program: ImageProgram, each: Statement): boolean {
    if (!isCall(each)) return each.opcode === Op.storeLocal || each.opcode === Op.storeGlobal
    const [callee] = each.operands
    if (callee.opcode === Op.staticFunction) return program.functions[callee.value] === program.setup
    return isAllocation(each)
}

const readsGlobal = (each: Statement, index: number): boolean => {
    let reads = false
    walk(each, ({ opcode, value }) => (reads ||= opcode === Op.loadGlobal && value === index))
    return reads
}

/** Replaces reads of globals that main sets once by the value. @returns whether there were any */
export function propagateGlobals(program: ImageProgram): boolean {
    const [main] = program.functions
    const stores = new Map<number, Statement[]>()
    for (const { body } of program.functions)
        for (const each of body) if (each.opcode === Op.storeGlobal) append(stores, each.value, each)
    const noisy = main.body.findIndex((each) => !isQuiet(program, each))
    const found = main.body.slice(0, noisy).filter((each, i, before) => {
        const once = each.opcode === Op.storeGlobal && stores.get(each.value)?.length === 1
        if (!once || !isConstant(each.operands[0])) return false
        return !before.slice(0, i).some((earlier) => readsGlobal(earlier, each.value))
    })
    for (const { value, operands } of found) replaceReads(program, value, operands[0])
    const targets = new Set(main.body.map(({ target }) => target))
    main.body = main.body.filter((each) => !found.includes(each) || targets.has(each))
    return found.length > 0
}

function replaceReads({ functions }: ImageProgram, index: number, by: Expression): void {
    const isRead = ({ opcode, value }: Expression): boolean => opcode === Op.loadGlobal && value === index
    for (const { body } of functions) for (const each of body) substitute(each, isRead, by)
}
