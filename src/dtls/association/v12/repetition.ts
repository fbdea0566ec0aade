import { copyOf, equal } from "../../bytes/bytes.js"
import { type HandshakeMessage } from "../../flight/inbox.js"
import { HandshakeType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader } from "../../wire/handshake-header.js"
import { type OpenedRecord } from "../../record/record-layer.js"

/* Messages that were processed before, and what their repetition proves. */

/** Where the random begins and ends in the ServerHello's body (RFC 5246 §7.4.1.3). */
const RANDOM_BEGINS = 2
const RANDOM_ENDS = 34

/** Header and body of an unfragmented message whose body begins at `at`. */
export function wholeOf(header: HandshakeHeader, record: OpenedRecord, at: number): Buffer {
    return copyOf(record.plaintext, at - HANDSHAKE_HEADER_LENGTH, at + header.length)
}

/** Only the same Finished under the same keys is a retransmission (H05). */
export function repeatsFinished(
    last: HandshakeMessage | undefined,
    header: HandshakeHeader,
    record: OpenedRecord,
    at: number,
): boolean {
    if (last === undefined || record.epoch !== last.epoch || header.type !== last.type) return false
    return header.fragmentOffset === 0 && equal(wholeOf(header, record, at), last.bytes)
}

/**
 * Whether this is this handshake's ServerHello: its random proves that the sender has seen it. A message without
 * secrets, such as ServerHelloDone, can be repeated by anyone.
 */
export function repeatsServerHello(
    serverRandom: Buffer,
    header: HandshakeHeader,
    record: OpenedRecord,
    at: number,
): boolean {
    const { type, fragmentOffset, fragmentLength } = header
    if (type !== HandshakeType.serverHello || fragmentOffset > 0 || fragmentLength < RANDOM_ENDS) return false
    return equal(copyOf(record.plaintext, at + RANDOM_BEGINS, at + RANDOM_ENDS), serverRandom)
}
