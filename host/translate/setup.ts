import { Op } from "../image/ir/operations.js"
import type { ImageFunction, ImageProgram } from "../image/ir/program.js"

/** The function that stores methods on prototypes, which the first statement calls; in optimized images at any index. */
export function setupOf({ functions }: ImageProgram): ImageFunction | undefined {
    const [first] = functions[0].body
    if (first.opcode !== Op.call0 || first.operands[0].opcode !== Op.staticFunction) return undefined
    const setup = functions[first.operands[0].value]
    return setup.body.some(({ target }) => target !== null) ? undefined : setup
}
