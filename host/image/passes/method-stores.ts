import { isPrototype, isPrototypeField } from "../analyses/class-setup.js"
import type { ProgramFacts } from "../analyses/program-facts.js"
import { nameKey } from "../ir/names.js"
import { copyOf, expression, statement } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageProgram, Origin, Statement } from "../ir/program.js"
import { REFERRING, signature } from "../ir/references.js"

/*
 * Grouping of method stores: the setup stores the methods of one class one after the other, so that their prototype is
 * looked up once.
 *
 * Precondition: the setup is the compiler's.
 * Changes: the order of stores in the setup, one more slot.
 * Sound because stores of functions on different objects commute; no store passes any other statement.
 */

export function groupMethodStores(program: ImageProgram, facts: ProgramFacts): void {
    const entry = program.setup
    const { methods } = facts.setup
    const first = entry?.body.findIndex((each) => methods.has(each)) ?? -1
    if (entry === null || first < 0) return
    let end = first
    while (methods.has(entry.body[end]) || isNativeStore(entry.body[end])) end++
    const groups = new Map<string, Statement[]>()
    for (const each of entry.body.slice(first, end)) {
        const key = JSON.stringify(signature(each.operands[0]))
        groups.set(key, [...(groups.get(key) ?? []), each])
    }
    const stores = [...groups.values()].flatMap((group) => withClassOnce(group, entry.slots))
    entry.body.splice(first, end - first, ...stores)
    entry.slots++
    facts.forget(entry)
}

/** A function that the prelude adds to an object of the machine, or to its prototype. */
function isNativeStore(each: Statement): boolean {
    const [object, key, value] = each.operands
    if (each.opcode !== Op.indexSet || nameKey(key) === undefined) return false
    const owner = isPrototypeField(object) ? object.operands[0] : object
    return owner.opcode === Op.builtinObject && REFERRING.function.includes(value.opcode)
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
