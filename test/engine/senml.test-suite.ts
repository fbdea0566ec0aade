import { type CborItem, readCborItem, skipCborContent } from "../../src/coap/cbor.js"
import { readSenmlCbor, type ResolvedRecord, writeSenmlCbor } from "../../src/coap/senml.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
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

/** The item in `hex`; undefined unless it is well-formed and takes all bytes. */
function itemIn(hex: string): CborItem | undefined {
    const data = Buffer.from(hex, "hex")
    const reader = new Reader(data, 0, data.length)
    const item = readCborItem(reader)
    return item !== undefined && skipCborContent(reader, item) && reader.done() ? item : undefined
}

function records(hex: string): ResolvedRecord[] | undefined {
    return readSenmlCbor(Buffer.from(hex, "hex"))
}

/** The only record of a pack with these fields. */
function recordOf(fields: string): ResolvedRecord | undefined {
    const read = records("81" + fields)
    return read === undefined || read.length !== 1 ? undefined : read[0]
}

function numberIn(hex: string): unknown {
    const record = recordOf("a200616102" + hex)
    return record === undefined ? undefined : record.value
}

/** RFC 8949 appendix A: encoded numbers, and their values in binary64. */
const numbers: { hex: string; value: number }[] = [
    { hex: "00", value: 0 },
    { hex: "01", value: 1 },
    { hex: "0a", value: 10 },
    { hex: "17", value: 23 },
    { hex: "1818", value: 24 },
    { hex: "1819", value: 25 },
    { hex: "1864", value: 100 },
    { hex: "1903e8", value: 1000 },
    { hex: "1a000f4240", value: 1000000 },
    { hex: "1b000000e8d4a51000", value: 1000000000000 },
    { hex: "1bffffffffffffffff", value: 18446744073709551616 },
    { hex: "3bffffffffffffffff", value: -18446744073709551616 },
    { hex: "20", value: -1 },
    { hex: "29", value: -10 },
    { hex: "3863", value: -100 },
    { hex: "3903e7", value: -1000 },
    { hex: "f90000", value: 0 },
    { hex: "f98000", value: 0 },
    { hex: "f93c00", value: 1 },
    { hex: "fb3ff199999999999a", value: 1.1 },
    { hex: "f93e00", value: 1.5 },
    { hex: "f97bff", value: 65504 },
    { hex: "fa47c35000", value: 100000 },
    { hex: "fa7f7fffff", value: 3.4028234663852886e38 },
    { hex: "fb7e37e43c8800759c", value: 1e300 },
    { hex: "f90001", value: 5.960464477539063e-8 },
    { hex: "f90400", value: 0.00006103515625 },
    { hex: "f9c400", value: -4 },
    { hex: "fbc010666666666666", value: -4.1 },
    { hex: "c11a514b67b0", value: 1363896240 },
    { hex: "c1fb41d452d9ec200000", value: 1363896240.5 },
]

/** RFC 8949 appendix A: items that are not numbers, by the reader's kind. */
function others(): { kind: string; items: string[] }[] {
    return [
        {
            kind: "other",
            items: [
                // Bignums, infinities, NaN, null, undefined, simple values, a date, embedded CBOR, strings in chunks.
                "c249010000000000000000 c349010000000000000000 f97c00 f97e00 f9fc00 fa7f800000 fa7fc00000 faff800000",
                "fb7ff0000000000000 fb7ff8000000000000 fbfff0000000000000 f6 f7 f0 f8ff",
                "c074323031332d30332d32315432303a30343a30305a d818456449455446",
                "5f42010243030405ff 7f657374726561646d696e67ff",
            ],
        },
        { kind: "boolean", items: ["f4 f5"] },
        { kind: "bytes", items: ["40 4401020304 d74401020304"] },
        {
            kind: "text",
            items: [
                "60 6161 6449455446 62225c 62c3bc 63e6b0b4 64f0908591",
                "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
            ],
        },
        {
            kind: "array",
            items: [
                "80 83010203 8301820203820405 826161a161626163 9fff 9f018202039f0405ffff 9f01820203820405ff",
                "83018202039f0405ff 83019f0203ff820405 826161bf61626163ff",
                "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
                "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
            ],
        },
        {
            kind: "map",
            items: [
                "a0 a201020304 a26161016162820203 a56161614161626142616361436164614461656145",
                "bf61610161629f0203ffff bf6346756ef563416d7421ff",
            ],
        },
    ]
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
    t.describe("CBOR", () => {
        t.test("numbers of RFC 8949 appendix A decode to their nearest binary64 value", async () => {
            for (const vector of numbers) {
                const item = itemIn(vector.hex)
                t.equal(item === undefined ? vector.hex : item.kind, "number")
                t.equal(item === undefined ? vector.hex : item.number + 0, vector.value)
            }
        })
        t.test(
            "all other items of RFC 8949 appendix A decode by type, and are skipped with their content",
            async () => {
                for (const vectors of others()) {
                    for (const hex of vectors.items.join(" ").split(" ")) {
                        const item = itemIn(hex)
                        t.equal(item === undefined ? hex : item.kind, vectors.kind)
                    }
                }
            },
        )
        t.test("that is not well-formed decodes to undefined", async () => {
            const damaged =
                "18 1900 1b00000000000000 1c 1f 3e df 41 61 62c328 81 8200 a1 a100 a1ff00 9f 9f00 bf00 bf00ff 81ff " +
                "5f 5f00ff 5f6100ff 5f5f4100ffff 7f4100ff 7f61c3ff f8 f800 f818 f97e fc c1 c1ff c400 c48101 c482016161 9b0000ffffffffffff"
            for (const hex of damaged.split(" ")) t.equal(itemIn(hex) === undefined ? "" : hex, "")
        })
        t.test("nested deeper than the reader's limit decodes to undefined, whatever nests", async () => {
            t.equal(itemIn("818181818181818100") !== undefined, true)
            t.equal(itemIn("81818181818181818100") !== undefined, false)
            t.equal(itemIn("9f9f9f9f9f9f9f9f9f9f9f00ffffffffffffffffffffff") !== undefined, false)
            t.equal(itemIn("c1c1c1c1c1c1c1c1c1c100") !== undefined, false)
            t.equal(itemIn("a100a100a100a100a100a100a100a100a10000") !== undefined, false)
        })
        t.test("decimal fractions decode to the number their digits say", async () => {
            t.equal(numberIn("c4822018d7"), 21.5)
            t.equal(numberIn("c48221196ab3"), 273.15)
            t.equal(numberIn("c48221396ab2"), -273.15)
            t.equal(numberIn("c482021821"), 3300)
            t.equal(numberIn("c482351b001fffffffffffff"), 9007199254740991e-22)
            t.equal(numberIn("c4821601"), 1e22)
        })
        t.test("integers are exact up to 2^53, and rounded to the nearest binary64 value beyond", async () => {
            t.equal(numberIn("1b0001000000000000"), 281474976710656)
            t.equal(numberIn("1b001fffffffffffff"), 9007199254740991)
            t.equal(numberIn("3b001fffffffffffff"), -9007199254740992)
            t.equal(numberIn("1b0020000000000001"), 9007199254740992)
            t.equal(numberIn("1b0020000000000003"), 9007199254740996)
            t.equal(numberIn("3b0020000000000002"), -9007199254740996)
        })
    })
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
