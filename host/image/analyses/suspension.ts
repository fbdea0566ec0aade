import { natives, suspendingBuiltins } from "../../abi/abi.js"
import { builtinString, Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type ImageProgram, walk } from "../ir/program.js"
import { isCall } from "../ir/expressions.js"
import { fieldKey, isMethodStore, nameKey } from "./method-table.js"

/* Which calls may wait, for a time or another fiber. */

/** Names of the machine in which a fiber may sleep. */
const WAITING = suspendingBuiltins.map((name) => `builtin ${builtinString(name)}`)
const START = builtinString("start")
const hostNatives: Record<string, { suspends: boolean } | undefined> = natives

/** Tells whether a call may wait. */
export class Waiting {
    private readonly names = new Set(WAITING)
    private readonly functions = new Set<ImageFunction>()
    /** a function that is passed around may wait, so every call of a value may */
    private anyValue = false

    constructor(private readonly program: ImageProgram) {
        program.ascii.forEach((text, i) => {
            if (hostNatives[text.toString()]?.suspends === true) this.names.add(`ascii ${i}`)
        })
        const methods = methodNames(program)
        const values = calledValues(program)
        while (this.addCallers(methods, values));
    }

    private addCallers(methods: Map<ImageFunction, string[]>, values: Set<ImageFunction>): boolean {
        const found = this.program.functions.filter(
            (entry) =>
                !this.functions.has(entry) &&
                entry.body.some((each) => isAnyCall(each) && this.mayWait(each.operands[0])),
        )
        for (const entry of found) {
            this.functions.add(entry)
            for (const name of methods.get(entry) ?? []) this.names.add(name)
            this.anyValue = this.anyValue || values.has(entry)
        }
        return found.length > 0
    }

    /** @param callee first operand of a call */
    mayWait(callee: Expression): boolean {
        const { opcode, value, operands } = callee
        if (opcode === Op.mathField || opcode === Op.objectField || opcode === Op.builtinObject) return false
        const key = opcode === Op.dsField ? `builtin ${value}` : fieldKey(callee)
        if (key !== undefined) return this.names.has(key)
        if (opcode === Op.new || opcode === Op.bind) return this.mayWait(operands[0])
        return opcode === Op.staticFunction ? this.functions.has(this.program.functions[value]) : this.anyValue
    }
}

function isAnyCall(each: Expression): boolean {
    return isCall(each) || each.opcode === Op.callArray
}

function methodNames(program: ImageProgram): Map<ImageFunction, string[]> {
    const names = new Map<ImageFunction, string[]>()
    for (const { body } of program.functions)
        for (const each of body) {
            if (!isMethodStore(each)) continue
            const entry = program.functions[each.operands[2].value]
            names.set(entry, [...(names.get(entry) ?? []), nameKey(each.operands[1]) ?? ""])
        }
    return names
}

/** Functions that are passed around and called by whoever has them; those that only start fibers are not. */
function calledValues(program: ImageProgram): Set<ImageFunction> {
    const found = new Set<ImageFunction>()
    const isFunction = ({ opcode }: Expression): boolean => opcode === Op.staticFunction || opcode === Op.makeClosure
    for (const { body } of program.functions)
        for (const each of body) {
            if (isMethodStore(each)) continue
            walk(each, (above) => {
                above.operands.forEach((operand, place) => {
                    const called = place === 0 && (isCall(above) || above.opcode === Op.new)
                    const started = above.opcode === Op.builtinField && above.value === START
                    if (isFunction(operand) && !called && !started) found.add(program.functions[operand.value])
                })
            })
        }
    return found
}
