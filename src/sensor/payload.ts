import { ContentFormat } from "../coap/code-points.js"
import { writeSenmlCbor } from "../coap/senml-writer.js"
import { decimalText, type Sample } from "./reading.js"

/** A format for samples, passed to a sensor so that a program contains only the format it names. */
export interface PayloadFormat {
    contentFormat: ContentFormat
    /** Throws if the sample cannot be encoded, for example because a value is NaN; the sensor then drops the sample. */
    write: (sample: Sample) => Buffer
}

/** SenML in CBOR (RFC 8428). @param baseName for example "urn:dev:mac:0024befffe804ff1:" */
export function senmlFormat(baseName: string): PayloadFormat {
    return { contentFormat: ContentFormat.SENML_CBOR, write: (sample) => writeSenml(sample, baseName) }
}

function writeSenml(sample: Sample, baseName: string): Buffer {
    const records = sample.readings.map((r) => ({ name: r.name, unit: r.unit, value: r.value, time: sample.time }))
    return writeSenmlCbor(baseName, records)
}

/** Lines "name value unit". */
export function textFormat(): PayloadFormat {
    return { contentFormat: ContentFormat.TEXT, write: writeText }
}

function writeText(sample: Sample): Buffer {
    return Buffer.from(sample.readings.map((r) => r.name + " " + decimalText(r.value) + " " + r.unit).join("\n"))
}

/** For example {"name": {"value": 1.00, "unit": "..."}} */
export function jsonFormat(): PayloadFormat {
    return { contentFormat: ContentFormat.JSON, write: writeJson }
}

/**
 * Not by JSON.stringify, because DeviceScript prints fractions with only 7 digits. Names and units are ASCII:
 * DeviceScript's JSON supports no other texts.
 */
function writeJson(sample: Sample): Buffer {
    const members = sample.readings.map(
        (r) => JSON.stringify(r.name) + ':{"value":' + decimalText(r.value) + ',"unit":' + JSON.stringify(r.unit) + "}",
    )
    return Buffer.from("{" + members.join(",") + "}")
}
