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

const NO_1_3 = "DTLS 1.3 is not spoken; its rows come with it."
const NO_CERTIFICATES = "There are no certificates yet, only pre-shared keys."
const NO_RESUMPTION =
    "Sessions are not resumed: a ServerHello names none, and a session id that a client offers is ignored."
const NOT_SAVED = "Associations are not saved: after a restart there is a new handshake, with new keys and numbers."

/** What no test covers whole, and why. */
export const explained: Record<string, string> = {
    R22: NO_1_3,
    R23: NO_1_3,
    R24: NO_1_3,
    H06: NO_CERTIFICATES,
    H07: NO_CERTIFICATES,
    H08: NO_CERTIFICATES,
    H09: "Suite, version and compression are tested; groups and certificate types come with certificates.",
    H12: "No offered suite uses elliptic curves.",
    H18: NO_RESUMPTION,
    H19: NO_RESUMPTION,
    H21: NO_CERTIFICATES,
    H22: NO_CERTIFICATES,
    H23: NO_CERTIFICATES,
    H24: "A CertificateRequest of any kind is refused as a message out of place, which is tested; answering one comes with certificates.",
    H28: "tls-unique and tls-exporter are tested; there is no resumption, and tls-server-end-point needs a certificate.",
    P01: NOT_SAVED,
    P02: NOT_SAVED,
    P03: NOT_SAVED,
    P04: NOT_SAVED,
    P09: "Without certificates nothing asks an accept-certificate handler; a PSK source that throws, answers late or after the end is tested.",
    ...Object.fromEntries(
        allRows()
            .filter((id) => id.startsWith("V"))
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
