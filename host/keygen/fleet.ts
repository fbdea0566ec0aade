import { readFileSync } from "node:fs"
import { isIP } from "node:net"
import { UsageError } from "../credentials.js"

/** One device, or whatever else has keys. */
export interface Member {
    /** common name, psk_identity, and beginning of the files' names */
    name: string
    /** host names and IP addresses for its certificate */
    names: string[]
}

/** @param where what to blame: an option, or file and line */
export function memberOf(name: string, names: string[], where: string): Member {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
        throw new UsageError(
            `${where}: a name has 1 to 64 letters, digits, dots, hyphens or underscores; files are called by it`,
        )
    const wrong = names.find((entry) => isIP(entry) === 0 && !/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(entry))
    if (wrong !== undefined || names.some((entry) => entry.length > 253))
        throw new UsageError(`${where}: host names, such as sensor1.example, or IP addresses`)
    return { name, names }
}

/**
 * Lines of CSV: a name, then perhaps host names and IP addresses with spaces between them. A first line `name,...` is a
 * heading; further columns are not read. No quotes.
 */
export function readFleet(path: string): Member[] {
    const members = textOf(path)
        .split(/\r?\n/)
        .map((line, index) => ({
            cells: line.split(",").map((cell) => cell.trim()),
            where: `${path}, line ${index + 1}`,
        }))
        .filter(({ cells }, index) => cells.join("") !== "" && !(index === 0 && cells[0].toLowerCase() === "name"))
        .map(({ cells: [name, names = ""], where }) => memberOf(name, names.split(/\s+/).filter(Boolean), where))
    if (members.length === 0) throw new UsageError(`--fleet: ${path} has no line with a name`)
    return members
}

function textOf(path: string): string {
    try {
        return readFileSync(path, "utf8")
    } catch (error) {
        throw new UsageError(`--fleet: cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}

/** Throws when two have the same name: one's files would be the other's. */
export function checkDistinct(members: Member[]): void {
    const seen = new Set<string>()
    for (const { name } of members) {
        // Some file systems do not tell capitals apart.
        if (seen.has(name.toLowerCase())) throw new UsageError(`${name} is there twice`)
        seen.add(name.toLowerCase())
    }
}
