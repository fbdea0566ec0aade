import { isMethodStore, MethodTable } from "../analyses/method-table.js"
import { nameKey } from "../ir/names.js"
import { type ImageProgram, walkProgram } from "../ir/program.js"
import { keepFunctions, REFERRING } from "../ir/references.js"

/*
 * Dead-function elimination: functions that cannot be reached from the first one go, methods with their stores on prototypes.
 *
 * Precondition: prototypes do not change at run time where methods go; MethodTable knows.
 * Changes: the function table and every reference into it; stores in the setup.
 * Sound because functions are reached by reference only, and a method by a look-up of its name, or by its name as text.
 */

export function eliminateDeadFunctions(program: ImageProgram): void {
    const methods = new MethodTable(program)
    const { setup } = program
    if (setup !== null)
        setup.body = setup.body.filter(
            (each) => !isMethodStore(each) || !methods.isUnused(nameKey(each.operands[1]) ?? ""),
        )
    const reached = new Set([0])
    for (const index of reached) {
        const { body } = program.functions[index]
        walkProgram({ ...program, functions: [{ ...program.functions[index], body }] }, ({ opcode, value }) => {
            if (REFERRING.function.includes(opcode)) reached.add(value)
        })
    }
    keepFunctions(
        program,
        program.functions.map((_, i) => i).filter((i) => reached.has(i)),
    )
}
