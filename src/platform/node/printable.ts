/**
 * Characters that affect a terminal, or how the text around them reads: control characters (C0, DEL, C1), line and
 * paragraph separators, invisible and directional format characters, and code points that are not characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** Longest line printed, UTF-16 code units. */
const MAX_LINE = 2000

/**
 * Makes untrusted text safe to print as one line that cannot be mistaken for another: unprintable characters are
 * escaped, as \n, \x1b or \u{202e}, and text beyond the limit is cut off, which the line shows.
 * @param limit UTF-16 code units
 */
export function printable(text: string, limit = MAX_LINE): string {
    const cut = text.length > limit ? `${text.slice(0, limit)}… (${text.length - limit} characters more)` : text
    return cut.replace(UNPRINTABLE, escaped)
}

function escaped(character: string): string {
    const code = character.codePointAt(0) ?? 0
    if (code === 10) return "\\n"
    if (code === 13) return "\\r"
    if (code === 9) return "\\t"
    return code < 256 ? `\\x${hex(code, 2)}` : `\\u{${code.toString(16)}}`
}

function hex(code: number, digits: number): string {
    return code.toString(16).padStart(digits, "0")
}

/**
 * JSON in one line with the same characters escaped, so that they do not affect a terminal either; the value is
 * unchanged.
 */
export function printableJson(value: object): string {
    return JSON.stringify(value).replace(UNPRINTABLE, (character) =>
        character
            .split("")
            .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
            .join(""),
    )
}

/** Longest word printed without quotes, UTF-16 code units. */
const MAX_WORD = 64

/**
 * An untrusted name or unit within a line: unchanged if it is one plain word, otherwise in quotes and cut to 64
 * characters, so that it cannot be mistaken for another part of its line.
 */
export function word(text: string): string {
    if (/^[\p{L}\p{N}%°_.:/+²³-]{1,64}$/u.test(text)) return text
    const cut = text.length > MAX_WORD ? `${text.slice(0, MAX_WORD)}…` : text
    return JSON.stringify(cut)
}
