/**
 * What a terminal would act on, or what changes how the text around it reads: control characters, line and paragraph
 * separators, invisible and directional format characters, and what is no character at all.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** Longest line printed, characters. */
const MAX_LINE = 2000

/**
 * Text from elsewhere as one line that cannot pass for another one: what is not printable is escaped, as \n, \x1b or \u{202e},
 * and a line of more than 2000 characters is cut, which it says.
 */
export function printable(text: string): string {
    const cut =
        text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}… (${text.length - MAX_LINE} characters more)` : text
    return cut.replace(UNPRINTABLE, escaped)
}

function escaped(character: string): string {
    const code = character.codePointAt(0) ?? 0
    if (code === 10) return "\\n"
    if (code === 13) return "\\r"
    if (code === 9) return "\\t"
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`
}

/** Longest word printed as it is, characters. */
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
