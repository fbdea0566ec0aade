import { copyOf, wipe } from "../dtls/bytes/bytes.js"

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
    /** the label, as in -----BEGIN label----- */
    label: string
    /** the decoded content; if it is a key, wipe it after use */
    data: Buffer
}

const BEGIN = "-----BEGIN "
const DASHES = "-----"

/** Reads all blocks of a text. Text between the blocks is ignored. @returns undefined if a block is malformed */
export function readPem(text: string): PemBlock[] | undefined {
    const blocks: PemBlock[] = []
    let at = text.indexOf(BEGIN)
    while (at >= 0) {
        const labelAt = at + BEGIN.length
        const labelEnd = text.indexOf(DASHES, labelAt)
        if (labelEnd < 0) return undefined
        const label = text.slice(labelAt, labelEnd)
        const start = labelEnd + DASHES.length
        const end = text.indexOf("-----END " + label + DASHES, start)
        const data = end < 0 ? undefined : decodeBase64(text.slice(start, end))
        if (data === undefined) return undefined
        blocks.push({ label, data })
        at = text.indexOf(BEGIN, end)
    }
    return blocks
}

/** Decodes base64 (RFC 4648 §4) and skips white space. Returns undefined if there is any other character. */
export function decodeBase64(text: string): Buffer | undefined {
    const room = Buffer.alloc(text.length)
    let length = 0
    let bits = 0
    let count = 0
    for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (code <= 32 || code === 61) continue
        const digit = base64Digit(code)
        if (digit < 0) return undefined
        bits = ((bits & 0xff) << 6) | digit
        count += 6
        if (count < 8) continue
        count -= 8
        room[length] = (bits >> count) & 255
        length++
    }
    const bytes = copyOf(room, 0, length)
    wipe(room)
    return bytes
}

function base64Digit(code: number): number {
    if (code >= 65 && code <= 90) return code - 65
    if (code >= 97 && code <= 122) return code - 71
    if (code >= 48 && code <= 57) return code + 4
    if (code === 43) return 62
    return code === 47 ? 63 : -1
}
