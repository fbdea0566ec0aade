import { readSenmlCbor, type ResolvedRecord, type SenmlRecord, writeSenmlCbor } from "../../src/coap/senml.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

function isFinite(value: number): boolean {
    return value - value === 0
}

function checkNumber(value: number | undefined, what: string): void {
    promise(value === undefined || isFinite(value), what + " is a finite number")
}

/** The records that the writer supports: numeric ones. */
function writable(records: ResolvedRecord[]): SenmlRecord[] {
    const found: SenmlRecord[] = []
    for (const record of records) {
        const { name, unit, value, time } = record
        if (typeof value === "number") found.push({ name, unit, value, time })
    }
    return found
}

function checkAgain(records: SenmlRecord[]): void {
    const again = readSenmlCbor(writeSenmlCbor("", records))
    promise(again !== undefined && again.length === records.length, "what was read can be written and read")
    if (again === undefined) return
    for (let i = 0; i < records.length; i++) {
        const was = records[i] as SenmlRecord
        const is = again[i] as ResolvedRecord
        promise(was.name === is.name && was.unit === is.unit, "names and units stay")
        promise(was.value === is.value && was.time === is.time, "values and times stay")
    }
}

function prepare(): FuzzRun {
    return async (input) => {
        const records = readSenmlCbor(input)
        if (records === undefined) return
        for (const record of records) {
            promise(record.name.length > 0, "a record has a name")
            if (typeof record.value === "number") checkNumber(record.value, "a value")
            checkNumber(record.sum, "a sum")
            checkNumber(record.time, "a time")
        }
        checkAgain(writable(records))
    }
}

function seeds(): Buffer[] {
    const record = (name: string, value: number, time: number | undefined): SenmlRecord => {
        return { name, unit: "Cel", value, time }
    }
    return [
        writeSenmlCbor("urn:dev:ow:10e2073a01080063:", [record("t", 23.1, 1276020076), record("h", -4, undefined)]),
        writeSenmlCbor("", [record("a", 0.5, -1.5), record("b", 281474976710655, 0), record("c", 65536, 70000)]),
    ]
}

/** SenML packs in CBOR (RFC 8428). */
export function senmlTarget(): FuzzTarget {
    return { states: 1, prepare, seeds }
}
