import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"

/** RecordNumber (RFC 9147 §4): identifies one record of the peer's. */
export interface RecordNumber {
    epoch: number
    sequence: number
}

/** Length of a RecordNumber: two integers of 8 bytes. */
const NUMBER_LENGTH = 16

/** How many numbers fit into an ACK of `room` bytes; at least one, because an empty ACK says nothing. */
export function numbersIn(room: number): number {
    return Math.max(1, Math.floor((room - 2) / NUMBER_LENGTH))
}

/** An ACK message (RFC 9147 §7). */
export function writeAcknowledgement(numbers: RecordNumber[]): Buffer {
    const writer = new Writer(2 + NUMBER_LENGTH * numbers.length)
    writer.uint(NUMBER_LENGTH * numbers.length, 2)
    for (const number of numbers) {
        // Two integers of 8 bytes, of which only 6 are ever used.
        writer.uint(0, 2)
        writer.uint(number.epoch, 6)
        writer.uint(0, 2)
        writer.uint(number.sequence, 6)
    }
    return writer.finish()
}

/**
 * The record numbers in an ACK, at most `most`; undefined if it is malformed. Numbers with an epoch or sequence number
 * of more than 48 bits, which no record of ours has, are omitted.
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
