import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"

/** ConnectionIdUsage (RFC 9147 §9). */
export const CID_IMMEDIATE = 0
export const CID_SPARE = 1

/** NewConnectionId (RFC 9147 §9): ids for the receiver's records, immediately or as spares. */
export interface NewConnectionId {
    /** 1 to 255 bytes each */
    ids: Buffer[]
    /** ConnectionIdUsage */
    usage: number
}

export function writeNewConnectionId(message: NewConnectionId): Buffer {
    const writer = new Writer(64)
    const list = writer.open(2)
    for (const id of message.ids) writer.vector(id, 1)
    writer.close(list, 2)
    writer.uint(message.usage, 1)
    return writer.finish()
}

/**
 * Undefined if malformed. Empty ids, which a peer has no reason to give, are dropped.
 * @param most limit on ids; the rest of a longer list is dropped
 */
export function readNewConnectionId(body: Buffer, most: number): NewConnectionId | undefined {
    const reader = new Reader(body, 0, body.length)
    const list = reader.sub(2)
    const usage = reader.uint(1)
    const ids: Buffer[] = []
    while (list.remaining() > 0 && !list.failed) {
        const id = list.vector(1)
        if (id.length > 0 && ids.length < most) ids.push(id)
    }
    return list.done() && reader.done() ? { ids, usage } : undefined
}
