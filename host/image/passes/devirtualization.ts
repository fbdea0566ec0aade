import type { ClassModel } from "../analyses/class-model.js"
import type { ProgramFacts } from "../analyses/program-facts.js"
import { fieldKey, nameKey } from "../ir/names.js"
import { type FindsMethod, sinkMethodLookups } from "./lookup-sinking.js"
import { failsWithoutThis, NonNullSlots } from "../analyses/non-null.js"
import { TypeInference } from "../analyses/type-inference.js"
import { constructorOf, Kind, kindsOf } from "../analyses/types.js"
import { expression, isCall, stackDepth, statement } from "../ir/expressions.js"
import { MAX_STACK, Op } from "../ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walk,
} from "../ir/program.js"

/*
 * Devirtualization: a method becomes a plain function with the object as its first argument when all calls that may run
 * it can run nothing else. It needs no entry on the prototype and no name, and calls do not look it up. Slots stay as
 * they are: `this` was in slot 0, where the first parameter is.
 *
 * Precondition: live ranges are split, since types are known by slot; runs after inlining, which knows the `this` of
 * methods. Changes: calls, the flag `needsThis`, method stores of the setup; may insert a check into the method. Sound
 * because types (or a name that only one class has) bound what a call can run. A call on undefined still has to throw a
 * TypeError: a method that would not read a field of `this` at once gets a read of one inserted.
 */

interface Site {
    caller: ImageFunction
    call: Statement
    /** index of the only function that this can call */
    callee: number
}

/** Operands of call8, without the function and the object. */
const MAX_ARGUMENTS = 7

export function devirtualize(program: ImageProgram, facts: ProgramFacts): void {
    const lookups = sinkByType(facts)
    const { classes } = facts
    const sites = sitesOf(program, classes, lookups)
    const { direct, nullable } = chooseMethods(program, classes, sites)
    for (const { caller, call, callee } of sites) {
        if (!direct.has(callee)) continue
        facts.forget(caller)
        const [field, ...passed] = call.operands
        call.operands = [expression(Op.staticFunction, callee, [], field.origin), field.operands[0], ...passed]
        call.opcode++
    }
    for (const index of direct) {
        const entry = program.functions[index]
        entry.flags &= ~FunctionFlag.needsThis
        const field =
            nullable.has(index) && !failsWithoutThis(entry) ? checkedField(program, classes, index) : undefined
        if (field !== undefined) insertCheck(entry, field)
        facts.forget(entry)
    }
    if (program.setup === null) return
    program.setup.body = program.setup.body.filter(
        (each) => !classes.isMethodStore(each) || !direct.has(each.operands[2].value),
    )
    facts.forget(program.setup)
}

/**
 * Look-up sinking where types show that a method is found: a method that is looked up without being called cannot
 * become a function. @returns look-ups of the program as it is now
 */
function sinkByType(facts: ProgramFacts): Lookups {
    const { program } = facts
    const lookups = new Lookups(program, facts.classes)
    const findsMethod: FindsMethod = (entry, each, field) => {
        const found = lookups.find(entry, each, field)
        return found.methods.size > 0 && !found.others
    }
    const sunk = program.functions.filter((entry) => sinkMethodLookups(entry, findsMethod))
    for (const entry of sunk) facts.forget(entry)
    return sunk.length === 0 ? lookups : new Lookups(program, facts.classes)
}

/** The possible results of a field's look-up. */
interface Found {
    methods: Set<number>
    /** whether there may be others than these methods */
    others: boolean
}

/** The results of look-ups, as far as types and names show. */
class Lookups {
    private readonly types: TypeInference

    constructor(
        private readonly program: ImageProgram,
        private readonly classes: ClassModel,
    ) {
        this.types = new TypeInference(program, classes)
    }

