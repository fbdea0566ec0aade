import { readSenmlCbor, type ResolvedRecord, writeSenmlCbor } from "../../src/coap/senml.js"
import { jsonFormat, type PayloadFormat, senmlFormat, textFormat } from "../../src/sensor/payload.js"
import { decimalText } from "../../src/sensor/reading.js"
import { type Kit } from "../kit.js"

const sample = {
    number: 1,
    time: 1700000000,
    readings: [
        { name: "temperature", unit: "Cel", value: 21.37 },
        { name: "humidity", unit: "%RH", value: -0.5 },
    ],
}

function records(hex: string): ResolvedRecord[] | undefined {
    return readSenmlCbor(Buffer.from(hex, "hex"))
}

/** The only record of a pack with these fields. */
function recordOf(fields: string): ResolvedRecord | undefined {
    const read = records("81" + fields)
    return read === undefined || read.length !== 1 ? undefined : read[0]
}

/** The example of RFC 8428 §6. */
const example = [
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a",
    "22fb41d303a15b00106223614120050067766f6c7461676501615602fb405e06",
    "6666666666a3006763757272656e74062402fb3ff3333333333333a300676375",
    "7272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3f",
    "f6666666666666a3006763757272656e74062102f93e00a3006763757272656e",
    "74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333",
    "333333",
].join("")

/** The argument named by the error that a format throws for this value. */
function refusalOf(format: PayloadFormat, value: number): string {
    try {
        format.write({ number: 1, time: undefined, readings: [{ name: "temperature", unit: "Cel", value }] })
    } catch (error) {
        return (error as { argument: string }).argument
    }
    return "written"
}

