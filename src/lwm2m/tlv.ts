import { Reader } from "../dtls/bytes/reader.js"
import { Writer } from "../dtls/bytes/writer.js"
import { readCborFloat } from "../coap/cbor.js"
import { TWO_32, writeFloat64 } from "../coap/cbor-writer.js"
import { type Leaf, type ResourceValue, ValueKind } from "./resource.js"

/* The TLV format of LwM2M (OMA LwM2M Core 1.1 §7.4.3), Content-Format 11542. */

/** Type of an entry, in the two upper bits of its first byte. */
export enum TlvType {
    objectInstance = 0,
    resourceInstance = 1,
    /** a resource with several instances, which are its content */
    multiple = 2,
    resource = 3,
}

/** An entry as it was received. */
export interface TlvEntry {
    type: TlvType
    id: number
    content: Buffer
}

/** Bit in the first byte of an entry: the id has two bytes. */
const LONG_ID = 32

/**
 * Writes values in TLV.
 * @param depth number of segments of the requested path: from 1 for an object, whose instances are included, to 4 for one instance of a
 * resource
 */
export function writeTlv(leaves: Leaf[], depth: number): Buffer {
    const writer = new Writer(64)
    if (depth !== 1) writeResources(writer, leaves, depth)
    else
        for (const instance of distinct(leaves.map((leaf) => leaf.instance))) {
            const inner = new Writer(64)
            writeResources(inner, ofInstance(leaves, instance), depth)
            writeEntry(writer, TlvType.objectInstance, instance, inner.finish())
        }
    return writer.finish()
}

function distinct(ids: number[]): number[] {
    return ids.filter((id, i) => ids.indexOf(id) === i)
}

function ofInstance(leaves: Leaf[], instance: number): Leaf[] {
    return leaves.filter((leaf) => leaf.instance === instance)
}

function ofResource(leaves: Leaf[], resource: number): Leaf[] {
    return leaves.filter((leaf) => leaf.resource === resource)
}

function writeResources(writer: Writer, leaves: Leaf[], depth: number): void {
    for (const resource of distinct(leaves.map((leaf) => leaf.resource))) {
        const values = ofResource(leaves, resource)
        const [first] = values
        if (first.index < 0) writeEntry(writer, TlvType.resource, resource, tlvContent(first.kind, first.value))
        else if (depth === 4) writeInstances(writer, values)
        else {
            const inner = new Writer(32)
            writeInstances(inner, values)
            writeEntry(writer, TlvType.multiple, resource, inner.finish())
        }
    }
}

function writeInstances(writer: Writer, leaves: Leaf[]): void {
    for (const leaf of leaves)
        writeEntry(writer, TlvType.resourceInstance, leaf.index, tlvContent(leaf.kind, leaf.value))
}

/**
 * Writes an entry. A length below 8 is in the first byte. For a longer content, the first byte contains the number of length bytes that
 * follow.
 */
function writeEntry(writer: Writer, type: TlvType, id: number, content: Buffer): void {
    const { length } = content
    const width = length < 8 ? 0 : length < 256 ? 1 : length < 65536 ? 2 : 3
    const isLong = id > 255
    writer.uint((type << 6) | (isLong ? LONG_ID : 0) | (width === 0 ? length : width << 3), 1)
    writer.uint(id, isLong ? 2 : 1)
    if (width > 0) writer.uint(length, width)
    writer.bytes(content)
}

function tlvContent(kind: ValueKind, value: ResourceValue): Buffer {
    if (kind === ValueKind.opaque) return value as Buffer
    if (kind === ValueKind.text) return Buffer.from(value as string)
    const writer = new Writer(8)
    if (kind === ValueKind.boolean) writer.uint(value === true ? 1 : 0, 1)
    else if (kind === ValueKind.float) writeFloat64(writer, value as number)
    else writeInteger(writer, value as number)
    return writer.finish()
}

/** Writes an integer in two's complement of 1, 2, 4 or 8 bytes. */
function writeInteger(writer: Writer, value: number): void {
    const size = value < 0 ? -1 - value : value
    if (size >= TWO_32 / 2) {
        const high = Math.floor(value / TWO_32)
        writer.uint(high < 0 ? high + TWO_32 : high, 4)
        writer.uint(value - high * TWO_32, 4)
        return
    }
    const width = size < 128 ? 1 : size < 32768 ? 2 : 4
    writer.uint(value < 0 ? value + Math.pow(256, width) : value, width)
}

/** Reads the entries of a body; undefined if the body is malformed. */
export function readTlv(data: Buffer): TlvEntry[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const entries: TlvEntry[] = []
    while (reader.remaining() > 0) {
        const first = reader.uint(1)
        const id = reader.uint((first & LONG_ID) === 0 ? 1 : 2)
        const width = (first >> 3) & 3
        const length = width === 0 ? first & 7 : reader.uint(width)
        entries.push({ type: (first >> 6) as TlvType, id, content: reader.bytes(length) })
        if (reader.failed) return undefined
    }
    return entries
}

/** Decodes the value of an entry; undefined if the content is not of this kind. */
export function tlvValue(kind: ValueKind, content: Buffer): ResourceValue | undefined {
    if (kind === ValueKind.opaque) return content
    if (kind === ValueKind.text) return content.toString()
    const { length } = content
    if (kind === ValueKind.integer) return readInteger(content)
    if (kind === ValueKind.boolean) return length === 1 && content[0] < 2 ? content[0] === 1 : undefined
    if (length !== 4 && length !== 8) return undefined
    const value = readCborFloat(new Reader(content, 0, length), length === 4 ? 26 : 27)
    return value - value === 0 ? value : undefined
}

function readInteger(content: Buffer): number | undefined {
    const { length } = content
    if (length !== 1 && length !== 2 && length !== 4 && length !== 8) return undefined
    const reader = new Reader(content, 0, length)
    const high = length === 8 ? reader.uint(4) : 0
    const low = reader.uint(length === 8 ? 4 : length)
    const isNegative = content[0] > 127
    if (length === 8) return (isNegative ? high - TWO_32 : high) * TWO_32 + low
    return isNegative ? low - Math.pow(256, length) : low
}
