import { ContentFormat } from "../coap/code-points.js"
import { writeSenmlCbor } from "../coap/senml-writer.js"
import { decimalText, type Sample } from "./reading.js"

/** How samples are written: handed to a sensor, so that a program carries only the format it names. */
export interface PayloadFormat {
    contentFormat: ContentFormat
    /** Throws when the sample cannot be written, with NaN for a value, for example: the sensor gives it up. */
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

/** {"name": {"value": 1.00, "unit": "..."}} */
export function jsonFormat(): PayloadFormat {
    return { contentFormat: ContentFormat.JSON, write: writeJson }
}

/** By hand, since DeviceScript prints fractions with 7 digits only. Names and units are ASCII: its JSON has no other texts. */
function writeJson(sample: Sample): Buffer {
    const members = sample.readings.map(
        (r) => JSON.stringify(r.name) + ':{"value":' + decimalText(r.value) + ',"unit":' + JSON.stringify(r.unit) + "}",
    )
    return Buffer.from("{" + members.join(",") + "}")
}
