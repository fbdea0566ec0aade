import { builtinString, Op } from "../ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageProgram,
    type Origin,
    type Statement,
    stringIndex,
    StringKind,
    walkProgram,
} from "../ir/program.js"
import { copyOf, expression, isCall, statement } from "../ir/expressions.js"
import { fieldKey, isMethodStore, isPrototype, MethodTable, nameKey } from "../analyses/method-table.js"

/* The tables of an image: what nobody uses goes, what is used most comes first, for indexes of one byte. */

export const REFERS = {
    function: [Op.staticFunction, Op.makeClosure],
    ascii: [Op.staticAsciiString, Op.asciiField],
    utf8: [Op.staticUtf8String, Op.utf8Field],
    float: [Op.literalF64],
}

/** How often each entry of a table is referred to. */
export function countUses(program: ImageProgram, opcodes: number[]): Map<number, number> {
    const uses = new Map<number, number>()
    walkProgram(program, ({ opcode, value }) => {
        if (opcodes.includes(opcode)) uses.set(value, (uses.get(value) ?? 0) + 1)
    })
    return uses
}

function renumber(program: ImageProgram, opcodes: number[], order: number[]): void {
    const places = new Map(order.map((old, i) => [old, i]))
    walkProgram(program, (found) => {
        if (opcodes.includes(found.opcode)) found.value = places.get(found.value) ?? 0
    })
}

function byUse(uses: Map<number, number>): number[] {
    return [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || a - b)
}

/** Functions that nothing can reach from the first one; a method counts when its name is looked up. */
export function dropFunctions(program: ImageProgram, methods: MethodTable): void {
    const { setup } = program
    if (setup !== null)
        setup.body = setup.body.filter(
            (each) => !isMethodStore(each) || !methods.isUnused(nameKey(each.operands[1]) ?? ""),
        )
    const reached = new Set([0])
    for (const index of reached) {
        const { body } = program.functions[index]
        walkProgram({ ...program, functions: [{ ...program.functions[index], body }] }, ({ opcode, value }) => {
            if (REFERS.function.includes(opcode)) reached.add(value)
        })
    }
    keepFunctions(
        program,
        program.functions.map((_, i) => i).filter((i) => reached.has(i)),
    )
}

function keepFunctions(program: ImageProgram, order: number[]): void {
    const functions = order.map((index) => program.functions[index])
    program.functions = functions
    renumber(program, REFERS.function, order)
}

/** Functions with the same code become one; classes and functions that are values are told apart by identity. */
export function mergeFunctions(program: ImageProgram): boolean {
    const known = new Map<string, number>()
    const same = new Map<number, number>()
    const shown = functionsShown(program)
    program.functions.forEach((entry, i) => {
        if (i === 0 || shown.has(i) || (entry.flags & FunctionFlag.constructor) !== 0) return
        const { body, slots, flags, tries } = entry
        const places = new Map(body.map((each, at) => [each, at]))
        const code = body.map((each) => [signature(each), each.target === null ? -1 : places.get(each.target)])
        const key = JSON.stringify([entry.arguments, slots, flags, tries, code])
        const first = known.get(key)
        if (first === undefined) known.set(key, i)
        else same.set(i, first)
    })
    walkProgram(program, (found) => {
        if (REFERS.function.includes(found.opcode)) found.value = same.get(found.value) ?? found.value
    })
    return same.size > 0
}

function signature({ opcode, value, operands }: Expression): unknown {
    return [opcode, value, operands.map(signature)]
}

/**
 * Methods of one class are stored one after the other, so that the class is looked up once. Stores of functions on
 * different objects may change places; nothing moves across any other statement.
 */
export function groupMethodStores(program: ImageProgram): void {
    const entry = program.setup
    const first = entry?.body.findIndex(isMethodStore) ?? -1
    if (entry === null || first < 0) return
    let end = first
    while (isFunctionStore(entry.body[end])) end++
    const groups = new Map<string, Statement[]>()
    for (const each of entry.body.slice(first, end)) {
        const key = JSON.stringify(signature(each.operands[0]))
        groups.set(key, [...(groups.get(key) ?? []), each])
    }
    const stores = [...groups.values()].flatMap((group) => withClassOnce(group, entry.slots))
    entry.body.splice(first, end - first, ...stores)
    entry.slots++
}

/** A method store, or a function that the prelude adds to an object of the machine. */
function isFunctionStore(each: Statement): boolean {
    if (isMethodStore(each)) return true
    const [object, key, value] = each.operands
    if (each.opcode !== Op.indexSet || nameKey(key) === undefined) return false
    return object.opcode === Op.builtinObject && REFERS.function.includes(value.opcode)
}

