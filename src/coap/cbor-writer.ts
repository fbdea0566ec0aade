import { type Writer } from "../dtls/bytes/writer.js"
import { invalidArgument } from "../gio/errors.js"

/*
 * The part of CBOR (RFC 8949) that SenML needs, written: whole numbers below 2^32 as integers, all others as binary64. Apart
 * from the reader, since sensors carry only this.
 */

/** Major types (RFC 8949 §3.1). */
export enum Major {
    unsigned = 0,
    negative = 1,
    bytes = 2,
    text = 3,
    array = 4,
    map = 5,
    tag = 6,
    simple = 7,
}

export const TWO_32 = 4294967296

/** @param value below 2^32 */
function writeHead(writer: Writer, major: Major, value: number): void {
    const top = major << 5
    if (value < 24) writer.uint(top | value, 1)
    else {
        const width = value < 256 ? 1 : value < 65536 ? 2 : 4
        writer.uint(top | (width === 4 ? 26 : 23 + width), 1)
        writer.uint(value, width)
    }
}

export function writeCborArray(writer: Writer, length: number): void {
    writeHead(writer, Major.array, length)
}

export function writeCborMap(writer: Writer, pairs: number): void {
    writeHead(writer, Major.map, pairs)
}

export function writeCborText(writer: Writer, text: string): void {
    const bytes = Buffer.from(text)
    writeHead(writer, Major.text, bytes.length)
    writer.bytes(bytes)
}

export function writeCborBytes(writer: Writer, bytes: Buffer): void {
    writeHead(writer, Major.bytes, bytes.length)
    writer.bytes(bytes)
}

export function writeCborBoolean(writer: Writer, value: boolean): void {
    writeHead(writer, Major.simple, value ? 21 : 20)
}

/** Throws INVALID_ARGUMENT (argument "value") for NaN and the infinities: they are no measurements. */
export function writeCborNumber(writer: Writer, value: number): void {
    // Only finite numbers leave nothing when they are taken from themselves.
    if (value - value !== 0) throw invalidArgument("value", "must be finite")
    const whole = Math.floor(value) === value && Math.abs(value) < TWO_32
    if (whole && value >= 0) writeHead(writer, Major.unsigned, value)
    else if (whole) writeHead(writer, Major.negative, -1 - value)
    else {
        writer.uint(0xfb, 1)
        writeFloat64(writer, value)
    }
}

/** IEEE 754 binary64, big-endian, by arithmetic: the two Buffers have no common method for it. @param value finite */
export function writeFloat64(writer: Writer, value: number): void {
    let significand = Math.abs(value)
    // One less than the exponent field: the leading 1 of the significand adds it again, and subnormal numbers have none.
    let exponent = 1022
    while (significand >= 2) {
        significand = significand / 2
        exponent++
    }
    while (significand < 1 && exponent > 0) {
        significand = significand * 2
        exponent--
    }
    // Sign, exponent and 20 bits of the fraction go into the first word, 32 into the second.
    const scaled = significand * 1048576
    const high = Math.floor(scaled)
    writer.uint((value < 0 ? exponent + 2048 : exponent) * 1048576 + high, 4)
    writer.uint(Math.floor((scaled - high) * TWO_32), 4)
}
