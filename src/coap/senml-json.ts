import { EMPTY } from "../dtls/bytes/bytes.js"
import { invalidArgument } from "../gio/errors.js"
import { type CborItem } from "./cbor.js"
import {
    addRecord,
    defaultSenmlLimits,
    type Field,
    isMeasured,
    kindOf,
    newPack,
    type ResolvedRecord,
    type SenmlLimits,
} from "./senml-pack.js"
import { Label, type SenmlRecord } from "./senml-writer.js"
import { utf8Text } from "./utf8.js"

/** The alphabet of base64url (RFC 4648 §5), in which SenML+JSON encodes binary values, without padding (RFC 8428 §5). */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** What JSON.parse returns. */
type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
type JsonObject = { [name: string]: JsonValue }

/**
 * Reads the records of a SenML+JSON pack (RFC 8428 §5), by the same rules as `readSenmlCbor`, with one exception: if a record contains a
 * field twice, JSON.parse keeps the last one.
 */
export function readSenmlJson(data: Buffer, limits: SenmlLimits = defaultSenmlLimits()): ResolvedRecord[] | undefined {
    if (!(data instanceof Buffer)) return undefined
    const parsed = parse(data)
    if (!Array.isArray(parsed) || parsed.length > limits.records) return undefined
    const pack = newPack()
    for (const record of parsed) {
        const fields = fieldsOf(record)
        if (fields === undefined || !addRecord(pack, fields, limits)) return undefined
    }
    return pack.records
}

function parse(data: Buffer): JsonValue | undefined {
    const text = utf8Text(data)
    if (text === undefined) return undefined
    try {
        return JSON.parse(text) as JsonValue
    } catch {
        return undefined
    }
}

/** Returns the known fields of a record; undefined if it is not a record, or contains a field that makes the pack unusable. */
function fieldsOf(record: JsonValue): Field[] | undefined {
    if (typeof record !== "object" || record === null || Array.isArray(record)) return undefined
    const fields: Field[] = []
    for (const name of Object.keys(record)) if (!takeField(name, record[name], fields)) return undefined
    return fields
}

function takeField(name: string, value: JsonValue, fields: Field[]): boolean {
    const label = labelOf(name)
    // Unknown fields are ignored, except those that must not be ignored, whose name ends in "_" (RFC 8428 §4.4).
    if (label === undefined) return !name.endsWith("_")
    const item = itemOf(label, value)
    fields.push({ label, item })
    return item.kind === kindOf(label) || (item.kind === "other" && isMeasured(label))
}

/** Returns the label of a field by its name (RFC 8428 §5, table 3); undefined: an unknown field. */
function labelOf(name: string): Label | undefined {
    switch (name) {
        case "bn":
            return Label.baseName
        case "bt":
            return Label.baseTime
        case "bu":
            return Label.baseUnit
        case "bv":
            return Label.baseValue
        case "bs":
            return Label.baseSum
        case "bver":
            return Label.version
        case "n":
            return Label.name
        case "u":
            return Label.unit
        case "v":
            return Label.value
        case "vs":
            return Label.stringValue
        case "vb":
            return Label.booleanValue
        case "vd":
            return Label.dataValue
        case "s":
            return Label.sum
        case "t":
            return Label.time
        case "ut":
            return Label.updateTime
        default:
            return undefined
    }
}

/**
 * Converts a value into the form of the CBOR reader. An object, an array or malformed base64url becomes an array, which is not a valid type
 * for any field.
 */
function itemOf(label: Label, value: JsonValue): CborItem {
    const item: CborItem = { kind: "array", number: 0, text: "", bytes: EMPTY }
    if (value === null) item.kind = "other"
    else if (typeof value === "number") Object.assign(item, { kind: "number", number: value })
    else if (typeof value === "boolean") Object.assign(item, { kind: "boolean", number: value ? 1 : 0 })
    else if (typeof value === "string" && label !== Label.dataValue) Object.assign(item, { kind: "text", text: value })
    else if (typeof value === "string") {
        const bytes = fromBase64Url(value)
        if (bytes !== undefined) Object.assign(item, { kind: "bytes", bytes })
    }
    return item
}

function fromBase64Url(text: string): Buffer | undefined {
    const bytes = Buffer.alloc(Math.floor((text.length * 3) / 4))
    let bits = 0
    let count = 0
    let at = 0
    for (let i = 0; i < text.length; i++) {
        const digit = ALPHABET.indexOf(text.charAt(i))
        if (digit < 0) return undefined
        bits = ((bits << 6) | digit) & 0xffff
        count += 6
        if (count < 8) continue
        count -= 8
        bytes[at] = (bits >> count) & 255
        at++
    }
    // A single remaining digit does not make a byte.
    return count >= 6 ? undefined : bytes
}

/**
 * Writes a SenML+JSON pack, with the base name in its first record.
 * Throws INVALID_ARGUMENT (argument "value") if a value or a time is not finite.
 */
export function writeSenmlJson(baseName: string, records: SenmlRecord[]): Buffer {
    const pack = records.map((record, i) => {
        const { name, unit, value, time } = record
        if (value - value !== 0 || (time !== undefined && time - time !== 0))
            throw invalidArgument("value", "a finite number is needed")
        const fields: Record<string, string | number> = i === 0 && baseName.length > 0 ? { bn: baseName } : {}
        Object.assign(fields, { n: name, u: unit, v: value })
        if (time !== undefined) fields["t"] = time
        return fields
    })
    return Buffer.from(JSON.stringify(pack))
}
