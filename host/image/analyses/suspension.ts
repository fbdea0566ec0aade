import { natives, suspendingBuiltins } from "../../abi/abi.js"
import { isCall } from "../ir/expressions.js"
import { builtinKey, fieldKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, ImageProgram, Statement } from "../ir/program.js"
import type { ClassModel } from "./class-model.js"
import { TypeInference } from "./type-inference.js"
import { ANY, functionsOf, Kind, kindsOf, type Type } from "./types.js"

/*
 * Which calls may suspend the fiber, for a time or until another fiber resumes it: a backward closure over the call
 * graph, whose edges come from the types of callees. A callback of unknown origin counts as not suspending, so the
 * result guides passes that save memory and is no basis for soundness.
 */

const hostNatives: Record<string, { suspends: boolean } | undefined> = natives

/** A call, with what it may run. */
interface Edge {
    call: Statement
    /** whether it calls a native or a function of the machine that suspends */
    suspends: boolean
    functions: number[]
}

/**
 * All calls during which the fiber may be suspended.
 * @param program in which every variable has a slot of its own: types are known by slot
 */
export function suspendingCalls(program: ImageProgram, classes: ClassModel): Set<Statement> {
    const graph = new CallGraph(program, classes)
    const edges = program.functions.map((entry) => entry.body.flatMap((each) => graph.edge(entry, each) ?? []))
    const suspending = new Set<number>()
    const maySuspend = ({ suspends, functions }: Edge): boolean =>
        suspends || functions.some((index) => suspending.has(index))
    for (let size = -1; size < suspending.size;) {
        size = suspending.size
        edges.forEach((calls, index) => {
            if (calls.some(maySuspend)) suspending.add(index)
        })
    }
    return new Set(edges.flatMap((calls) => calls.filter(maySuspend).map(({ call }) => call)))
}

class CallGraph {
    private readonly types: TypeInference
    private readonly suspending = new Set(suspendingBuiltins.map(builtinKey))

    constructor(
        program: ImageProgram,
        private readonly classes: ClassModel,
    ) {
        this.types = new TypeInference(program, classes)
        program.ascii.forEach((text, i) => {
            if (hostNatives[text.toString()]?.suspends === true) this.suspending.add(`ascii ${i}`)
        })
    }

    /** What a statement calls; undefined when it is not a call. */
    edge(entry: ImageFunction, call: Statement): Edge | undefined {
        if (!isCall(call) && call.opcode !== Op.callArray) return undefined
        const [first] = call.operands
        const callee = first.opcode === Op.new || first.opcode === Op.bind ? first.operands[0] : first
        const field = callee.opcode === Op.dsField ? `builtin ${callee.value}` : fieldKey(callee)
        if (field === undefined)
            return { call, suspends: false, functions: functionsOf(this.typeOf(entry, call, callee)) }
        if (callee.opcode === Op.dsField) return { call, suspends: this.suspending.has(field), functions: [] }
        const object = this.typeOf(entry, call, callee.operands[0])
        const isOwn = kindsOf(object).some((kind) => kind !== Kind.constant && this.types.mayBeOwn(kind, field))
        const stored = isOwn ? functionsOf(this.types.storedAs(field)) : []
        const functions = [...this.classes.methodsOf(object, field), ...stored]
        return { call, suspends: this.suspending.has(field), functions }
    }

    private typeOf(entry: ImageFunction, call: Statement, value: Expression): Type {
        return this.types.isKnown || value.opcode === Op.staticFunction ? this.types.typeOf(entry, call, value) : ANY
    }
}
