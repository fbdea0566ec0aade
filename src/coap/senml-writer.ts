import { Writer } from "../dtls/bytes/writer.js"
import { writeCborArray, writeCborMap, writeCborNumber, writeCborText } from "./cbor-writer.js"

/** A numeric measurement to write (RFC 8428 §4.2). */
export interface SenmlRecord {
    /** name, which is appended to the base name */
    name: string
    /** unit (RFC 8428 §12.1), such as "Cel" or "%RH" */
    unit: string
    /** finite */
    value: number
    /** Unix seconds, or seconds relative to now when below 2^28 (RFC 8428 §4.5.3); undefined: now */
    time: number | undefined
}

/** CBOR labels (RFC 8428 §6). Labels below 0 are base fields. */
export enum Label {
    baseSum = -6,
    baseValue = -5,
    baseUnit = -4,
    baseTime = -3,
    baseName = -2,
    version = -1,
    name = 0,
    unit = 1,
    value = 2,
    stringValue = 3,
    booleanValue = 4,
    sum = 5,
    time = 6,
    updateTime = 7,
    dataValue = 8,
}

/**
 * Writes a SenML+CBOR pack, with the base name in its first record.
 * Throws INVALID_ARGUMENT (argument "value") if a value or a time is not finite.
 */
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