function withClassOnce(group: Statement[], slot: number): Statement[] {
    const [object] = group[0].operands
    if (group.length < 2 || !isPrototype(object) || object.opcode === Op.builtinObject) return group
    const load = (origin: Origin): Expression => expression(Op.loadLocal, slot, [], origin)
    const stores = group.map((each) => ({
        ...each,
        operands: [load(each.origin), ...each.operands.slice(1).map(copyOf)],
    }))
    return [statement(Op.storeLocal, slot, [object], object.origin), ...stores]
}

/** Functions whose names a program can print: those that are values, not only called, and classes of errors. */
function functionsShown(program: ImageProgram): Set<number> {
    const shown = errorClasses(program)
    const methods = new MethodTable(program)
    let asksClass = false
    const look = (found: Expression, above: Expression | undefined, place: number): void => {
        const called = above !== undefined && place === 0 && (isCall(above) || above.opcode === Op.new)
        const stored = above !== undefined && isPrototypeBase(above)
        if (REFERS.function.includes(found.opcode) && !called && !stored) shown.add(found.value)
        if (fieldKey(found) === CONSTRUCTOR || nameKey(found) === CONSTRUCTOR) asksClass = true
        found.operands.forEach((operand, i) => look(operand, found, i))
    }
    for (const entry of program.functions)
        for (const each of entry.body) {
            const [, key, value] = each.operands
            if (entry !== program.setup || !isMethodStore(each)) look(each, undefined, 0)
            else if (!methods.isOnlyCalled(nameKey(key) ?? "")) shown.add(value.value)
        }
    program.functions.forEach(({ flags }, i) => {
        if (asksClass && (flags & FunctionFlag.constructor) !== 0) shown.add(i)
    })
    return shown
}

const CONSTRUCTOR = `builtin ${builtinString("constructor")}`

/** Classes that extend the machine's: an error's `name` is that of its class. */
function errorClasses(program: ImageProgram): Set<number> {
    const bases = new Map<number, Expression>()
    for (const each of program.setup?.body ?? []) {
        const [callee, derived, base] = each.operands
        if (callee?.opcode !== Op.objectField || derived?.operands[0]?.opcode !== Op.staticFunction) continue
        bases.set(derived.operands[0].value, base)
    }
    const isOfMachine = (base: Expression | undefined): boolean => {
        if (base === undefined || base.opcode === Op.builtinObject) return base !== undefined
        return base.operands[0].opcode !== Op.staticFunction || isOfMachine(bases.get(base.operands[0].value))
    }
    return new Set([...bases.keys()].filter((index) => isOfMachine(bases.get(index))))
}

/** The class in `C.prototype`, or the base class in a call of its constructor. */
function isPrototypeBase(above: Expression): boolean {
    return isPrototype(above) || above.opcode === Op.bind
}

/** Names of functions go, but for those that a program can print; the debug file has them all. */
export function dropNames(program: ImageProgram): void {
    const shown = functionsShown(program)
    program.functions.forEach((entry, i) => {
        if (!shown.has(i)) entry.name = stringIndex(StringKind.builtin, 0)
    })
}

/** Orders and prunes all tables. */
export function orderTables(program: ImageProgram): void {
    const uses = countUses(program, REFERS.function)
    keepFunctions(program, [0, ...byUse(uses).filter((index) => index !== 0)])
    const floats = byUse(countUses(program, REFERS.float))
    renumber(program, REFERS.float, floats)
    program.floats = floats.map((index) => program.floats[index])
    // The specifications of services refer to strings, too.
    if (program.specs.length > 0) return
    program.ascii = orderTexts(program, REFERS.ascii, StringKind.ascii, program.ascii)
    program.utf8 = orderTexts(program, REFERS.utf8, StringKind.utf8, program.utf8)
}

/** Those that code or the names of functions refer to, the most used ones first. */
function orderTexts(program: ImageProgram, opcodes: number[], kind: number, texts: Buffer[]): Buffer[] {
    const uses = countUses(program, opcodes)
    const named = program.functions.filter(({ name }) => name >> 14 === kind)
    for (const { name } of named) if (!uses.has(name & 0x3fff)) uses.set(name & 0x3fff, 0)
    const order = byUse(uses)
    renumber(program, opcodes, order)
    for (const entry of named) entry.name = stringIndex(kind, order.indexOf(entry.name & 0x3fff))
    return order.map((index) => texts[index])
}
