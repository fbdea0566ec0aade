import { liveAtEntry } from "../analyses/liveness.js"
import type { ClassModel } from "../analyses/class-model.js"
import type { FunctionFacts } from "../analyses/function-facts.js"
import type { ProgramFacts } from "../analyses/program-facts.js"
import { fieldKey } from "../ir/names.js"
import {
    copyOf,
    expression,
    isCall,
    isCaptured,
    isClosure,
    isConstant,
    isHandlerBoundary,
    isThis,
    mayThrow,
    slotsRead,
    slotStored,
    statement,
} from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageFunction,
    type ImageProgram,
    type Inlined,
    type Origin,
    type Statement,
    walk,
} from "../ir/program.js"

/*
 * Inlining: a call becomes the code of its callee when that is called once, or when the copies take no more bytes than the
 * function does.
 *
 * Precondition: captured variables are lowered.
 * Changes: callers get the statements and slots of callees; origins record the call, so that traces name all functions.
 * Sound because the callee is known: a function, or the only method of its name, of which a call on undefined fails as the
 * look-up did. Callees with handlers or closures are left alone, and so are loops that the program's main function calls:
 * that function is never translated to C, so they would always be interpreted.
 */

/** Name of a function in the compiler's image. */
export type NameOf = (entry: ImageFunction) => string

interface Site {
    caller: ImageFunction
    at: number
    callee: ImageFunction
    /** the object of a method call */
    self: Expression | undefined
    passed: Expression[]
}

/** Operations that take no more bytes than a call. */
const SMALL = 9
/** Overhead of a function besides its code (header, name, entry on the prototype), in operations. */
const OVERHEAD = 20
/** Most slots of a caller after inlining: its frame stays allocated while a callee is suspended. */
const MAX_SLOTS = 24

/** Returns the callers that changed. */
export function inlineCalls(program: ImageProgram, facts: ProgramFacts, nameOf: NameOf): Set<ImageFunction> {
    const changed = new Set<ImageFunction>()
    const gone = new Set<ImageFunction>()
    const { classes } = facts
    const references = countReferences(program, facts)
    const recursive = recursiveFunctions(program, classes, facts)
    for (const caller of program.functions) {
        for (let at = caller.body.length - 1; at >= 0; at--) {
            const site = siteAt(program, classes, caller, at)
            // Slot numbers of callees that changed in this round are stale.
            if (
                site === undefined ||
                site.callee === program.setup ||
                changed.has(site.callee) ||
                gone.has(caller) ||
                !mayInline(site, classes) ||
                (isMain(program, caller) && hasLoop(site.callee))
            )
                continue
            const calls = callsOf(classes, references, site)
            // Without its only call the callee is dead: this terminates even for mutual recursion.
            if (calls > 1 && (recursive.has(site.callee) || operationsOf(site.callee) > allowed(calls))) continue
            if (calls === 1) gone.add(site.callee)
            inline(site, nameOf(site.callee))
            facts.forget(caller)
            changed.add(caller)
        }
    }
    return changed
}

/** Functions in a cycle of the call graph: inlining copies of them would not terminate. */
function recursiveFunctions({ functions }: ImageProgram, classes: ClassModel, facts: ProgramFacts): Set<ImageFunction> {
    const called = new Map(functions.map((entry) => [entry, calledBy(facts.of(entry), classes)]))
    return new Set(
        functions.filter((start) => {
            const reached = new Set(called.get(start))
            for (const entry of reached) for (const next of called.get(entry) ?? []) reached.add(next)
            return reached.has(start)
        }),
    )
}

function calledBy({ functions, fields }: FunctionFacts, classes: ClassModel): Set<ImageFunction> {
    const called = [...fields.keys()].flatMap((name) => classes.onlyMethodNamed(name) ?? [])
    return new Set([...functions.keys(), ...called])
}

function countReferences({ functions }: ImageProgram, facts: ProgramFacts): Map<ImageFunction, number> {
    const found = new Map<ImageFunction, number>()
    for (const entry of functions) {
        const { functions: mentioned, closures } = facts.of(entry)
        for (const [other, n] of [...mentioned, ...closures]) found.set(other, (found.get(other) ?? 0) + n)
    }
    return found
}

function siteAt(program: ImageProgram, classes: ClassModel, caller: ImageFunction, at: number): Site | undefined {
    const call = caller.body[at]
    if (!isCall(call)) return undefined
    const [callee, ...passed] = call.operands
    if (callee.opcode === Op.staticFunction) {
        const found = program.functions[callee.value]
        if ((found.flags & FunctionFlag.needsThis) !== 0) return undefined
        return { caller, at, callee: found, self: undefined, passed }
    }
    const method = classes.onlyMethod(callee)
    if (method === undefined) return undefined
    return { caller, at, callee: method, self: callee.operands[0], passed }
}

/** The number of its call sites; Infinity when it is also used as a value. */
function callsOf(
    classes: ClassModel,
    references: Map<ImageFunction, number>,
    { caller, at, callee, self }: Site,
): number {
    const referred = references.get(callee) ?? 0
    if (self === undefined) return referred
    // One reference is the store on the prototype.
    return referred === 1 ? classes.uses(fieldKey(caller.body[at].operands[0])) : Infinity
}

