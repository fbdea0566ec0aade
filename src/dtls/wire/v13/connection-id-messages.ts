import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"

/** ConnectionIdUsage (RFC 9147 §9). */
export const CID_IMMEDIATE = 0
export const CID_SPARE = 1

/** NewConnectionId (RFC 9147 §9): ids that the receiver's records are to carry, now or later. */
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
 * Undefined when malformed. Empty ids, which the peer need not have given, are not kept.
 * @param most ids that are read: a longer list is not kept
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
