import { CoapCode, CoapOption } from "../coap/code-points.js"
import { type CoapMessage, uintOptionOf } from "../coap/message.js"
import { defaultSenmlLimits, readSenmlCbor } from "../coap/senml.js"
import { Lwm2mFormat } from "./formats.js"
import { type ObjectInstance, type Resource, type ResourceValue, ValueKind } from "./resource.js"
import { senmlValue } from "./senml.js"
import { readTlv, TlvType, tlvValue } from "./tlv.js"

/** A value that a server wants to write. */
export interface WrittenValue {
    resource: Resource
    value: ResourceValue
}

/** A received value, before it is known whether such a resource exists. */
interface Came {
    id: number
    /** returns the value as this kind; undefined: the value is of another kind */
    value: (kind: ValueKind) => ResourceValue | undefined
}

/**
 * Reads the values that a request wants to write to an instance, or to one of its resources. Returns an error code if they cannot be
 * written: 4.15 for an unknown format, 4.00 for a malformed body and for a value of another kind or that is not accepted, 4.04 for a
 * missing resource, and 4.05 for one that is not writable.
 */
export function readWrites(instance: ObjectInstance, path: number[], request: CoapMessage): WrittenValue[] | CoapCode {
    const format = uintOptionOf(request, CoapOption.CONTENT_FORMAT, -1)
    const isKnown = format === Lwm2mFormat.TLV || format === Lwm2mFormat.SENML_CBOR || format === Lwm2mFormat.TEXT
    if (!isKnown) return CoapCode.UNSUPPORTED_CONTENT_FORMAT
    const came = cameIn(path, request.payload, format)
    if (came === undefined || came.length === 0) return CoapCode.BAD_REQUEST
    const written: WrittenValue[] = []
    for (const one of came) {
        const value = path.length === 3 && one.id !== path[2] ? CoapCode.BAD_REQUEST : writtenIn(instance, one)
        if (typeof value === "number") return value
        written.push(value)
    }
    return written
}

function writtenIn(instance: ObjectInstance, came: Came): WrittenValue | CoapCode {
    const resource = instance.resources.find((candidate) => candidate.id === came.id)
    if (resource === undefined) return CoapCode.NOT_FOUND
    if (resource.write === undefined) return CoapCode.METHOD_NOT_ALLOWED
    const { value: valueAs } = came
    const value = valueAs(resource.kind)
    const { accepts } = resource
    if (value === undefined || (accepts !== undefined && !accepts(value))) return CoapCode.BAD_REQUEST
    return { resource, value }
}

function cameIn(path: number[], payload: Buffer, format: number): Came[] | undefined {
    if (format === Lwm2mFormat.TLV) return cameInTlv(payload)
    if (format === Lwm2mFormat.SENML_CBOR) return cameInSenml(path, payload)
    return path.length === 3 ? [{ id: path[2], value: (kind) => textValue(kind, payload.toString()) }] : undefined
}

function cameInTlv(payload: Buffer): Came[] | undefined {
    const entries = readTlv(payload)
    if (entries === undefined || !entries.every((entry) => entry.type === TlvType.resource)) return undefined
    return entries.map((entry) => ({ id: entry.id, value: (kind: ValueKind) => tlvValue(kind, entry.content) }))
}

/** Reads a SenML body, in which each name is the full path of a resource of this instance. */
function cameInSenml(path: number[], payload: Buffer): Came[] | undefined {
    const limits = defaultSenmlLimits()
    limits.paths = true
    const records = readSenmlCbor(payload, limits)
    if (records === undefined) return undefined
    const start = "/" + path[0] + "/" + path[1] + "/"
    if (!records.every((record) => record.name.startsWith(start))) return undefined
    return records.map((record) => ({
        id: wholeNumber(record.name.slice(start.length)) ?? -1,
        value: (kind: ValueKind) => senmlValue(kind, record.value),
    }))
}

function textValue(kind: ValueKind, text: string): ResourceValue | undefined {
    if (kind === ValueKind.text) return text
    if (kind === ValueKind.boolean) return text === "1" || text === "0" ? text === "1" : undefined
    if (kind === ValueKind.integer) return wholeNumber(text)
    if (kind === ValueKind.opaque) return undefined
    const value = parseFloat(text)
    return value - value === 0 ? value : undefined
}

/** Parses a whole number, with or without a minus sign. */
function wholeNumber(text: string): number | undefined {
    const value = text.length > 0 && text.length <= 15 ? parseInt(text) : NaN
    return value - value === 0 && "" + value === text ? value : undefined
}