/** Code that runs once, and therefore is never translated to C. */
const isMain = ({ functions }: ImageProgram, entry: ImageFunction): boolean => functions[0] === entry

/** Whether its code may run many times in one call. */
function hasLoop({ body }: ImageFunction): boolean {
    return body.some(({ target }, at) => target !== null && body.indexOf(target) <= at)
}

function mayInline(site: Site, classes: ClassModel): boolean {
    const { caller, callee, self } = site
    if (caller === callee || callee.tries > 0 || isCaptured(callee) || isClosure(callee)) return false
    if ((callee.flags & (FunctionFlag.constructor | FunctionFlag.restArgument)) !== 0) return false
    if (callee.body.some(isHandlerBoundary)) return false
    if (self !== undefined && !failsWithout(callee) && !(classes.hasObject(caller) && isThis(caller, self)))
        return false
    return caller.slots + callee.slots <= MAX_SLOTS
}

/** A method call on undefined still throws a TypeError: the first statement reads or writes a field of `this`. */
function failsWithout({ body }: ImageFunction): boolean {
    let reads = false
    const isThis = (operand: Expression | undefined): boolean => operand?.opcode === Op.loadLocal && operand.value === 0
    walk(body[0], ({ opcode, operands }) => {
        const field = opcode === Op.asciiField || opcode === Op.builtinField || opcode === Op.indexSet
        if (field && isThis(operands[0])) reads = true
    })
    return reads
}

function operationsOf({ body }: ImageFunction): number {
    let operations = 0
    for (const each of body) walk(each, () => operations++)
    return operations
}

/** Maximum number of operations of a callee, so that copies cost no more than the function's overhead. */
function allowed(calls: number): number {
    return Math.max(SMALL, Math.floor(OVERHEAD / (calls - 1)))
}

function isSimple(value: Expression): boolean {
    return isConstant(value) || value.opcode === Op.loadLocal
}

/** Replaces a call by the callee's code. */
function inline({ caller, at, callee, self, passed }: Site, name: string): void {
    const { body } = caller
    const call = body[at]
    const { origin } = call
    const base = caller.slots
    const undefinedValue = (): Expression => expression(Op.undefined, 0, [], origin)
    const given = self === undefined ? passed : [self, ...passed]
    const stored = new Set(callee.body.map(slotStored))
    const placed: Statement[] = []
    const values = new Map<number, Expression>()
    for (let slot = 0; slot < Math.max(callee.arguments, given.length); slot++) {
        const value = given.at(slot) ?? undefinedValue()
        const isArgument = slot < callee.arguments
        if (isArgument && isSimple(value) && !stored.has(slot)) values.set(slot, value)
        else if (isArgument || mayThrow(value)) placed.push(statement(Op.storeLocal, base + slot, [value], origin))
    }
    for (const slot of liveAtEntry(callee))
        if (slot >= callee.arguments) placed.push(statement(Op.storeLocal, base + slot, [undefinedValue()], origin))
    placed.push(...copyBody(callee, base, values, body[at + 1], { name, call: origin }))
    body.splice(at, 1, ...placed)
    for (const each of body) if (each.target === call) each.target = placed[0]
    const last = Math.max(0, ...placed.flatMap((each) => [slotStored(each) ?? 0, ...slotsRead(each).keys()]))
    caller.slots = Math.max(caller.slots, last + 1)
}

/**
 * @param values replace reads of parameters; other slots follow the caller's
 * @param after where returns lead
 */
function copyBody(
    { body }: ImageFunction,
    base: number,
    values: Map<number, Expression>,
    after: Statement,
    inlined: Inlined,
): Statement[] {
    const originOf = originsInside(inlined)
    const renamed = (from: Expression): Expression => {
        const value = from.opcode === Op.loadLocal ? values.get(from.value) : undefined
        if (value !== undefined) return copyOf(value)
        const isSlot = from.opcode === Op.loadLocal || from.opcode === Op.storeLocal
        const moved = { ...from, origin: originOf(from.origin), operands: from.operands.map(renamed) }
        return { ...moved, value: isSlot ? from.value + base : from.value }
    }
    const copies = new Map(body.map((each) => [each, { ...each, ...renamed(each) }]))
    return body.flatMap((each, i) => {
        const copy = copies.get(each) as Statement
        if (copy.target !== null) copy.target = copies.get(copy.target) ?? null
        if (copy.opcode !== Op.return) return [copy]
        copy.opcode = Op.storeRetVal
        const jump = { ...statement(Op.jmp, 0, [], copy.origin), target: after }
        return i === body.length - 1 ? [copy] : [copy, jump]
    })
}

/** The origins of inlined operations; equal ones stay one object. */
function originsInside(inlined: Inlined): (origin: Origin) => Origin {
    const known = new Map<Origin, Origin>()
    const inside = (origin: Origin): Origin => {
        const found = known.get(origin)
        if (found !== undefined) return found
        const inner = origin.inlined
        const made = {
            at: origin.at,
            inlined: inner === undefined ? inlined : { name: inner.name, call: inside(inner.call) },
        }
        known.set(origin, made)
        return made
    }
    return inside
}
