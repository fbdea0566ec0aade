import { type CborItem } from "./cbor.js"
import { Label } from "./senml-writer.js"

/* SenML packs (RFC 8428) in any format: which fields are valid, and how base fields are resolved into complete records. */

/** The four types of values in a record (RFC 8428 §4.2): v, vs, vb, vd. */
export type SenmlValue = number | string | boolean | Buffer

/** A record with the base fields applied (RFC 8428 §4.6). Times below 2^28 remain relative to now. */
export interface ResolvedRecord {
    /** base name and name, concatenated; letters, digits and -:./_ */
    name: string
    /** "" if there is no unit */
    unit: string
    /** undefined in a record with only a sum */
    value: SenmlValue | undefined
    /** the integral of the values over time, in `unit` times seconds */
    sum: number | undefined
    /** Unix seconds, or seconds relative to now when below 2^28 (RFC 8428 §4.5.3); undefined: now */
    time: number | undefined
    /** longest time in seconds until the next record with this name */
    updateTime: number | undefined
}

/**
 * Limits of a reader. Base names and units apply to every record, so the total size of the resolved names and units is limited before they
 * are built.
 */
export interface SenmlLimits {
    /** number of records in a pack */
    records: number
    /** length of base name and name together, in characters */
    nameLength: number
    /** length of a unit, in characters */
    unitLength: number
    /** whether names may begin with "/", as in LwM2M (OMA LwM2M Core 1.1 §7.4.4) */
    paths?: boolean
}

/** Default limits: at most 72 KB of names and units, whatever the size of the pack. */
export function defaultSenmlLimits(): SenmlLimits {
    return { records: 256, nameLength: 255, unitLength: 32 }
}

/** The version of RFC 8428. Packs with a higher version must not be used (RFC 8428 §4.4, RFC 9100 §2). */
const VERSION = 10

/** The state of a pack while it is read: the base fields for the next record (RFC 8428 §4.1), and the records so far. */
export interface Pack {
    version: number | undefined
    name: string
    unit: string
    value: number | undefined
    sum: number | undefined
    time: number | undefined
    records: ResolvedRecord[]
}

export function newPack(): Pack {
    return {
        version: undefined,
        name: "",
        unit: "",
        value: undefined,
        sum: undefined,
        time: undefined,
        records: [],
    }
}

/** A known field of a record. */
export interface Field {
    label: number
    item: CborItem
}

/** The type of a field (RFC 8428 §4.3 and §6); undefined for an unknown field. */
export function kindOf(label: number): CborItem["kind"] | undefined {
    switch (label) {
        case Label.baseName:
        case Label.baseUnit:
        case Label.name:
        case Label.unit:
        case Label.stringValue:
            return "text"
        case Label.booleanValue:
            return "boolean"
        case Label.dataValue:
            return "bytes"
        case Label.version:
        case Label.baseTime:
        case Label.baseValue:
        case Label.baseSum:
        case Label.value:
        case Label.sum:
        case Label.time:
        case Label.updateTime:
            return "number"
        default:
            return undefined
    }
}

function isValue(label: number): boolean {
    return (
        label === Label.value ||
        label === Label.stringValue ||
        label === Label.booleanValue ||
        label === Label.dataValue
    )
}

/** Whether a field contains a measurement. A faulty sensor may send null or NaN in it. */
export function isMeasured(label: number): boolean {
    return label === Label.sum || isValue(label)
}

