import { EMPTY } from "../dtls/bytes/bytes.js"
import { type Reader } from "../dtls/bytes/reader.js"
import { type Writer } from "../dtls/bytes/writer.js"

/** The part of CBOR (RFC 8949) that SenML needs. Numbers are exact: integers as such, all else as float64. */

/** Major types (RFC 8949 §3.1). */
enum Major {
    unsigned = 0,
    negative = 1,
    text = 3,
    array = 4,
    map = 5,
    simple = 7,
}

const TWO_32 = 4294967296

function writeHead(writer: Writer, major: Major, value: number): void {
    const top = major << 5
    if (value < 24) writer.uint(top | value, 1)
    else {
        const width = value < 256 ? 1 : value < 65536 ? 2 : value < TWO_32 ? 4 : 8
        writer.uint(top | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27), 1)
        if (width === 8) writer.uint(0, 2)
        writer.uint(value, width === 8 ? 6 : width)
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

/** @param value finite */
export function writeCborNumber(writer: Writer, value: number): void {
    const whole = Math.floor(value) === value && Math.abs(value) < 281474976710656
    if (whole && value >= 0) writeHead(writer, Major.unsigned, value)
    else if (whole) writeHead(writer, Major.negative, -1 - value)
    else {
        writer.uint(0xfb, 1)
        writeFloat64(writer, value)
    }
}

/** IEEE 754 binary64, big-endian, by arithmetic: the two Buffers have no common method for it. */
function writeFloat64(writer: Writer, value: number): void {
    const sign = value < 0 ? 1 : 0
    let significand = Math.abs(value)
    let exponent = 1023
    while (significand >= 2 && exponent < 2046) {
        significand = significand / 2
        exponent++
    }
    while (significand < 1 && exponent > 1) {
        significand = significand * 2
        exponent--
    }
    // 1.f: 20 bits of the fraction go into the first word, 32 into the second.
    const fraction = (significand - 1) * 1048576
    const high = Math.floor(fraction)
    writer.uint(sign * 128 + (exponent >> 4), 1)
    writer.uint((exponent & 15) * 1048576 + high, 3)
    writer.uint(Math.floor((fraction - high) * TWO_32), 4)
}

/** A decoded item; arrays and maps give their length (items, pairs) and their content follows. */
export interface CborItem {
    kind: "number" | "text" | "array" | "map" | "other"
    number: number
    text: string
}

/** Undefined when malformed or of a kind that SenML does not use (indefinite lengths, byte strings, tags). */
export function readCborItem(reader: Reader): CborItem | undefined {
    const first = reader.uint(1)
    if (reader.failed) return undefined
    const major = first >> 5
    const info = first & 31
    if (major === Major.simple) return readSimple(reader, info)
    const value = readArgument(reader, info)
    if (value < 0 || reader.failed) return undefined
    if (major === Major.unsigned) return item("number", value, "")
    if (major === Major.negative) return item("number", -1 - value, "")
    if (major === Major.text) return item("text", 0, textOf(reader, value))
    if (major === Major.array) return item("array", value, "")
    return major === Major.map ? item("map", value, "") : undefined
}

function item(kind: CborItem["kind"], number: number, text: string): CborItem {
    return { kind, number, text }
}

function textOf(reader: Reader, length: number): string {
    const bytes = length > reader.remaining() ? EMPTY : reader.bytes(length)
    if (length > 0 && bytes.length === 0) reader.failed = true
    return bytes.toString()
}

function readArgument(reader: Reader, info: number): number {
    if (info < 24) return info
    if (info === 24) return reader.uint(1)
    if (info === 25) return reader.uint(2)
    if (info === 26) return reader.uint(4)
    if (info !== 27 || reader.uint(2) !== 0) return -1
    return reader.uint(6)
}

function readSimple(reader: Reader, info: number): CborItem | undefined {
    if (info === 20 || info === 21) return item("other", info - 20, "")
    if (info === 22) return item("other", 0, "")
    const value = readFloat(reader, info)
    return value === undefined ? undefined : item("number", value, "")
}

/** binary16, binary32 or binary64; undefined when it is none, or no finite number. */
function readFloat(reader: Reader, info: number): number | undefined {
    if (info === 25) return float(reader.uint(2), 0, 5, 10)
    if (info === 26) return float(reader.uint(4), 0, 8, 23)
    if (info !== 27) return undefined
    const high = reader.uint(4)
    return float(high, reader.uint(4), 11, 20)
}

/** @param low further 32 fraction bits, used by binary64 only */
function float(high: number, low: number, exponentBits: number, fractionBits: number): number | undefined {
    const scale = Math.pow(2, fractionBits)
    const top = Math.floor(high / scale)
    const exponents = Math.pow(2, exponentBits)
    const negative = top >= exponents
    const exponent = negative ? top - exponents : top
    const fraction = (high - top * scale + low / TWO_32) / scale
    const bias = exponents / 2 - 1
    // Infinity and not-a-number are no measurements.
    if (exponent === exponents - 1) return undefined
    const size = exponent === 0 ? fraction * Math.pow(2, 1 - bias) : (1 + fraction) * Math.pow(2, exponent - bias)
    return negative ? -size : size
}
