import { isCall } from "../ir/expressions.js"
import { fieldKey, nameKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageProgram, walk } from "../ir/program.js"

/** How the program uses names of fields. */
export class FieldUses {
    /** names that are values, too: a field of this name may be reached by a computed key */
    readonly texts = new Set<string>()
    /** names that are looked up for anything but a call */
    private readonly open = new Set<string>()

    constructor(program: ImageProgram) {
        for (const { body } of program.functions) for (const each of body) walk(each, (above) => this.addUses(above))
    }

    private addUses(above: Expression): void {
        above.operands.forEach((operand, place) => {
            const name = nameKey(operand)
            if (name !== undefined && !(above.opcode === Op.indexSet && place === 1)) this.texts.add(name)
            const looked = fieldKey(operand)
            if (looked !== undefined && !(place === 0 && isCall(above))) this.open.add(looked)
        })
    }

    /** Whether what is stored under a name may be reached in other ways than by a call of the field. */
    isOpen(name: string): boolean {
        return this.open.has(name) || this.texts.has(name)
    }
}
