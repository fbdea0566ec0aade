import { Op } from "../operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageProgram,
    type Origin,
    type Statement,
    stringIndex,
    StringKind,
    walkProgram,
} from "../program.js"
import { copyOf, expression, isCall, statement } from "./facts.js"
import { isMethodStore, isPrototype, MethodTable, nameKey } from "./methods.js"

/* The tables of an image: what nobody uses goes, what is used most comes first, for indexes of one byte. */

const REFERS = {
    function: [Op.staticFunction, Op.makeClosure],
    ascii: [Op.staticAsciiString, Op.asciiField],
    utf8: [Op.staticUtf8String, Op.utf8Field],
    float: [Op.literalF64],
}

/** How often each entry of a table is referred to. */
function countUses(program: ImageProgram, opcodes: number[]): Map<number, number> {
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
    for (const entry of program.functions)
        entry.body = entry.body.filter(
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

/** Methods of one class are stored behind each other, with the class looked up once. */
export function groupMethodStores(program: ImageProgram): void {
    for (const entry of program.functions) {
        const first = entry.body.findIndex(isMethodStore)
        if (first < 0) continue
        let end = first
        while (isMethodStore(entry.body[end])) end++
        const groups = new Map<string, Statement[]>()
        for (const each of entry.body.slice(first, end)) {
            const key = JSON.stringify(signature(each.operands[0]))
            groups.set(key, [...(groups.get(key) ?? []), each])
        }
        const slot = entry.slots
        const stores = [...groups.values()].flatMap((group) => withClassOnce(group, slot))
        entry.body.splice(first, end - first, ...stores)
        entry.slots++
    }
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

/** Functions that are values, not only called: programs can print those. */
function functionsShown(program: ImageProgram): Set<number> {
    const shown = new Set<number>()
    const methods = new MethodTable(program)
    const look = (found: Expression, above: Expression | undefined, place: number): void => {
        const called = above !== undefined && place === 0 && (isCall(above) || above.opcode === Op.new)
        const stored = above !== undefined && isPrototypeBase(above)
        const isValue = REFERS.function.includes(found.opcode) && !called && !stored
        if (isValue) shown.add(found.value)
        found.operands.forEach((operand, i) => look(operand, found, i))
    }
    for (const { body } of program.functions)
        for (const each of body) {
            const [, key, value] = each.operands
            if (!isMethodStore(each)) look(each, undefined, 0)
            else if (!methods.isOnlyCalled(nameKey(key) ?? "")) shown.add(value.value)
        }
    return shown
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

/** Characters that are in no name of a program or of the machine. */
const MARKS = [..."!\"#%&'()*+,-./:;<=>?@[]^`{|}~"]

/** Methods get names of one or two characters: nobody sees them, the debug file has the names of functions. */
export function shortenMethods(program: ImageProgram): void {
    const uses = countUses(program, REFERS.ascii)
    const names = new MethodTable(program).methodNames().filter((index) => uses.has(index))
    const taken = new Set(program.ascii.map((text) => text.toString("latin1")))
    const short = [...MARKS, ...MARKS.flatMap((first) => MARKS.map((second) => first + second))]
    const free = short.filter((name) => !taken.has(name))
    for (const [i, index] of names.slice(0, free.length).entries()) {
        const shown = program.functions.some(({ name }) => name === stringIndex(StringKind.ascii, index))
        if (!shown) program.ascii[index] = Buffer.from(free[i])
    }
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
    const used = countUses(program, REFERS.ascii)
    for (const { name } of program.functions)
        if (name >> 14 === StringKind.ascii && !used.has(name & 0x3fff)) used.set(name & 0x3fff, 0)
    const ascii = byUse(used)
    renumber(program, REFERS.ascii, ascii)
    for (const entry of program.functions)
        if (entry.name >> 14 === StringKind.ascii)
            entry.name = stringIndex(StringKind.ascii, ascii.indexOf(entry.name & 0x3fff))
    program.ascii = ascii.map((index) => program.ascii[index])
    const utf8 = byUse(countUses(program, REFERS.utf8))
    renumber(program, REFERS.utf8, utf8)
    program.utf8 = utf8.map((index) => program.utf8[index])
}
