/**
 * What a terminal would act on, or what changes how the text around it reads: control characters (C0, DEL, C1), line and
 * paragraph separators, invisible and directional format characters, and code points that are no character.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** Longest line printed, UTF-16 code units. */
const MAX_LINE = 2000

/**
 * Text from elsewhere as one line that cannot pass for another one: what is not printable is escaped, as \n, \x1b or
 * \u{202e}, and what goes beyond the limit is cut, which the line says.
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

/** JSON in one line with the same characters escaped, so that a terminal does not act on it either; its value is the same. */
export function printableJson(value: object): string {
    return JSON.stringify(value).replace(UNPRINTABLE, (character) =>
        character
            .split("")
            .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
            .join(""),
    )
}

/** Longest word printed as it is, UTF-16 code units. */
const MAX_WORD = 64

/**
 * A name or unit from elsewhere within a line: as it is when it is one plain word, otherwise in quotes and cut to
 * 64 characters, so that it cannot pass for other parts of its line.
 */
export function word(text: string): string {
    if (/^[\p{L}\p{N}%°_.:/+²³-]{1,64}$/u.test(text)) return text
    const cut = text.length > MAX_WORD ? `${text.slice(0, MAX_WORD)}…` : text
    return JSON.stringify(cut)
}
