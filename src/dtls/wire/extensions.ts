import { type Reader } from "../bytes/reader.js"
import { type Writer } from "../bytes/writer.js"

/** One hello extension: its code point and its extension_data (RFC 5246 §7.4.1.4). */
export interface Extension {
    type: number
    data: Buffer
}

/** More than any hello has today. Look-up is quadratic, and each extension takes memory before anything is verified. */
const MAX_EXTENSIONS = 32

/**
 * Reads the optional extensions block at the end of a hello. Undefined if malformed, with a duplicate type, or more
 * than 32.
 */
export function readExtensions(reader: Reader): Extension[] | undefined {
    const list: Extension[] = []
    if (reader.remaining() === 0) return list
    const block = reader.sub(2)
    while (block.remaining() > 0 && !block.failed) {
        const type = block.uint(2)
        const data = block.vector(2)
        if (list.length === MAX_EXTENSIONS || findExtension(list, type) !== undefined) return undefined
        list.push({ type, data })
    }
    return block.failed || !reader.done() ? undefined : list
}

/** Writes nothing for an empty list, because some old peers fail on an empty block. */
export function writeExtensions(writer: Writer, list: Extension[]): void {
    if (list.length === 0) return
    const opened = writer.open(2)
    for (const extension of list) {
        writer.uint(extension.type, 2)
        writer.vector(extension.data, 2)
    }
    writer.close(opened, 2)
}

export function findExtension(list: Extension[], type: number): Buffer | undefined {
    for (const extension of list) {
        if (extension.type === type) return extension.data
    }
    return undefined
}

/** Sorted by type, so that lists in different order can be compared. */
export function byType(list: Extension[]): Extension[] {
    return list.slice(0, list.length).sort((one, other) => one.type - other.type)
}