/** Adds a record to its pack. @returns false if the pack thereby becomes unusable */
export function addRecord(pack: Pack, fields: Field[], limits: SenmlLimits): boolean {
    const { version } = pack
    takeBase(pack, fields)
    if (!isVersionUsable(pack, version)) return false
    const name = textOf(fields, Label.name) ?? ""
    const unit = textOf(fields, Label.unit) ?? pack.unit
    if (pack.name.length + name.length > limits.nameLength || unit.length > limits.unitLength) return false
    const values = fields.filter((field) => isValue(field.label))
    if (values.length > 1) return false
    // A record with only base fields just affects the records after it.
    if (!fields.some((field) => field.label >= 0)) return true
    const whole = pack.name + name
    if (!isName(limits.paths === true && whole.startsWith("/") ? whole.slice(1) : whole)) return false
    const record: ResolvedRecord = {
        name: whole,
        unit,
        value: values.length === 0 ? pack.value : valueOf(pack, (values[0] as Field).item),
        sum: plus(pack.sum, numberOf(fields, Label.sum)),
        time: plus(pack.time, numberOf(fields, Label.time)),
        updateTime: numberOf(fields, Label.updateTime),
    }
    if (isUsable(record, fields)) pack.records.push(record)
    return true
}

/** Updates the base fields, which remain valid until a later record replaces them. */
function takeBase(pack: Pack, fields: Field[]): void {
    pack.version = numberOf(fields, Label.version) ?? pack.version ?? VERSION
    pack.name = textOf(fields, Label.baseName) ?? pack.name
    pack.unit = textOf(fields, Label.baseUnit) ?? pack.unit
    pack.value = numberOf(fields, Label.baseValue) ?? pack.value
    pack.sum = numberOf(fields, Label.baseSum) ?? pack.sum
    pack.time = numberOf(fields, Label.baseTime) ?? pack.time
}

/** Checks the version: a positive integer, and the same in all records of a pack (RFC 8428 §4.1, §4.4). */
function isVersionUsable(pack: Pack, before: number | undefined): boolean {
    const version = pack.version as number
    return version > 0 && version <= VERSION && Math.floor(version) === version && version === (before ?? version)
}

/** Adds a base value, sum or time to the record's own. If only one of the two exists, the other counts as 0 (RFC 8428 §4.5.3, §4.5.4). */
function plus(base: number | undefined, own: number | undefined): number | undefined {
    return base === undefined ? own : base + (own ?? 0)
}

function valueOf(pack: Pack, item: CborItem): SenmlValue | undefined {
    switch (item.kind) {
        case "number":
            return plus(pack.value, item.number)
        case "text":
            return item.text
        case "boolean":
            return item.number === 1
        default:
            return item.kind === "bytes" ? item.bytes : undefined
    }
}

/** Whether a record contains a measurement, and all of its numbers are finite. */
function isUsable(record: ResolvedRecord, fields: Field[]): boolean {
    if (fields.some((field) => field.item.kind === "other")) return false
    if (record.value === undefined && record.sum === undefined) return false
    return isFiniteNumber(record.value) && isFiniteNumber(record.sum) && isFiniteNumber(record.time)
}

/** Whether a value is a finite number, or not a number at all. The sum of two large numbers may be infinite. */
function isFiniteNumber(value: SenmlValue | undefined): boolean {
    return typeof value !== "number" || value - value === 0
}

/** Whether a name is valid: a letter or a digit, followed by letters, digits and -:./_ (RFC 8428 §4.5.1). */
function isName(name: string): boolean {
    for (let i = 0; i < name.length; i++) {
        const code = name.charCodeAt(i)
        const isAlphanumeric = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
        if (!isAlphanumeric && (i === 0 || "-:./_".indexOf(name.charAt(i)) < 0)) return false
    }
    return name.length > 0
}

export function itemOf(fields: Field[], label: number): CborItem | undefined {
    const field = fields.find((candidate) => candidate.label === label)
    return field === undefined ? undefined : field.item
}

/** No type check is needed: it was done when the field was read. */
function textOf(fields: Field[], label: Label): string | undefined {
    const item = itemOf(fields, label)
    return item === undefined ? undefined : item.text
}

function numberOf(fields: Field[], label: Label): number | undefined {
    const item = itemOf(fields, label)
    return item === undefined ? undefined : item.number
}
