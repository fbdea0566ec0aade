import { Reader } from "../dtls/bytes/reader.js"
import { type CborItem, readCborItem, skipCborContent } from "./cbor.js"
import {
    addRecord,
    defaultSenmlLimits,
    type Field,
    isMeasured,
    itemOf,
    kindOf,
    newPack,
    type ResolvedRecord,
    type SenmlLimits,
} from "./senml-pack.js"

export { defaultSenmlLimits, type ResolvedRecord, type SenmlLimits, type SenmlValue } from "./senml-pack.js"
// The writer is a module of its own, because sensors contain only the writer.
export { type SenmlRecord, writeSenmlCbor } from "./senml-writer.js"

/**
 * Reads a SenML+CBOR pack and returns its resolved records. Records without a usable value are left out: those with only base fields, and
 * those whose value is NaN, null or a bignum.
 * Returns undefined if the pack must not be used: it is not well-formed; a field has the wrong type or occurs twice in a record; the label
 * of an unknown field ends in "_"; the version is not supported; a name contains invalid characters (RFC 8428 §4.5.1); a record has two
 * values; a limit is exceeded.
 */
export function readSenmlCbor(data: Buffer, limits: SenmlLimits = defaultSenmlLimits()): ResolvedRecord[] | undefined {
    if (!(data instanceof Buffer)) return undefined
    const reader = new Reader(data, 0, data.length)
    const array = readCborItem(reader)
    // SensML, the streaming form, uses an array of indefinite length (RFC 8428 §6).
    if (array === undefined || array.kind !== "array" || array.number > limits.records) return undefined
    const pack = newPack()
    for (let i = 0; i !== array.number; i++) {
        const map = readCborItem(reader)
        if (map === undefined) return undefined
        if (map.kind === "break") return array.number < 0 && reader.done() ? pack.records : undefined
        const fields = readFields(reader, map)
        if (fields === undefined || i >= limits.records || !addRecord(pack, fields, limits)) return undefined
    }
    return reader.done() ? pack.records : undefined
}

/**
 * Reads the known fields of a record. Returns undefined if the record is not well-formed, or contains a field that makes the pack unusable.
 */
function readFields(reader: Reader, map: CborItem): Field[] | undefined {
    if (map.kind !== "map") return undefined
    const fields: Field[] = []
    for (let i = 0; i !== map.number; i++) {
        const label = readCborItem(reader)
        if (label === undefined) return undefined
        if (label.kind === "break") return map.number < 0 ? fields : undefined
        const item = readCborItem(reader)
        if (item === undefined || item.kind === "break" || !takeField(reader, label, item, fields)) return undefined
    }
    return fields
}

function takeField(reader: Reader, label: CborItem, item: CborItem, fields: Field[]): boolean {
    if (label.kind !== "number" && label.kind !== "text") return false
    const kind = label.kind === "number" ? kindOf(label.number) : undefined
    // Unknown fields are ignored, except those that must not be ignored, whose name ends in "_" (RFC 8428 §4.4).
    if (kind === undefined) return !label.text.endsWith("_") && skipCborContent(reader, item)
    if (itemOf(fields, label.number) !== undefined) return false
    fields.push({ label: label.number, item })
    return item.kind === kind || (item.kind === "other" && isMeasured(label.number))
}
