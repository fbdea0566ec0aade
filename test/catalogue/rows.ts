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

/** What no test covers whole, though it is about DTLS 1.2 with pre-shared keys, and why. */
export const explained: Record<string, string> = {
    R09: "There is one change of epoch: renegotiation is refused (RFC 7925 §17), so no epoch comes near its end; that is tested.",
    R14: "The limits of 2^14 bytes are tested; max_fragment_length and record_size_limit are not implemented yet.",
    F15: "Every pair is dropped, and 1,000 seeds run instead of 10,000: the whole suite of the engine has to end in a minute.",
    H10: "Tested for every extension that is implemented; an extension in a wrong message exists in 1.3 only.",
    H20: "1,000 handshakes in a row instead of 10,000: the whole suite of the engine has to end in a minute.",
    D07: "Several cookies, version 1.0, cookies without end and late ones are tested, each in a test of its own; 1.3 has none of it.",
    P09: "Without certificates nothing asks an accept-certificate handler; handlers that exist are guarded, which is tested.",
    P10: "Reasons, alerts and places are tested for the failures of pre-shared keys, not for the rows on certificates and 1.3.",
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
