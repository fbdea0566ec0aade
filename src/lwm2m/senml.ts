import { Writer } from "../dtls/bytes/writer.js"
import {
    writeCborArray,
    writeCborBoolean,
    writeCborBytes,
    writeCborFloat,
    writeCborInteger,
    writeCborMap,
    writeCborNumber,
    writeCborText,
} from "../coap/cbor-writer.js"
import { Label } from "../coap/senml-writer.js"
import { type Leaf, type ResourceValue, ValueKind } from "./resource.js"

/** Writes values as a SenML CBOR pack (OMA LwM2M Core 1.1 §7.4.5). The base name is the path of the object, for example "/3/". */
export function writeSenmlLeaves(object: number, leaves: Leaf[]): Buffer {
    const writer = new Writer(64)
    writeCborArray(writer, leaves.length)
    for (let i = 0; i < leaves.length; i++) {
        writeCborMap(writer, i === 0 ? 3 : 2)
        if (i === 0) {
            writeCborNumber(writer, Label.baseName)
            writeCborText(writer, "/" + object + "/")
        }
        writeLeaf(writer, leaves[i])
    }
    return writer.finish()
}

function writeLeaf(writer: Writer, leaf: Leaf): void {
    const { instance, resource, index, kind, value } = leaf
    writeCborNumber(writer, Label.name)
    writeCborText(writer, instance + "/" + resource + (index < 0 ? "" : "/" + index))
    writeValue(writer, kind, value)
}

function writeValue(writer: Writer, kind: ValueKind, value: ResourceValue): void {
    if (kind === ValueKind.text) {
        writeCborNumber(writer, Label.stringValue)
        writeCborText(writer, value as string)
    } else if (kind === ValueKind.boolean) {
        writeCborNumber(writer, Label.booleanValue)
        writeCborBoolean(writer, value as boolean)
    } else if (kind === ValueKind.opaque) {
        writeCborNumber(writer, Label.dataValue)
        writeCborBytes(writer, value as Buffer)
    } else {
        writeCborNumber(writer, Label.value)
        // Servers may refuse an integer in place of a floating-point number and vice versa, as Leshan does.
        if (kind === ValueKind.float) writeCborFloat(writer, value as number)
        else writeCborInteger(writer, value as number)
    }
}

/** Converts a record's value to this kind; undefined if it is of another kind. */
export function senmlValue(kind: ValueKind, value: ResourceValue | undefined): ResourceValue | undefined {
    if (kind === ValueKind.text) return typeof value === "string" ? value : undefined
    if (kind === ValueKind.boolean) return typeof value === "boolean" ? value : undefined
    if (kind === ValueKind.opaque) return value instanceof Buffer ? value : undefined
    if (typeof value !== "number") return undefined
    return kind === ValueKind.float || Math.floor(value) === value ? value : undefined
}
