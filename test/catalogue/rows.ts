/*
 * Rows of the catalogue of known failures, in DTLS 1.2 and 1.3. The title of a test that covers a row names it,
 * "[R06]"; if it covers only a part, "[R06 part]".
 */
const ranges: [string, number, number][] = [
    ["R", 1, 26],
    ["F", 1, 25],
    ["H", 1, 28],
    ["D", 1, 14],
    ["C", 1, 13],
    ["V", 1, 30],
    ["P", 1, 10],
]

/** Every id of the catalogue. */
export function allRows(): string[] {
    return ranges.flatMap(([letter, first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => `${letter}${String(first + i).padStart(2, "0")}`),
    )
}

/** Rows that no test covers completely, and why. */
export const explained: Record<string, string> = {}

export interface Coverage {
    covered: string[]
    /** why rows are not covered, as sentences */
    explained: Record<string, string>
    partial: string[]
    missing: string[]
}

/** Rows named in test titles, completely or in part. */
export function namedRows(titles: string[]): { whole: Set<string>; part: Set<string> } {
    const whole = new Set<string>()
    const part = new Set<string>()
    for (const title of titles)
        for (const [, id, isPart] of title.matchAll(/\[([A-Z]\d\d)( part)?\]/g))
            (isPart === undefined ? whole : part).add(id)
    return { whole, part }
}

/** Coverage by the titles of passed tests. */
export function coverage(titles: string[]): Coverage {
    const { whole, part } = namedRows(titles)
    const open = allRows().filter((id) => !whole.has(id))
    const unexplained = open.filter((id) => explained[id] === undefined)
    return {
        covered: allRows().filter((id) => whole.has(id)),
        explained: Object.fromEntries(open.flatMap((id) => (explained[id] === undefined ? [] : [[id, explained[id]]]))),
        partial: unexplained.filter((id) => part.has(id)),
        missing: unexplained.filter((id) => !part.has(id)),
    }
}
