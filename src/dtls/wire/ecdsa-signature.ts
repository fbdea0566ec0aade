import { blit, copyOf } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"

/*
 * Messages contain ECDSA-Sig-Value (RFC 3279 §2.2.3), a SEQUENCE of two INTEGERs; cryptography uses r and s
 * concatenated.
 */

const SEQUENCE = 0x30
const INTEGER = 0x02

/** @param pair r and s, of equal length, 1 to 60 bytes each */
export function writeEcdsaSignature(pair: Buffer): Buffer {
    const half = pair.length >> 1
    const writer = new Writer(pair.length + 8)
    writer.uint(SEQUENCE, 1)
    const opened = writer.open(1)
    writeInteger(writer, pair, 0, half)
    writeInteger(writer, pair, half, pair.length)
    writer.close(opened, 1)
    return writer.finish()
}

function writeInteger(writer: Writer, bytes: Buffer, start: number, end: number): void {
    let first = start
    while (first < end - 1 && bytes[first] === 0) first++
    writer.uint(INTEGER, 1)
    const opened = writer.open(1)
    // Without the leading zero the number would be negative.
    if (bytes[first] >= 128) writer.uint(0, 1)
    writer.range(bytes, first, end - first)
    writer.close(opened, 1)
}

/**
 * r and s, concatenated.
 * @param half length of each, bytes
 * @returns undefined if it is not DER, or a number is negative or longer
 */
export function readEcdsaSignature(signature: Buffer, half: number): Buffer | undefined {
    const reader = new Reader(signature, 0, signature.length)
    if (reader.uint(1) !== SEQUENCE) return undefined
    const sequence = reader.sub(1)
    const pair = Buffer.alloc(half + half)
    const whole = readInteger(sequence, pair, half) && readInteger(sequence, pair, half + half)
    return whole && sequence.done() && reader.done() ? pair : undefined
}

/** @param end where the number ends in `target`, which has room for half of its length */
function readInteger(reader: Reader, target: Buffer, end: number): boolean {
    if (reader.uint(1) !== INTEGER) return false
    let number = reader.vector(1)
    if (reader.failed || number.length === 0 || number[0] >= 128) return false
    if (number[0] === 0 && number.length > 1) {
        if (number[1] < 128) return false
        number = copyOf(number, 1, number.length)
    }
    if (number.length > target.length >> 1) return false
    blit(target, end - number.length, number, 0, number.length)
    return true
}
