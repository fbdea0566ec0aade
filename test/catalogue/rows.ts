/*
 * Rows of the catalogue of known failures. This version sets out to cover what they ask for of DTLS 1.2 with pre-shared
 * keys: a test that does names its row, "[R06]". One that does less says so, "[R06 part]".
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

const NO_1_3 = "DTLS 1.3 is spoken in part (docs/dtls13.md); this row comes with the rest of it."

/** Rows of DTLS 1.3 that tests cover. */
const COVERED_1_3 = "V03 V04 V05 V06 V07 V08 V09 V10 V11 V12 V14 V15 V16 V17 V18 V19 V20 V23 V24 V25 V26 V30".split(" ")

/** What no test covers whole, and why. */
export const explained: Record<string, string> = {
    H28: "The three bindings are tested, and tls-unique after a resumption, which always has extended master secret; what DTLS 1.3 should refuse is not.",
    ...Object.fromEntries(
        allRows()
            .filter((id) => id.startsWith("V") && !COVERED_1_3.includes(id))
            .map((id) => [id, NO_1_3]),
    ),
}

export interface Coverage {
    covered: string[]
    /** the sentence that says why a row is not covered */
    explained: Record<string, string>
    partial: string[]
    missing: string[]
}

/** Rows that titles of tests name, whole or in part. */
export function namedRows(titles: string[]): { whole: Set<string>; part: Set<string> } {
    const whole = new Set<string>()
    const part = new Set<string>()
    for (const title of titles)
        for (const [, id, isPart] of title.matchAll(/\[([A-Z]\d\d)( part)?\]/g))
            (isPart === undefined ? whole : part).add(id)
    return { whole, part }
}

/** What the titles of passed tests cover. */
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
