import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"

/** RecordNumber (RFC 9147 §4): names one record of the peer's. */
export interface RecordNumber {
    epoch: number
    sequence: number
}

/** Bytes of a RecordNumber: two integers of 8. */
const NUMBER_LENGTH = 16

/** How many numbers an ACK of `room` bytes names; at least one, as without them it says nothing. */
export function numbersIn(room: number): number {
    return Math.max(1, Math.floor((room - 2) / NUMBER_LENGTH))
}

/** An ACK message (RFC 9147 §7). */
export function writeAcknowledgement(numbers: RecordNumber[]): Buffer {
    const writer = new Writer(2 + NUMBER_LENGTH * numbers.length)
    writer.uint(NUMBER_LENGTH * numbers.length, 2)
    for (const number of numbers) {
        // Two integers of 8 bytes, of which 6 are ever used.
        writer.uint(0, 2)
        writer.uint(number.epoch, 6)
        writer.uint(0, 2)
        writer.uint(number.sequence, 6)
    }
    return writer.finish()
}

/**
 * The numbers that an ACK names, the first `most` of them; undefined when it is malformed. Numbers that no record of ours
 * can have, with an epoch or a sequence number of more than 48 bits, are left out.
 */
export function readAcknowledgement(message: Buffer, most: number): RecordNumber[] | undefined {
    const reader = new Reader(message, 0, message.length)
    const list = reader.sub(2)
    if (!reader.done() || (list.remaining() & (NUMBER_LENGTH - 1)) !== 0) return undefined
    const numbers: RecordNumber[] = []
    while (list.remaining() > 0 && numbers.length < most) {
        const high = list.uint(2)
        const epoch = list.uint(6)
        const top = list.uint(2)
        const sequence = list.uint(6)
        if (high + top === 0) numbers.push({ epoch, sequence })
    }
    return numbers
}
