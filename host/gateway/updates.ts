import { ContentFormat } from "../../src/coap/code-points.js"
import { UsageError } from "../credentials.js"
import { openUpdate, type UpdateDescription } from "../update/update-file.js"
import { type Resources } from "./resources.js"

/** A program that devices can download. */
export type OfferedUpdate = UpdateDescription & { file: Buffer }

/**
 * Reads updates written by `mote build --update`, one for each product and board.
 * @param what the option or setting that names the files. Throws UsageError.
 */
export function readUpdates(paths: string[], what: string): OfferedUpdate[] {
    const updates = new Map<string, OfferedUpdate>()
    for (const path of paths) {
        const update = openUpdate(path, what)
        if (updates.has(update.target)) throw new UsageError(`${what}: ${path} is a second one for ${update.target}`)
        updates.set(update.target, update)
    }
    return [...updates.values()]
}

/** The updates that a gateway offers at update/PRODUCT/BOARD (docs/update.md). */
export class OfferedUpdates {
    private targets: string[] = []

    constructor(private resources: Resources) {}

    /** Replaces the updates on offer. @returns those that are new */
    replace(updates: OfferedUpdate[]): OfferedUpdate[] {
        const targets = updates.map(({ target }) => target)
        for (const target of this.targets) if (!targets.includes(target)) this.resources.withdraw(segmentsOf(target))
        this.targets = targets
        return updates.filter(({ target, file }) =>
            this.resources.provide(segmentsOf(target), ContentFormat.OCTET_STREAM, file),
        )
    }
}

const segmentsOf = (target: string): string[] => ["update", ...target.split("/")]
