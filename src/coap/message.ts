import { EMPTY } from "../dtls/bytes/bytes.js"
import { readUint } from "../dtls/bytes/integers.js"
import { Reader } from "../dtls/bytes/reader.js"
import { Writer } from "../dtls/bytes/writer.js"
import { CoapCode, type CoapType } from "./code-points.js"

/** An option of a message (RFC 7252 §5.10), with a value of 0 to 65,804 bytes. */
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
    /** options in any order. They are written in the order of their numbers; options of the same number keep their order */
    options: Option[]
    payload: Buffer
}

const VERSION = 1
const PAYLOAD_MARKER = 0xff
/**
 * Greatest number of options in a message. A datagram could contain a thousand empty options, whose objects would fill a device's memory.
 */
const MOST_OPTIONS = 64

/** Makes a message without token, options and payload: ACK, RST or ping. */
export function emptyMessage(type: CoapType, messageId: number): CoapMessage {
    return { type, code: CoapCode.EMPTY, messageId, token: EMPTY, options: [], payload: EMPTY }
}

/** Encodes a message (RFC 7252 §3). */
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

/** Stable insertion sort, because lists are short, and the order of options with the same number is significant. */
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

/** Writes an option. Delta and length have 4 bits each; the values 13 and 14 mean that one or two more bytes follow (RFC 7252 §3.1). */
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
 * Decodes a message from the first `length` bytes of `data`. Returns undefined for a message format error (RFC 7252 §3), another version,
 * an Empty message with any content, and more than 64 options. The caller rejects or ignores such a message (RFC 7252 §4.2, §4.3). Options
 * are not checked here but in `options.ts`.
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

/** Reads the options. @returns the payload after them; undefined if the message is malformed */
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

/**
 * Returns the message id of a malformed confirmable message, so that it can be rejected with a reset (RFC 7252 §4.2); undefined for any
 * other message.
 */
export function malformedConfirmable(data: Buffer, length: number): number | undefined {
    const reader = new Reader(data, 0, length)
    const first = reader.uint(2)
    const messageId = reader.uint(2)
    const confirmable = first >> 14 === VERSION && ((first >> 12) & 3) === 0
    return reader.failed || !confirmable ? undefined : messageId
}

/** Makes an option with a uint value, in as few bytes as possible and none for 0 (RFC 7252 §3.2). */
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

/** Makes an option with a text value, in UTF-8. */
export function textOption(number: number, value: string): Option {
    return { number, value: Buffer.from(value) }
}

/** Returns the first option with this number. */
export function optionOf(message: CoapMessage, number: number): Option | undefined {
    return message.options.find((candidate) => candidate.number === number)
}

/** Returns the value of the first option with this number as a uint of at most six bytes, or `otherwise` if there is no such option. */
export function uintOptionOf(message: CoapMessage, number: number, otherwise: number): number {
    const option = optionOf(message, number)
    if (option === undefined) return otherwise
    const { value } = option
    return value.length === 0 ? 0 : readUint(value, 0, Math.min(value.length, 6))
}

/** Returns the values of all options with this number, as texts. */
export function textOptionsOf(message: CoapMessage, number: number): string[] {
    return message.options.filter((option) => option.number === number).map((option) => option.value.toString())
}

/** Whether an option is critical: odd numbers are critical, even ones elective (RFC 7252 §5.4.6). */
export function isCritical(option: Option): boolean {
    return (option.number & 1) === 1
}
