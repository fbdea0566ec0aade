import { EMPTY } from "../dtls/bytes/bytes.js"
import { readUint } from "../dtls/bytes/integers.js"
import { Reader } from "../dtls/bytes/reader.js"
import { Writer } from "../dtls/bytes/writer.js"
import { CoapCode, type CoapType } from "./code-points.js"

/** An option of a message (RFC 7252 §5.10): its value is of 0 to 65,804 bytes. */
export interface Option {
    number: number
    value: Buffer
}

/** A CoAP message (RFC 7252 §3). */
export interface CoapMessage {
    type: CoapType
    code: number
    /** 0 to 65535 */
    messageId: number
    /** 0 to 8 bytes */
    token: Buffer
    /** any order; written by number, options of one number in the order given */
    options: Option[]
    payload: Buffer
}

const VERSION = 1
const PAYLOAD_MARKER = 0xff
/** Options of one message: a thousand empty ones fit a datagram, and as objects they would fill a device's memory. */
const MOST_OPTIONS = 64

/** A message without token, options and payload: ACK, RST, ping. */
export function emptyMessage(type: CoapType, messageId: number): CoapMessage {
    return { type, code: CoapCode.EMPTY, messageId, token: EMPTY, options: [], payload: EMPTY }
}

/** A message as it goes into a datagram (RFC 7252 §3). */
export function writeCoapMessage(message: CoapMessage): Buffer {
    const writer = new Writer(32 + message.payload.length)
    writer.uint((VERSION << 6) | (message.type << 4) | message.token.length, 1)
    writer.uint(message.code, 1)
    writer.uint(message.messageId, 2)
    writer.bytes(message.token)
    let number = 0
    for (const option of inOrder(message.options)) {
        writeOption(writer, option.number - number, option.value)
        number = option.number
    }
    if (message.payload.length > 0) {
        writer.uint(PAYLOAD_MARKER, 1)
        writer.bytes(message.payload)
    }
    return writer.finish()
}

/** Stable insertion sort: lists are short, and the order within a number means something. */
function inOrder(options: Option[]): Option[] {
    const sorted: Option[] = []
    for (const option of options) {
        let at = sorted.length
        while (at > 0 && (sorted[at - 1] as Option).number > option.number) at--
        sorted.push(option)
        for (let i = sorted.length - 1; i > at; i--) sorted[i] = sorted[i - 1] as Option
        sorted[at] = option
    }
    return sorted
}

/** Delta and length are 4 bits each; 13 and 14 announce one and two more bytes (RFC 7252 §3.1). */
function writeOption(writer: Writer, delta: number, value: Buffer): void {
    writer.uint((nibble(delta) << 4) | nibble(value.length), 1)
    writeExtended(writer, delta)
    writeExtended(writer, value.length)
    writer.bytes(value)
}

function nibble(value: number): number {
    if (value < 13) return value
    return value < 269 ? 13 : 14
}

function writeExtended(writer: Writer, value: number): void {
    if (value >= 269) writer.uint(value - 269, 2)
    else if (value >= 13) writer.uint(value - 13, 1)
}

/**
 * Takes the first `length` bytes of `data` apart. Undefined when that is a message format error (RFC 7252 §3), of another
 * version, an Empty message with anything in it, or one with more than 64 options; the caller rejects or ignores it (RFC 7252 §4.2, §4.3). What the options
 * are, and whether their values are right, is not looked at here: `options.ts` does.
 */
export function readCoapMessage(data: Buffer, length: number): CoapMessage | undefined {
    const reader = new Reader(data, 0, length)
    const first = reader.uint(1)
    const code = reader.uint(1)
    const messageId = reader.uint(2)
    const tokenLength = first & 15
    if (reader.failed || first >> 6 !== VERSION || tokenLength > 8) return undefined
    const token = reader.bytes(tokenLength)
    const options: Option[] = []
    const payload = readOptions(reader, options)
    if (payload === undefined || reader.failed) return undefined
    if (code === CoapCode.EMPTY && length !== 4) return undefined
    return { type: ((first >> 4) & 3) as CoapType, code, messageId, token, options, payload }
}

/** @returns the payload behind the options; undefined when malformed */
function readOptions(reader: Reader, options: Option[]): Buffer | undefined {
    let number = 0
    while (reader.remaining() > 0) {
        const byte = reader.uint(1)
        if (byte === PAYLOAD_MARKER) return reader.remaining() === 0 ? undefined : reader.bytes(reader.remaining())
        const delta = readExtended(reader, byte >> 4)
        const length = readExtended(reader, byte & 15)
        if (delta < 0 || length < 0) return undefined
        number += delta
        if (number > 65535 || options.length === MOST_OPTIONS) return undefined
        options.push({ number, value: reader.bytes(length) })
        if (reader.failed) return undefined
    }
    return EMPTY
}

function readExtended(reader: Reader, value: number): number {
    if (value < 13) return value
    if (value === 13) return reader.uint(1) + 13
    return value === 14 ? reader.uint(2) + 269 : -1
}

/** The message id of a confirmable message that is malformed behind it, so that it can be reset (RFC 7252 §4.2); undefined for all others. */
export function malformedConfirmable(data: Buffer, length: number): number | undefined {
    const reader = new Reader(data, 0, length)
    const first = reader.uint(2)
    const messageId = reader.uint(2)
    const confirmable = first >> 14 === VERSION && ((first >> 12) & 3) === 0
    return reader.failed || !confirmable ? undefined : messageId
}

/** uint option value: as few bytes as possible, none for 0 (RFC 7252 §3.2). */
export function uintOption(number: number, value: number): Option {
    let width = 0
    let rest = value
    while (rest > 0) {
        rest = Math.floor(rest / 256)
        width++
    }
    const writer = new Writer(width)
    if (width > 0) writer.uint(value, width)
    return { number, value: writer.finish() }
}

/** An option whose value is text, in UTF-8. */
export function textOption(number: number, value: string): Option {
    return { number, value: Buffer.from(value) }
}

/** The first option of that number. */
export function optionOf(message: CoapMessage, number: number): Option | undefined {
    return message.options.find((candidate) => candidate.number === number)
}

/** The first option of that number as a uint, of six bytes at most; `otherwise` when there is none. */
export function uintOptionOf(message: CoapMessage, number: number, otherwise: number): number {
    const option = optionOf(message, number)
    if (option === undefined) return otherwise
    const { value } = option
    return value.length === 0 ? 0 : readUint(value, 0, Math.min(value.length, 6))
}

/** All options of that number as texts. */
export function textOptionsOf(message: CoapMessage, number: number): string[] {
    return message.options.filter((option) => option.number === number).map((option) => option.value.toString())
}

/** Odd numbers are critical, even ones elective (RFC 7252 §5.4.6). */
export function isCritical(option: Option): boolean {
    return (option.number & 1) === 1
}
