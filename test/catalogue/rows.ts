/**
 * Rows of the catalogue of known failures that this version sets out to cover, for DTLS 1.2 with pre-shared keys.
 * "partial" rows ask for more than that (1.3, certificates, resumption, connection ids): their tests say "part".
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

export interface Coverage {
    covered: string[]
    partial: string[]
    missing: string[]
}

/** Which rows the titles of passed tests name: "[R06]" covers a row, "[R06 part]" a part of it. */
export function coverage(titles: string[]): Coverage {
    const whole = new Set<string>()
    const part = new Set<string>()
    for (const title of titles)
        for (const [, id, isPart] of title.matchAll(/\[([A-Z]\d\d)( part)?\]/g))
            (isPart === undefined ? whole : part).add(id)
    const rows = allRows()
    return {
        covered: rows.filter((id) => whole.has(id) && !part.has(id)),
        partial: rows.filter((id) => part.has(id)),
        missing: rows.filter((id) => !whole.has(id) && !part.has(id)),
    }
}
