import { type Cell, type Feature } from "./cell.js"
import { coapCells } from "./coap-cells.js"
import { gioCells } from "./gio-cells.js"
import { endpointCells } from "./endpoint-cells.js"
import { leshanCells } from "./leshan-cells.js"
import { libraryCells } from "./library-cells.js"
import { isInstalled } from "./process.js"
import { tlsCells } from "./tls-cells.js"
import { v13Cells } from "./v13-cells.js"

/** All cells, in the order of the table. */
export function matrix(): Cell[] {
    return [
        ...tlsCells(),
        ...libraryCells(),
        ...gioCells(),
        ...v13Cells(),
        ...coapCells(),
        ...endpointCells(),
        ...leshanCells(),
    ]
}

/** The peers by feature, in their roles in cells that are expected to be "ok". */
export function coverage(cells: Cell[]): Partial<Record<Feature, Record<Cell["role"], string[]>>> {
    const found: ReturnType<typeof coverage> = {}
    for (const { peer, role, features } of cells.filter(({ expected }) => expected === "ok"))
        for (const feature of features) {
            const peers = (found[feature] ??= { server: [], client: [] })[role]
            if (!peers.includes(peer)) peers.push(peer)
        }
    return found
}

/** Programs of a cell that are missing. */
export function missingFor(cell: Cell): string[] {
    return cell.needs.filter((program) => !isInstalled(program))
}

/** Runs a cell. @returns "ok" or the reason for failure, in one line */
export async function runCell(cell: Cell): Promise<string> {
    const missing = missingFor(cell)
    if (missing.length > 0) return `skipped: ${missing.join(", ")} not installed`
    try {
        return await cell.run()
    } catch (error) {
        return error instanceof Error ? error.message : "unknown error"
    }
}
