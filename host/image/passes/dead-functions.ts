import type { ProgramFacts } from "../analyses/program-facts.js"
import { nameKey } from "../ir/names.js"
import type { ImageProgram } from "../ir/program.js"
import { keepFunctions } from "../ir/references.js"

/*
 * Dead-function elimination: functions that cannot be reached from the first one go, methods with their stores on prototypes.
 *
 * Precondition: prototypes do not change at run time where methods go; ClassModel knows.
 * Changes: the function table and every reference into it; stores in the setup.
 * Sound because functions are reached by reference only, and a method by a look-up of its name, or by its name as text.
 */

export function eliminateDeadFunctions(program: ImageProgram, facts: ProgramFacts): void {
    const { classes } = facts
    const { setup } = program
    if (setup !== null) {
        const before = setup.body
        setup.body = before.filter(
            (each) => !classes.isMethodStore(each) || !classes.isUnused(nameKey(each.operands[1]) ?? ""),
        )
        if (setup.body.length < before.length) facts.forget(setup)
    }
    const reached = new Set([program.functions[0]])
    for (const entry of reached) {
        const { functions, closures } = facts.of(entry)
        for (const next of [...functions.keys(), ...closures.keys()]) reached.add(next)
    }
    if (reached.size === program.functions.length) return
    keepFunctions(
        program,
        program.functions.flatMap((entry, i) => (reached.has(entry) ? [i] : [])),
    )
}
