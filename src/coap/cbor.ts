import { EMPTY } from "../dtls/bytes/bytes.js"
import { type Reader } from "../dtls/bytes/reader.js"
import { Major, TWO_32 } from "./cbor-writer.js"
import { utf8Text } from "./utf8.js"

/*
 * A CBOR reader (RFC 8949) that accepts every well-formed item. Numbers are converted to the nearest binary64 value, so integers are exact
 * up to 2^53.
 */

/** Kind of an item. "break" ends arrays and maps of indefinite length. */
export type CborKind = "number" | "text" | "bytes" | "boolean" | "array" | "map" | "break" | "other"

/**
 * A decoded item. The content of an array or a map follows the item: the caller reads it, or skips it with `skipCborContent`. "other" is a
 * well-formed item that SenML does not use: null, NaN and the infinities, simple values, strings of indefinite length, and tagged items
 * with other tags than those below. Such an item has been read completely.
 */
export interface CborItem {
    kind: CborKind
    /** the value of a number; 1 for true; the number of items of an array, or of pairs of a map; -1: indefinite, a break ends it */
    number: number
    text: string
    bytes: Buffer
}

/** The `info` value of items of indefinite length (RFC 8949 §3.2). */
const INDEFINITE = 31
/** Greatest nesting depth of arrays, maps and tags. Deeper items are refused, so that no input causes deep recursion. */
const MAX_DEPTH = 8
/** Tag of a decimal fraction (RFC 8949 §3.4.4). */
const TAG_DECIMAL = 4

/**
 * Whether a tag only describes the purpose of an item and does not change its value: epoch time, expected encodings, URI, "this is CBOR"
 * (RFC 8949 §3.4).
 */
function isTransparent(tag: number): boolean {
    return tag === 1 || (tag >= 21 && tag <= 23) || tag === 32 || tag === 55799
}

/** Reads an item. Returns undefined if it is not well-formed, or nested too deeply. */
export function readCborItem(reader: Reader): CborItem | undefined {
    return readItem(reader, 0)
}

function readItem(reader: Reader, depth: number): CborItem | undefined {
    const first = reader.uint(1)
    if (reader.failed || depth > MAX_DEPTH) return undefined
    const major = first >> 5
    const info = first & 31
    if (major === Major.simple) return readSimple(reader, info)
    if (info === INDEFINITE) return readIndefinite(reader, major)
    // -1 - n is computed as -(n + 1), so that it is rounded only once if n is above 2^53.
    if (major === Major.negative) return numberItem(-readArgument(reader, info, 1), reader)
    const value = readArgument(reader, info, 0)
    if (major === Major.unsigned) return numberItem(value, reader)
    if (reader.failed) return undefined
    if (major === Major.tag) return readTagged(reader, value, depth)
    // In every remaining kind of item, each part takes at least one byte.
    if (value > reader.remaining()) return undefined
    if (major === Major.array) return item("array", value)
    return major === Major.map ? item("map", value) : readString(reader, major, value)
}

function item(kind: CborKind, number: number): CborItem {
    return { kind, number, text: "", bytes: EMPTY }
}

/** Makes a "number" item of a finite number, and "other" of NaN and the infinities. */
function numberItem(value: number, reader: Reader): CborItem | undefined {
    if (reader.failed) return undefined
    return value - value === 0 ? item("number", value) : item("other", 0)
}

/** Reads the argument of an item's head (RFC 8949 §3). @returns the argument plus `plus` (0 or 1) */
function readArgument(reader: Reader, info: number, plus: number): number {
    if (info < 24) return info + plus
    if (info === 24) return reader.uint(1) + plus
    if (info === 25) return reader.uint(2) + plus
    if (info === 26) return reader.uint(4) + plus
    if (info > 27) reader.failed = true
    const high = reader.uint(4)
    return high * TWO_32 + (reader.uint(4) + plus)
}

function readString(reader: Reader, major: Major, length: number): CborItem | undefined {
    const bytes = reader.bytes(length)
    if (major === Major.bytes) return { kind: "bytes", number: 0, text: "", bytes }
    const text = utf8Text(bytes)
    return text === undefined ? undefined : { kind: "text", number: 0, text, bytes }
}

function readIndefinite(reader: Reader, major: Major): CborItem | undefined {
    if (major === Major.array) return item("array", -1)
    if (major === Major.map) return item("map", -1)
    return skipChunks(reader, major) ? item("other", 0) : undefined
}

