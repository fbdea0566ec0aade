import { isCall } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { FunctionFlag, type ImageProgram } from "../ir/program.js"

/* Arguments that make no difference. */

/** Leaves out undefined at the end of calls of known functions: a parameter without an argument is undefined. */
export function dropUndefinedArguments(program: ImageProgram): void {
    for (const { body } of program.functions)
        for (const each of body) {
            if (!isCall(each)) continue
            const [callee] = each.operands
            const named = callee.opcode === Op.new ? callee.operands[0] : callee
            if (named.opcode !== Op.staticFunction) continue
            // Rest parameters count them.
            if ((program.functions[named.value].flags & FunctionFlag.restArgument) !== 0) continue
            while (each.operands.length > 1 && each.operands.at(-1)?.opcode === Op.undefined) {
                each.operands.pop()
                each.opcode--
            }
        }
}
