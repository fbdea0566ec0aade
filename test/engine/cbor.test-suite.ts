import { type CborItem, readCborItem, skipCborContent } from "../../src/coap/cbor.js"
import { writeCborFloat, writeCborInteger } from "../../src/coap/cbor-writer.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { Writer } from "../../src/dtls/bytes/writer.js"
import { type Kit } from "../kit.js"

/** The item in `hex`; undefined unless it is well-formed and takes all bytes. */
function itemIn(hex: string): CborItem | undefined {
    const data = Buffer.from(hex, "hex")
    const reader = new Reader(data, 0, data.length)
    const item = readCborItem(reader)
    return item !== undefined && skipCborContent(reader, item) && reader.done() ? item : undefined
}

function numberIn(hex: string): unknown {
    const item = itemIn(hex)
    return item === undefined || item.kind !== "number" ? undefined : item.number
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

/** Numbers at the limits of binary16 and binary32. */
const shortestForms: { hex: string; value: number }[] = [
    { hex: "f94d40", value: 21 },
    { hex: "f96800", value: 2048 },
    { hex: "fa45001000", value: 2049 },
    { hex: "fa477ff000", value: 65520 },
    { hex: "fa4b7fffff", value: 16777215 },
    { hex: "fb4170000010000000", value: 16777217 },
    { hex: "fb40355eb851eb851f", value: 21.37 },
    // The smallest normal number and the smallest of all in binary16, and the next below it, which needs binary32.
    { hex: "f90400", value: Math.pow(2, -14) },
    { hex: "f90001", value: Math.pow(2, -24) },
    { hex: "fa33000000", value: Math.pow(2, -25) },
    // The same in binary32.
    { hex: "fa00800000", value: Math.pow(2, -126) },
    { hex: "fa00000001", value: Math.pow(2, -149) },
    { hex: "fb3690000000000000", value: Math.pow(2, -150) },
    { hex: "fa7f000000", value: Math.pow(2, 127) },
    { hex: "fb47f0000000000000", value: Math.pow(2, 128) },
]

const integers: { hex: string; value: number }[] = [
    { hex: "00", value: 0 },
    { hex: "20", value: -1 },
    { hex: "1903e8", value: 1000 },
    { hex: "1affffffff", value: 4294967295 },
    { hex: "1b0000000100000000", value: 4294967296 },
    { hex: "3affffffff", value: -4294967296 },
    { hex: "3b0000000100000000", value: -4294967297 },
    { hex: "1b001fffffffffffff", value: 9007199254740991 },
    { hex: "3b001ffffffffffffe", value: -9007199254740991 },
]

function floatHex(value: number): string {
    const writer = new Writer(9)
    writeCborFloat(writer, value)
    return writer.finish().toString("hex")
}

function integerHex(value: number): string {
    const writer = new Writer(9)
    writeCborInteger(writer, value)
    return writer.finish().toString("hex")
}

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

export function cborTests(t: Kit): void {
    t.describe("CBOR", () => {
        t.test("numbers of RFC 8949 appendix A decode to their nearest binary64 value", async () => {
            for (const vector of numbers) {
                const item = itemIn(vector.hex)
                t.equal(item === undefined ? vector.hex : item.kind, "number")
                t.equal(item === undefined ? vector.hex : item.number + 0, vector.value)
            }
        })
        t.test(
            "floating-point numbers of RFC 8949 appendix A are written as they are there, whole or not",
            async () => {
                // -0 is written as 0.
                const floats = numbers.filter((vector) => vector.hex.startsWith("f") && vector.hex !== "f98000")
                t.equal(floats.length > 10, true)
                for (const vector of floats) t.equal(floatHex(vector.value), vector.hex)
            },
        )
        t.test("floating-point numbers are written in the shortest form that represents them exactly", async () => {
            for (const vector of shortestForms) {
                t.equal(floatHex(vector.value), vector.hex)
                t.equal(numberIn(vector.hex), vector.value)
                const negative = floatHex(-vector.value)
                t.equal(numberIn(negative), -vector.value)
                t.equal(negative.length, vector.hex.length)
            }
        })
        t.test("integers are written as integers, also above 2^32", async () => {
            for (const vector of integers) {
                t.equal(integerHex(vector.value), vector.hex)
                t.equal(numberIn(vector.hex), vector.value)
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
}
