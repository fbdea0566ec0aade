import { type Cell } from "./cell.js"
import { coapCells } from "./coap-cells.js"
import { libraryCells } from "./library-cells.js"
import { isInstalled } from "./process.js"
import { tlsCells } from "./tls-cells.js"
import { v13Cells } from "./v13-cells.js"

/** All cells, in the order of the table. */
export function matrix(): Cell[] {
    return [...tlsCells(), ...libraryCells(), ...v13Cells(), ...coapCells()]
}

/** Programs of a cell that are not installed. */
export function missingFor(cell: Cell): string[] {
    return cell.needs.filter((program) => !isInstalled(program))
}

/** Runs a cell. @returns "ok" or the reason why not, in one line */
export async function runCell(cell: Cell): Promise<string> {
    const missing = missingFor(cell)
    if (missing.length > 0) return `skipped: ${missing.join(", ")} not installed`
    try {
        return await cell.run()
    } catch (error) {
        return error instanceof Error ? error.message : "unknown error"
    }
}