export function senmlTests(t: Kit): void {
    t.describe("SenML packs", () => {
        t.test("survive the round trip, exactly", async () => {
            const read = readSenmlCbor(senmlFormat("urn:x:").write(sample))
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(read.length, 2)
            t.equal((read[0] as ResolvedRecord).name, "urn:x:temperature")
            t.equal((read[0] as ResolvedRecord).value, 21.37)
            t.equal((read[1] as ResolvedRecord).value, -0.5)
            t.equal((read[1] as ResolvedRecord).time, 1700000000)
        })
        t.test("numbers of every magnitude are read back as they were written", async () => {
            const values = [24, 256, 65536, 4294967295, 4294967296, 9007199254740991, 0.1, 1e21]
            for (const value of values) {
                for (const signed of [value, -value]) {
                    const read = readSenmlCbor(
                        writeSenmlCbor("", [{ name: "a", unit: "b", value: signed, time: undefined }]),
                    )
                    t.equal(read === undefined ? "unreadable" : (read[0] as ResolvedRecord).value, signed + 0)
                }
            }
        })
        t.test("that are truncated decode to undefined and cause no loop", async () => {
            const bytes = writeSenmlCbor("", [{ name: "a", unit: "b", value: 1, time: undefined }])
            t.equal(records("9b0000ffffffffffff"), undefined)
            t.equal(records("81bb0000ffffffffffff"), undefined)
            for (let end = 0; end < bytes.length; end++) {
                const cut = Buffer.alloc(end)
                for (let i = 0; i < end; i++) cut[i] = bytes[i]
                t.equal(readSenmlCbor(cut), undefined)
            }
        })
        t.test("the example of RFC 8428 §6 is resolved", async () => {
            const read = records(example)
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(read.length, 7)
            const values = [120.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
            for (let i = 0; i < 7; i++) {
                const record = read[i] as ResolvedRecord
                t.equal(record.name, "urn:dev:ow:10e2073a0108006:" + (i === 0 ? "voltage" : "current"))
                t.equal(record.unit, i === 0 ? "V" : "A")
                t.equal(record.value, values[i])
                t.equal(record.time, i === 0 ? 1276020076.001 : 1276020076.001 + i - 6)
            }
        })
        t.test("keep strings, booleans and data beside numbers", async () => {
            const read = records("84a200616102f93e00a200616203626f6ba200616304f5a20061640843010203")
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(read.length, 4)
            t.equal((read[0] as ResolvedRecord).value, 1.5)
            t.equal((read[1] as ResolvedRecord).value, "ok")
            t.equal((read[2] as ResolvedRecord).value, true)
            t.equal(((read[3] as ResolvedRecord).value as Buffer).toString("hex"), "010203")
        })
        t.test("base values, sums and times are added; a missing one counts as 0", async () => {
            const record = recordOf("a8241864251903e8221a60aa5cd00061610201050a062407183c")
            if (record === undefined) return t.equal("unreadable", "")
            t.equal(record.value, 101)
            t.equal(record.sum, 1010)
            t.equal(record.time, 1621777611)
            t.equal(record.updateTime, 60)
            const sumOnly = recordOf("a2006161050a")
            t.equal(sumOnly === undefined ? "" : sumOnly.value, undefined)
            t.equal(sumOnly === undefined ? "" : sumOnly.sum, 10)
            const baseOnly = recordOf("a2241864006161")
            t.equal(baseOnly === undefined ? "" : baseOnly.value, 100)
        })
        t.test(
            "a record of base fields alone yields none, and applies to those that follow until the next",
            async () => {
                const read = records("83a22162783a236141a20061610201a32162793a0061620202")
                if (read === undefined) return t.equal("unreadable", "")
                t.equal(read.map((record) => record.name + record.unit).join(), "x:aA,y:bA")
            },
        )
        t.test("unknown fields are ignored with all their content, except those that end in _", async () => {
            for (const extra of [
                "627878820102",
                "627878a10102",
                "6278789f0102ff",
                "627878f7",
                "627878c249010000000000000000",
                "186301",
                "386301",
                "09f6",
            ]) {
                const record = recordOf("a30061610201" + extra)
                t.equal(record === undefined ? extra : record.value, 1)
            }
            t.equal(records("81a3006161020162785f01"), undefined)
        })
        t.test("an invalid value drops its record and no other", async () => {
            for (const hex of [
                "f97e00",
                "fa7f800000",
                "fbfff0000000000000",
                "f6",
                "c249010000000000000000",
                "c48219019501",
            ]) {
                const read = records("82a200616102" + hex + "a20061620202")
                t.equal(read === undefined ? hex : read.map((record) => record.name).join(), "b")
            }
            const overflow = "82a324fb7fefffffffffffff00616102fb7fefffffffffffffa324000061620202"
            const read = records(overflow)
            t.equal(read === undefined ? "" : read.map((record) => record.name).join(), "b")
        })
        t.test("versions above 10 are refused, and so are two versions in one pack", async () => {
            t.equal(recordOf("a3200a0061610201") === undefined, false)
            t.equal(recordOf("a320050061610201") === undefined, false)
            for (const version of ["0b", "1863", "181a", "00", "21", "f93e00"])
                t.equal(records("81a320" + version + "0061610201") === undefined ? "" : version, "")
            t.equal(records("82a20061610201a320050061620202"), undefined)
        })
        t.test("arrays and maps of indefinite length are read, too", async () => {
            t.equal((records("9fa20061610201a20061620202ff") as ResolvedRecord[]).length, 2)
            t.equal((records("81bf0061610201ff") as ResolvedRecord[]).length, 1)
            t.equal(records("9fa20061610201"), undefined)
            t.equal(records("9fa20061610201ff00"), undefined)
            t.equal(records("81bf00616102ff"), undefined)
        })
        t.test("tags that leave a value unchanged are skipped", async () => {
            t.equal((records("d9d9f781a20061610201") as ResolvedRecord[]).length, 1)
            const record = recordOf("a3006161020106c11a5b2c0000")
            t.equal(record === undefined ? "" : record.time, 1529610240)
        })
        t.test("fields of a wrong type, or twice in a record, or two values make a pack invalid", async () => {
            for (const fields of [
                "a200010201",
                "a2006161026131",
                "a300616102010202",
                "a3006161020104f5",
                "a3006161020106f6",
                "a3006161020121f6",
                "a280000201",
            ])
                t.equal(records("81" + fields) === undefined ? "" : fields, "")
        })
        t.test("names allow the characters of RFC 8428 §4.5.1 only", async () => {
            t.equal(recordOf("a2006841307a2d3a2e2f5f0201") === undefined, false)
            // Empty, a space, a line feed, an escape, a letter beyond ASCII, a leading point.
            for (const name of ["60", "63612062", "63610a62", "63611b62", "63c3a962", "622e61"])
                t.equal(records("81a200" + name + "0201") === undefined ? "" : name, "")
            t.equal(records("81a10201"), undefined)
        })
        t.test("records and the lengths of names and units are limited", async () => {
            const limits = { records: 2, nameLength: 4, unitLength: 3 }
            const read = (hex: string) => readSenmlCbor(Buffer.from(hex, "hex"), limits) !== undefined
            const record = "a20061610201"
            t.equal(read("82" + record + record), true)
            t.equal(read("83" + record + record + record), false)
            t.equal(read("9f" + record + record + record + "ff"), false)
            t.equal(read("81a32162783a006261610201"), true)
            t.equal(read("81a32162783a00636161610201"), false)
            t.equal(read("81a3016343656c0061610201"), true)
            t.equal(read("81a3016443656c6c0061610201"), false)
        })
    })
    t.describe("payloads", () => {
        t.test("text and JSON print two decimals in both languages", async () => {
            t.equal(decimalText(-3.456), "-3.46")
            t.equal(decimalText(0.05), "0.05")
            t.equal(decimalText(9999999999999), "9999999999999.00")
            t.equal(textFormat().write(sample).toString(), "temperature 21.37 Cel\nhumidity -0.50 %RH")
            t.equal(
                jsonFormat().write(sample).toString(),
                '{"temperature":{"value":21.37,"unit":"Cel"},"humidity":{"value":-0.50,"unit":"%RH"}}',
            )
        })
        t.test("NaN and the infinities are not numbers in any format", async () => {
            for (const format of [senmlFormat("urn:x:"), jsonFormat(), textFormat()]) {
                t.equal(refusalOf(format, 0 / 0), "value")
                t.equal(refusalOf(format, 1 / 0), "value")
                t.equal(refusalOf(format, -1 / 0), "value")
            }
            // Its two decimals would be printed differently in the two languages.
            t.equal(refusalOf(textFormat(), 1e13), "value")
        })
    })
}
