import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"

/** KeyShareEntry (RFC 8446 §4.2.8). */
export interface KeyShare {
    /** NamedGroup */
    group: number
    /** the public key, 1 to 65535 bytes */
    share: Buffer
}

/** A client's shares, at most one for each group; may be empty. Undefined if malformed. */
export function readClientShares(data: Buffer): KeyShare[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const list = reader.sub(2)
    const shares: KeyShare[] = []
    while (list.remaining() > 0 && !list.failed) {
        const entry = readEntry(list)
        if (entry.share.length === 0 || shareOf(shares, entry.group) !== undefined) return undefined
        shares.push(entry)
    }
    return list.done() && reader.done() ? shares : undefined
}

/** The share for a group; undefined: there is none. */
export function shareOf(shares: KeyShare[], group: number): Buffer | undefined {
    for (const entry of shares) {
        if (entry.group === group) return entry.share
    }
    return undefined
}

/** A client's shares, preferred first. */
export function writeClientShares(entries: KeyShare[]): Buffer {
    const writer = new Writer(128)
    const list = writer.open(2)
    for (const entry of entries) writeEntry(writer, entry)
    writer.close(list, 2)
    return writer.finish()
}

/** A server's share; undefined if malformed. */
export function readServerShare(data: Buffer): KeyShare | undefined {
    const reader = new Reader(data, 0, data.length)
    const entry = readEntry(reader)
    return reader.done() && entry.share.length > 0 ? entry : undefined
}

export function writeServerShare(entry: KeyShare): Buffer {
    const writer = new Writer(4 + entry.share.length)
    writeEntry(writer, entry)
    return writer.finish()
}

function readEntry(reader: Reader): KeyShare {
    const group = reader.uint(2)
    return { group, share: reader.vector(2) }
}

function writeEntry(writer: Writer, entry: KeyShare): void {
    writer.uint(entry.group, 2)
    writer.vector(entry.share, 2)
}
