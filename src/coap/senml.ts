import { Reader } from "../dtls/bytes/reader.js"
import { Writer } from "../dtls/bytes/writer.js"
import { type CborItem, readCborItem, writeCborArray, writeCborMap, writeCborNumber, writeCborText } from "./cbor.js"

/** One measurement (RFC 8428 §4): the numeric kind. */
export interface SenmlRecord {
    /** bn and n together: the full name */
    name: string
    /** RFC 8428 §12.1: "Cel", "%RH", ... */
    unit: string
    value: number
    /** Unix seconds, or seconds relative to now when below 2^28 (RFC 8428 §4.5.3); undefined: now */
    time: number | undefined
}

/** CBOR labels (RFC 8428 §6). */
enum Label {
    baseValue = -5,
    baseUnit = -4,
    baseTime = -3,
    baseName = -2,
    name = 0,
    unit = 1,
    value = 2,
    time = 6,
}

/** A SenML pack as SenML+CBOR, the base name in its first record. */
export function writeSenmlCbor(baseName: string, records: SenmlRecord[]): Buffer {
    const writer = new Writer(64)
    writeCborArray(writer, records.length)
    for (let i = 0; i < records.length; i++) writeRecord(writer, i === 0 ? baseName : "", records[i] as SenmlRecord)
    return writer.finish()
}

function writeRecord(writer: Writer, baseName: string, record: SenmlRecord): void {
    const pairs = 3 + (baseName.length > 0 ? 1 : 0) + (record.time === undefined ? 0 : 1)
    writeCborMap(writer, pairs)
    if (baseName.length > 0) {
        writeCborNumber(writer, Label.baseName)
        writeCborText(writer, baseName)
    }
    writeCborNumber(writer, Label.name)
    writeCborText(writer, record.name)
    writeCborNumber(writer, Label.unit)
    writeCborText(writer, record.unit)
    writeCborNumber(writer, Label.value)
    writeCborNumber(writer, record.value)
    if (record.time === undefined) return
    writeCborNumber(writer, Label.time)
    writeCborNumber(writer, record.time)
}

/** Base fields hold for the records behind them (RFC 8428 §4.1). */
interface Base {
    name: string
    unit: string
    value: number
    time: number | undefined
}

/**
 * The numeric records of a pack, resolved (RFC 8428 §4.6): full names, base value and base time added.
 * Records of other kinds (texts, booleans, data) are left out. Undefined when it is not a pack this decoder reads.
 */
export function readSenmlCbor(data: Buffer): SenmlRecord[] | undefined {
    if (!(data instanceof Buffer)) return undefined
    const reader = new Reader(data, 0, data.length)
    const pack = readCborItem(reader)
    if (pack === undefined || pack.kind !== "array") return undefined
    const records: SenmlRecord[] = []
    const base: Base = { name: "", unit: "", value: 0, time: undefined }
    for (let i = 0; i < pack.number; i++) {
        const fields = readFields(reader)
        if (fields === undefined) return undefined
        const record = resolve(fields, base)
        if (record !== undefined) records.push(record)
    }
    return reader.done() ? records : undefined
}

/** A record's fields by label; unknown labels come along. */
interface Field {
    label: number
    item: CborItem
}

function readFields(reader: Reader): Field[] | undefined {
    const map = readCborItem(reader)
    if (map === undefined || map.kind !== "map") return undefined
    const fields: Field[] = []
    for (let i = 0; i < map.number; i++) {
        const label = readCborItem(reader)
        const item = readCborItem(reader)
        if (label === undefined || item === undefined || reader.failed) return undefined
        if (item.kind === "array" || item.kind === "map") return undefined
        // Text labels are extensions; one that ends in "_" must be understood (RFC 8428 §4.4).
        if (label.kind === "text" && label.text.endsWith("_")) return undefined
        if (label.kind === "number") fields.push({ label: label.number, item })
    }
    return fields
}

/** @returns the record with the base applied; undefined when it has no numeric value */
function resolve(fields: Field[], base: Base): SenmlRecord | undefined {
    base.name = textOf(fields, Label.baseName) ?? base.name
    base.unit = textOf(fields, Label.baseUnit) ?? base.unit
    base.value = numberOf(fields, Label.baseValue) ?? base.value
    base.time = numberOf(fields, Label.baseTime) ?? base.time
    const value = numberOf(fields, Label.value)
    if (value === undefined) return undefined
    const time = numberOf(fields, Label.time)
    return {
        name: base.name + (textOf(fields, Label.name) ?? ""),
        unit: textOf(fields, Label.unit) ?? base.unit,
        value: base.value + value,
        time: base.time === undefined ? time : base.time + (time ?? 0),
    }
}

function itemOf(fields: Field[], label: Label): CborItem | undefined {
    const field = fields.find((candidate) => candidate.label === label)
    return field === undefined ? undefined : field.item
}

function textOf(fields: Field[], label: Label): string | undefined {
    const item = itemOf(fields, label)
    return item === undefined || item.kind !== "text" ? undefined : item.text
}

function numberOf(fields: Field[], label: Label): number | undefined {
    const item = itemOf(fields, label)
    return item === undefined || item.kind !== "number" ? undefined : item.number
}
