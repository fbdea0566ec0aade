import { ContentFormat } from "../coap/code-points.js"
import { writeSenmlCbor } from "../coap/senml.js"
import { decimalText, type Sample } from "./reading.js"

/** A sample as message payload: text, JSON or SenML+CBOR. */
export function writePayload(sample: Sample, format: ContentFormat, baseName: string): Buffer {
    if (format === ContentFormat.SENML_CBOR) return writeSenml(sample, baseName)
    if (format === ContentFormat.JSON) return Buffer.from(jsonOf(sample))
    return Buffer.from(sample.readings.map((r) => r.name + " " + decimalText(r.value) + " " + r.unit).join("\n"))
}

function writeSenml(sample: Sample, baseName: string): Buffer {
    const records = sample.readings.map((r) => ({ name: r.name, unit: r.unit, value: r.value, time: sample.time }))
    return writeSenmlCbor(baseName, records)
}

/** By hand: names and units are ASCII without quotes, and DeviceScript prints fractions with 7 digits only. */
function jsonOf(sample: Sample): string {
    const members = sample.readings.map(
        (r) => '"' + r.name + '":{"value":' + decimalText(r.value) + ',"unit":"' + r.unit + '"}',
    )
    return "{" + members.join(",") + "}"
}
