import { isCall } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { FunctionFlag, type ImageProgram } from "../ir/program.js"

/*
 * Argument elimination: trailing arguments that are the literal undefined are dropped from calls of known functions.
 *
 * Precondition: none.
 * Changes: operands and opcodes of calls.
 * Sound because a parameter without an argument is undefined. Functions with a rest parameter count their arguments and are
 * left alone.
 */

export function dropUndefinedArguments(program: ImageProgram): void {
    for (const { body } of program.functions)
        for (const each of body) {
            if (!isCall(each)) continue
            const [callee] = each.operands
            const named = callee.opcode === Op.new ? callee.operands[0] : callee
            if (named.opcode !== Op.staticFunction) continue
            // A rest parameter counts them.
            if ((program.functions[named.value].flags & FunctionFlag.restArgument) !== 0) continue
            while (each.operands.length > 1 && each.operands.at(-1)?.opcode === Op.undefined) {
                each.operands.pop()
                each.opcode--
            }
        }
}