/** Skips a string in chunks. Each chunk is a string of the same kind and of definite length (RFC 8949 §3.2.3). */
function skipChunks(reader: Reader, major: Major): boolean {
    if (major !== Major.bytes && major !== Major.text) return false
    while (!reader.failed) {
        const first = reader.uint(1)
        if (first === 0xff) return true
        if (first >> 5 !== major) return false
        const length = readArgument(reader, first & 31, 0)
        if (reader.failed || length > reader.remaining() || readString(reader, major, length) === undefined)
            return false
    }
    return false
}

function readSimple(reader: Reader, info: number): CborItem | undefined {
    if (info === 20 || info === 21) return item("boolean", info - 20)
    if (info < 24) return item("other", 0)
    if (info === INDEFINITE) return item("break", 0)
    // Simple values below 32 must be encoded in one byte, so this encoding is not well-formed.
    if (info === 24) return reader.uint(1) < 32 ? undefined : item("other", 0)
    return info > 27 ? undefined : numberItem(readCborFloat(reader, info), reader)
}

/**
 * Reads binary16, binary32 or binary64. Returns NaN also for the infinities. @param info 25, 26 or 27, the additional information of RFC
 * 8949 §3.3
 */
export function readCborFloat(reader: Reader, info: number): number {
    if (info === 25) return float(reader.uint(2), 0, 5, 10)
    if (info === 26) return float(reader.uint(4), 0, 8, 23)
    const high = reader.uint(4)
    return float(high, reader.uint(4), 11, 20)
}

/** Decodes a floating-point number. @param low the lower 32 fraction bits, for binary64 only */
function float(high: number, low: number, exponentBits: number, fractionBits: number): number {
    const scale = Math.pow(2, fractionBits)
    const top = Math.floor(high / scale)
    const exponents = Math.pow(2, exponentBits)
    const negative = top >= exponents
    const exponent = negative ? top - exponents : top
    const fraction = (high - top * scale + low / TWO_32) / scale
    const bias = exponents / 2 - 1
    if (exponent === exponents - 1) return NaN
    const size = exponent === 0 ? fraction * Math.pow(2, 1 - bias) : (1 + fraction) * Math.pow(2, exponent - bias)
    return negative ? -size : size
}

function readTagged(reader: Reader, tag: number, depth: number): CborItem | undefined {
    const content = readItem(reader, depth + 1)
    if (content === undefined || content.kind === "break") return undefined
    if (isTransparent(tag)) return content
    if (tag === TAG_DECIMAL) return readDecimal(reader, content, depth + 1)
    return skipContent(reader, content, depth + 1) ? item("other", 0) : undefined
}

/** Reads [exponent, mantissa], which stands for mantissa * 10^exponent. If the mantissa is a bignum, the item is "other". */
function readDecimal(reader: Reader, array: CborItem, depth: number): CborItem | undefined {
    if (array.kind !== "array" || array.number !== 2) return undefined
    const exponent = readItem(reader, depth + 1)
    const mantissa = readItem(reader, depth + 1)
    if (exponent === undefined || mantissa === undefined) return undefined
    if (mantissa.kind === "other") return mantissa
    if (!isInteger(exponent) || !isInteger(mantissa)) return undefined
    return numberItem(decimal(mantissa.number, exponent.number), reader)
}

function isInteger(part: CborItem): boolean {
    return part.kind === "number" && Math.floor(part.number) === part.number
}

/**
 * Computes mantissa * 10^exponent by exact powers of ten. Correctly rounded for mantissas up to 2^53 and exponents from -22 to 22, which
 * covers measurements; otherwise accurate within a few units in the last place. NaN beyond the range of binary64.
 */
function decimal(mantissa: number, exponent: number): number {
    if (Math.abs(exponent) > 400) return NaN
    let value = mantissa
    let left = exponent
    while (left !== 0) {
        const step = Math.min(22, Math.abs(left))
        let power = 1
        for (let i = 0; i < step; i++) power = power * 10
        value = left > 0 ? value * power : value / power
        left = left > 0 ? left - step : left + step
    }
    return value
}

/**
 * Skips the content of `opened`, an array or a map whose head has been read. Other items have no content. @returns false if the content is
 * not well-formed
 */
export function skipCborContent(reader: Reader, opened: CborItem): boolean {
    return skipContent(reader, opened, 0)
}

function skipContent(reader: Reader, opened: CborItem, depth: number): boolean {
    if (opened.kind === "break") return false
    if (opened.kind !== "array" && opened.kind !== "map") return true
    const parts = opened.kind === "map" ? 2 : 1
    let count = 0
    while (opened.number < 0 || count < opened.number * parts) {
        const inner = readItem(reader, depth + 1)
        if (inner === undefined) return false
        if (inner.kind === "break") return opened.number < 0 && (parts === 1 || (count & 1) === 0)
        if (!skipContent(reader, inner, depth + 1)) return false
        count++
    }
    return true
}
