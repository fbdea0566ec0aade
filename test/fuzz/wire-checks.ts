import { Reader } from "../../src/dtls/bytes/reader.js"
import { AlertLevel, ContentType } from "../../src/dtls/wire/code-points.js"
import { readRecordHeader } from "../../src/dtls/wire/record-header.js"
import { promise } from "./target.js"

/** Length of the explicit nonce before the plaintext of a protected record (TLS_PSK_WITH_AES_128_CCM_8), bytes. */
const EXPLICIT_NONCE = 8

/**
 * Number of fatal alerts in a datagram of ours. @param readable counts protected records, too, because cryptography is
 * the stand-in
 */
export function fatalAlerts(datagram: Buffer, readable: boolean): number {
    const reader = new Reader(datagram, 0, datagram.length)
    let count = 0
    while (reader.remaining() > 0) {
        const header = readRecordHeader(reader)
        promise(header !== undefined && header.length <= reader.remaining(), "a datagram of ours is whole records")
        if (header === undefined) return count
        const at = reader.at + (header.epoch > 0 ? EXPLICIT_NONCE : 0)
        const open = header.epoch === 0 || readable
        if (open && header.type === ContentType.alert && datagram[at] === AlertLevel.fatal) count++
        reader.at += header.length
    }
    return count
}
