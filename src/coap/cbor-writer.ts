import { type Writer } from "../dtls/bytes/writer.js"
import { invalidArgument } from "../gio/errors.js"

/*
 * A writer for the part of CBOR (RFC 8949) that SenML needs. In SenML a number has no type: writeCborNumber writes whole numbers below 2^32
 * as integers, and all others as binary64. LwM2M has separate types for integers and floating-point numbers, and writers for each.
 * Separate from the reader, because sensors need only the writer.
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

/** Writes the head of an item. @param value below 2^32 */
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

/** Writes a number. Throws INVALID_ARGUMENT (argument "value") for NaN and the infinities, which are not measurements. */
export function writeCborNumber(writer: Writer, value: number): void {
    // value - value is 0 for finite numbers, and NaN for all others.
    if (value - value !== 0) throw invalidArgument("value", "must be finite")
    const whole = Math.floor(value) === value && Math.abs(value) < TWO_32
    if (whole && value >= 0) writeHead(writer, Major.unsigned, value)
    else if (whole) writeHead(writer, Major.negative, -1 - value)
    else {
        writer.uint(0xfb, 1)
        writeFloat64(writer, value)
    }
}

/** Writes an integer. @param value whole; exact up to 2^53 */
export function writeCborInteger(writer: Writer, value: number): void {
    const isNegative = value < 0
    const argument = isNegative ? -1 - value : value
    if (argument < TWO_32) {
        writeHead(writer, isNegative ? Major.negative : Major.unsigned, argument)
        return
    }
    const high = Math.floor(argument / TWO_32)
    writer.uint(isNegative ? 0x3b : 0x1b, 1)
    writer.uint(high, 4)
    writer.uint(argument - high * TWO_32, 4)
}

/**
 * Writes a floating-point number, even if it is whole, in the shortest of binary16, binary32 and binary64 that represents it exactly: the
 * preferred serialization of RFC 8949 §4.1. -0 is written as 0. @param value finite
 */
export function writeCborFloat(writer: Writer, value: number): void {
    const half = shortFloat(value, 15, 10)
    const single = half < 0 ? shortFloat(value, 127, 23) : -1
    writer.uint(half >= 0 ? 0xf9 : single >= 0 ? 0xfa : 0xfb, 1)
    if (half >= 0) writer.uint(half, 2)
    else if (single >= 0) writer.uint(single, 4)
    else writeFloat64(writer, value)
}

/** Encodes a number in a format of at most 32 bits. Returns -1 if the format does not represent it exactly. @param value finite */
function shortFloat(value: number, bias: number, fractionBits: number): number {
    const size = Math.abs(value)
    const one = Math.pow(2, fractionBits)
    const exponent = exponentOf(size, bias)
    // The leading 1 is added to the exponent, as in writeFloat64.
    const scaled = (size / Math.pow(2, exponent + 1 - bias)) * one
    if (exponent >= 2 * bias || Math.floor(scaled) !== scaled) return -1
    return ((value < 0 ? 2 * bias + 2 : 0) + exponent) * one + scaled
}

/**
 * Returns one less than the exponent field of a number: the leading 1 of the significand is added to the field, and makes up for it.
 * Subnormal numbers have no leading 1.
 * @param size finite, not negative
 */
function exponentOf(size: number, bias: number): number {
    let significand = size
    let exponent = bias - 1
    while (significand >= 2) {
        significand = significand / 2
        exponent++
    }
    while (significand < 1 && exponent > 0) {
        significand = significand * 2
        exponent--
    }
    return exponent
}

/**
 * Writes IEEE 754 binary64 in big-endian order. Computed by arithmetic, because the Buffers of Node and of the device have no common method
 * for it. @param value finite
 */
export function writeFloat64(writer: Writer, value: number): void {
    const size = Math.abs(value)
    const exponent = exponentOf(size, 1023)
    // The first word contains the sign, the exponent and 20 bits of the fraction, the second word the other 32 bits.
    const scaled = (size / Math.pow(2, exponent - 1022)) * 1048576
    const high = Math.floor(scaled)
    writer.uint((value < 0 ? exponent + 2048 : exponent) * 1048576 + high, 4)
    writer.uint(Math.floor((scaled - high) * TWO_32), 4)
}
