import { Reader } from "../dtls/bytes/reader.js"
import { Writer } from "../dtls/bytes/writer.js"
import { readCborItem, writeCborArray, writeCborMap, writeCborNumber, writeCborText } from "./cbor.js"

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

/** The numeric records of a pack with their full names; undefined when it is not one. */
export function readSenmlCbor(data: Buffer): SenmlRecord[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const pack = readCborItem(reader)
    if (pack === undefined || pack.kind !== "array") return undefined
    const records: SenmlRecord[] = []
    let baseName = ""
    for (let i = 0; i < pack.number; i++) {
        const record: SenmlRecord = { name: "", unit: "", value: 0, time: undefined }
        const base = readRecord(reader, record)
        if (base === undefined || reader.failed) return undefined
        if (base.length > 0) baseName = base
        record.name = baseName + record.name
        records.push(record)
    }
    return reader.done() ? records : undefined
}

/** @returns the record's base name, "" without one; undefined when malformed */
function readRecord(reader: Reader, record: SenmlRecord): string | undefined {
    const map = readCborItem(reader)
    if (map === undefined || map.kind !== "map") return undefined
    let baseName = ""
    for (let i = 0; i < map.number; i++) {
        const label = readCborItem(reader)
        const value = readCborItem(reader)
        if (label === undefined || value === undefined || reader.failed) return undefined
        if (value.kind === "array" || value.kind === "map") return undefined
        if (label.number === Label.baseName) baseName = value.text
        else if (label.number === Label.name) record.name = value.text
        else if (label.number === Label.unit) record.unit = value.text
        else if (label.number === Label.value) record.value = value.number
        else if (label.number === Label.time) record.time = value.number
    }
    return baseName
}
