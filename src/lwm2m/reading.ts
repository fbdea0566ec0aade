import { CoapCode, CoapOption } from "../coap/code-points.js"
import { uintOption } from "../coap/message.js"
import { type CoapAnswer } from "../coap/server.js"
import { invalidArgument } from "../gio/errors.js"
import { decimalText } from "../sensor/reading.js"
import { Lwm2mFormat } from "./formats.js"
import { type Leaf, type ObjectInstance, type Resource, ValueKind } from "./resource.js"
import { writeSenmlLeaves } from "./senml.js"
import { writeTlv } from "./tlv.js"

/**
 * Returns the values of an instance that a path names. Values that are not readable are left out. Throws INVALID_ARGUMENT (argument "value")
 * for a number that no format can express: one that is not finite, or a fraction in a resource of kind integer.
 */
export async function leavesOf(instance: ObjectInstance, path: number[]): Promise<Leaf[]> {
    let leaves: Leaf[] = []
    for (const resource of instance.resources)
        if (path.length < 3 || resource.id === path[2])
            leaves = [...leaves, ...(await leavesOfResource(instance.instance, resource))]
    leaves = leaves.filter((leaf) => path.length < 4 || leaf.index === path[3])
    leaves.forEach(checkNumber)
    return leaves
}

function checkNumber(leaf: Leaf): void {
    const { resource, kind } = leaf
    if (kind !== ValueKind.integer && kind !== ValueKind.float) return
    const value = leaf.value as number
    // value - value is 0 for finite numbers, and NaN for all others.
    if (value - value !== 0) throw invalidArgument("value", "must be finite (resource " + resource + ")")
    if (kind === ValueKind.integer && Math.floor(value) !== value)
        throw invalidArgument("value", "must be a whole number (resource " + resource + ")")
}

async function leavesOfResource(instance: number, resource: Resource): Promise<Leaf[]> {
    const { id, kind, read } = resource
    if (read === undefined) return []
    const value = await read()
    if (!Array.isArray(value)) return [{ instance, resource: id, index: -1, kind, value }]
    return value.map((one, index) => ({ instance, resource: id, index, kind, value: one }))
}

/**
 * Writes values in the requested format. Returns undefined if this format cannot express them.
 * @param accept -1: no format was requested; then a single value is written as text, and several values as SenML
 */
export function writeLeaves(path: number[], leaves: Leaf[], accept: number): CoapAnswer | undefined {
    const isOne = path.length >= 3 && leaves.length === 1
    const format = accept >= 0 ? accept : isOne ? Lwm2mFormat.TEXT : Lwm2mFormat.SENML_CBOR
    const payload = bodyOf(path, leaves, format, isOne)
    if (payload === undefined) return undefined
    return { code: CoapCode.CONTENT, options: [uintOption(CoapOption.CONTENT_FORMAT, format)], payload }
}

function bodyOf(path: number[], leaves: Leaf[], format: number, isOne: boolean): Buffer | undefined {
    if (format === Lwm2mFormat.TLV) return writeTlv(leaves, path.length)
    if (format === Lwm2mFormat.SENML_CBOR) return writeSenmlLeaves(path[0], leaves)
    return format === Lwm2mFormat.TEXT && isOne ? textOf(leaves[0]) : undefined
}

/** Writes a value as text. Fractions have two decimals. */
function textOf(leaf: Leaf): Buffer | undefined {
    const { kind, value } = leaf
    if (kind === ValueKind.opaque) return undefined
    if (kind === ValueKind.boolean) return Buffer.from(value === true ? "1" : "0")
    return Buffer.from(kind === ValueKind.float ? decimalText(value as number) : "" + (value as number | string))
}