    /** @param field an operation that reads a named field, or an element whose key is a text of the program */
    find(entry: ImageFunction, each: Statement, field: Expression): Found {
        const key = field.opcode === Op.index ? nameKey(field.operands[1]) : undefined
        if (key !== undefined) return { methods: this.classes.implementations(key), others: true }
        const only = this.classes.onlyMethod(field)
        if (only !== undefined) return { methods: new Set([this.program.functions.indexOf(only)]), others: false }
        const name = fieldKey(field) ?? ""
        if (!this.types.isKnown || this.classes.isText(name))
            return { methods: this.classes.implementations(name), others: true }
        const object = this.types.typeOf(entry, each, field.operands[0])
        const others = kindsOf(object).some((kind) => kind !== Kind.constant && this.mayBeOther(kind, name))
        return { methods: this.classes.methodsOf(object, name), others }
    }

    /** Whether a field of this name may be something other than a method of the object's class. */
    private mayBeOther(kind: Kind, name: string): boolean {
        const constructor = constructorOf(kind)
        if (constructor === undefined || this.classes.resolve(constructor, name) === undefined) return true
        return this.types.mayBeOwn(kind, name)
    }
}

/** All calls that can run only one method, except calls of methods that are also looked up elsewhere. */
function sitesOf(program: ImageProgram, classes: ClassModel, lookups: Lookups): Site[] {
    const sites: Site[] = []
    const blocked = new Set<number>()
    for (const caller of program.functions)
        for (const call of caller.body)
            walk(call, (field) => {
                if (fieldKey(field) === undefined && field.opcode !== Op.index) return
                const { methods, others } = lookups.find(caller, call, field)
                const [callee] = methods
                const isCallee = isCall(call) && call.operands[0] === field
                if (isCallee && methods.size === 1 && !others && fits(call)) sites.push({ caller, call, callee })
                else for (const method of methods) blocked.add(method)
            })
    return sites.filter(({ callee }) => !blocked.has(callee) && classes.hasObject(program.functions[callee]))
}

/**
 * @returns the methods to call directly, and those among them whose `this` may be undefined: they have to throw the
 * TypeError that looking them up would have thrown
 */
function chooseMethods(
    program: ImageProgram,
    classes: ClassModel,
    sites: Site[],
): { direct: Set<number>; nullable: Set<number> } {
    const direct = new Set(sites.map(({ callee }) => callee))
    const nullable = new Set<number>()
    const nonNull = new NonNullSlots()
    for (let changed = true; changed;) {
        changed = false
        for (const { caller, call, callee } of sites) {
            if (!direct.has(callee) || nullable.has(callee)) continue
            const index = program.functions.indexOf(caller)
            const self = classes.hasObject(caller) && !nullable.has(index)
            const [object] = call.operands[0].operands
            const known = nonNull.before(caller, self, call)
            if (object.opcode === Op.loadLocal && known?.has(object.value) === true) continue
            nullable.add(callee)
            changed = true
            if (!failsWithoutThis(program.functions[callee]) && checkedField(program, classes, callee) === undefined)
                direct.delete(callee)
        }
    }
    return { direct, nullable }
}

function fits(call: Statement): boolean {
    if (call.operands.length > MAX_ARGUMENTS + 1) return false
    return stackDepth(call) < MAX_STACK
}

/** A look-up of a field that the constructor of the method's class stores. */
function checkedField({ functions }: ImageProgram, classes: ClassModel, method: number): Expression | undefined {
    const constructor = classes.ownerOf(method)
    if (constructor === undefined) return undefined
    for (const { opcode, operands } of functions[constructor].body) {
        if (opcode !== Op.indexSet || operands[0].opcode !== Op.loadLocal || operands[0].value !== 0) continue
        if (operands[1].opcode === Op.staticAsciiString) return operands[1]
    }
    return undefined
}

/** Reads a field of `this` first, so that the function fails without an object as its look-up did. */
function insertCheck({ body }: ImageFunction, field: Expression): void {
    const { origin } = body[0]
    const self = expression(Op.loadLocal, 0, [], origin)
    body.unshift(statement(Op.storeRetVal, 0, [{ ...field, opcode: Op.asciiField, operands: [self], origin }], origin))
}
