import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { readCborItem } from "../../../src/coap/cbor.js"
import { writeCborFloat } from "../../../src/coap/cbor-writer.js"
import { defaultSenmlLimits, readSenmlCbor, type ResolvedRecord, writeSenmlCbor } from "../../../src/coap/senml.js"
import { readSenmlJson, writeSenmlJson } from "../../../src/coap/senml-json.js"
import { Reader } from "../../../src/dtls/bytes/reader.js"
import { Writer } from "../../../src/dtls/bytes/writer.js"

/** The labels of RFC 8428 §6, table 4. */
const labels = new Map(
    Object.entries({
        bver: -1,
        bn: -2,
        bt: -3,
        bu: -4,
        bv: -5,
        bs: -6,
        n: 0,
        u: 1,
        v: 2,
        vs: 3,
        vb: 4,
        s: 5,
        t: 6,
        ut: 7,
    }),
)
const DATA_VALUE = 8

type Json = string | number | boolean
type JsonRecord = Record<string, Json>

function head(major: number, value: number): Buffer {
    if (value < 24) return Buffer.from([(major << 5) | value])
    const bytes = Buffer.alloc(5)
    bytes[0] = (major << 5) | 26
    bytes.writeUInt32BE(value, 1)
    return bytes
}

function cborValue(value: Json | Buffer): Buffer {
    if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
    if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4])
    if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value < 0 ? head(1, -1 - value) : head(0, value)
    const bytes = Buffer.alloc(9, 0xfb)
    bytes.writeDoubleBE(value, 1)
    return bytes
}

/** Converts a pack in JSON to CBOR (RFC 8428 §6). */
function cborOf(pack: JsonRecord[]): Buffer {
    const record = (fields: JsonRecord): Buffer =>
        Buffer.concat([
            head(5, Object.keys(fields).length),
            ...Object.entries(fields).flatMap(([label, value]) =>
                label === "vd"
                    ? [cborValue(DATA_VALUE), cborValue(Buffer.from(value as string, "base64url"))]
                    : [cborValue(labels.get(label) as number), cborValue(value)],
            ),
        ])
    return Buffer.concat([head(4, pack.length), ...pack.map(record)])
}

/** Records as in JSON: only fields that are present, with binary data in base64url. */
function jsonOf(records: ResolvedRecord[] | undefined): unknown {
    return records?.map(({ name, unit, value, sum, time, updateTime }) => {
        const fields = { n: name, u: unit === "" ? undefined : unit, v: value, s: sum, t: time, ut: updateTime }
        const entries = Object.entries(fields).filter(([, field]) => field !== undefined)
        return Object.fromEntries(
            entries.map(([label, f]) => [label, Buffer.isBuffer(f) ? f.toString("base64url") : f]),
        )
    })
}

const device = "urn:dev:ow:10e2073a01080063"

/** RFC 8428 §5.1: each example and its resolved form (the RFC itself gives that only for §5.1.3). */
const examples: { section: string; pack: JsonRecord[]; resolved: JsonRecord[] }[] = [
    {
        section: "5.1.1",
        pack: [{ n: device, u: "Cel", v: 23.1 }],
        resolved: [{ n: device, u: "Cel", v: 23.1 }],
    },
    {
        section: "5.1.2",
        pack: [
            { bn: `${device}:`, n: "voltage", u: "V", v: 120.1 },
            { n: "current", u: "A", v: 1.2 },
        ],
        resolved: [
            { n: `${device}:voltage`, u: "V", v: 120.1 },
            { n: `${device}:current`, u: "A", v: 1.2 },
        ],
    },
    {
        section: "5.1.2, times",
        pack: [
            {
                bn: "urn:dev:ow:10e2073a0108006:",
                bt: 1.276020076001e9,
                bu: "A",
                bver: 5,
                n: "voltage",
                u: "V",
                v: 120.1,
            },
            { n: "current", t: -5, v: 1.2 },
            { n: "current", v: 1.7 },
        ],
        resolved: [
            { n: "urn:dev:ow:10e2073a0108006:voltage", u: "V", v: 120.1, t: 1276020076.001 },
            { n: "urn:dev:ow:10e2073a0108006:current", u: "A", v: 1.2, t: 1276020071.001 },
            { n: "urn:dev:ow:10e2073a0108006:current", u: "A", v: 1.7, t: 1276020076.001 },
        ],
    },
    {
        section: "5.1.3 and 5.1.4",
        pack: [
            { bn: device, bt: 1.320067464e9, bu: "%RH", v: 20 },
            { u: "lon", v: 24.30621 },
            { u: "lat", v: 60.07965 },
            { t: 60, v: 20.3 },
            { u: "%EL", t: 150, v: 98 },
            { u: "lat", t: 180, v: 60.07967 },
        ],
        resolved: [
            { n: device, u: "%RH", v: 20, t: 1320067464 },
            { n: device, u: "lon", v: 24.30621, t: 1320067464 },
            { n: device, u: "lat", v: 60.07965, t: 1320067464 },
            { n: device, u: "%RH", v: 20.3, t: 1320067524 },
            { n: device, u: "%EL", v: 98, t: 1320067614 },
            { n: device, u: "lat", v: 60.07967, t: 1320067644 },
        ],
    },
    {
        section: "5.1.5",
        pack: [
            { bn: `${device}:`, n: "temp", u: "Cel", v: 23.1 },
            { n: "label", vs: "Machine Room" },
            { n: "open", vb: false },
            { n: "nfv-reader", vd: "aGkgCg" },
        ],
        resolved: [
            { n: `${device}:temp`, u: "Cel", v: 23.1 },
            { n: `${device}:label`, v: "Machine Room" },
            { n: `${device}:open`, v: false },
            { n: `${device}:nfv-reader`, v: "aGkgCg" },
        ],
    },
    {
        section: "5.1.6",
        pack: [
            { bn: "2001:db8::2/", bt: 1.320078429e9, n: "temperature", u: "Cel", v: 25.2 },
            { bn: "2001:db8::1/", n: "temperature", u: "Cel", v: 12.3 },
            { n: "humidity", u: "%RH", v: 67 },
        ],
        resolved: [
            { n: "2001:db8::2/temperature", u: "Cel", v: 25.2, t: 1320078429 },
            { n: "2001:db8::1/temperature", u: "Cel", v: 12.3, t: 1320078429 },
            { n: "2001:db8::1/humidity", u: "%RH", v: 67, t: 1320078429 },
        ],
    },
    {
        section: "5.1.7, a thermostat",
        pack: [{ bn: `${device}:` }, { n: "temp", u: "Cel", v: 23.1 }, { n: "heat", u: "/", v: 1 }],
        resolved: [
            { n: `${device}:temp`, u: "Cel", v: 23.1 },
            { n: `${device}:heat`, u: "/", v: 1 },
        ],
    },
    {
        section: "5.1.7, lights",
        pack: [
            { bt: 1.320078429e9, bu: "/", n: "2001:db8::3", v: 0.5 },
            { n: "2001:db8::3", t: 0.1, v: 0 },
        ],
        resolved: [
            { n: "2001:db8::3", u: "/", v: 0.5, t: 1320078429 },
            { n: "2001:db8::3", u: "/", v: 0, t: 1320078429.1 },
        ],
    },
]

describe("SenML", () => {
    for (const { section, pack, resolved } of examples)
        it(`resolves the example of RFC 8428 §${section}`, () => {
            deepStrictEqual(jsonOf(readSenmlCbor(cborOf(pack))), resolved)
            deepStrictEqual(jsonOf(readSenmlJson(Buffer.from(JSON.stringify(pack)))), resolved)
        })

    it("in JSON is refused as in CBOR: fields of a wrong type, two values, unknown mandatory labels, other text", () => {
        const read = (text: string | Buffer): unknown => jsonOf(readSenmlJson(Buffer.from(text)))
        for (const pack of [
            "",
            "{}",
            '{"n":"a","v":1}',
            '["a"]',
            "[null]",
            "[[]]",
            '[{"n":"a","v":1}',
            '[{"n":1,"v":1}]',
            '[{"n":"a","v":"1"}]',
            '[{"n":"a","v":{}}]',
            '[{"n":"a","vd":"a+/="}]',
            '[{"n":"a","vd":"a"}]',
            '[{"n":"a","v":1,"vs":"1"}]',
            '[{"n":"a","v":1,"must_":2}]',
            '[{"n":"a","v":1,"bver":11}]',
            '[{"n":"a","v":1,"bn":null}]',
            '[{"n":" a","v":1}]',
            Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]),
            "[".repeat(100000),
        ])
            strictEqual(read(pack), undefined, String(pack).slice(0, 40))
        deepStrictEqual(
            read('[{"n":"a","v":1,"may":{"v":2}},{"n":"b","v":null},{"n":"c","v":1e999},{"n":"d","vb":true}]'),
            [
                { n: "a", v: 1 },
                { n: "d", v: true },
            ],
        )
        const many = JSON.stringify(Array.from({ length: 257 }, () => ({ n: "a", v: 1 })))
        strictEqual(read(many), undefined)
    })

    it("written in JSON is read back, and what is not finite is refused", () => {
        const record = { name: "temperature", unit: "Cel", value: 21.37, time: undefined }
        const pack = writeSenmlJson("urn:dev:1:", [record, { ...record, name: "é", time: -5 }])
        strictEqual(
            pack.toString(),
            '[{"bn":"urn:dev:1:","n":"temperature","u":"Cel","v":21.37},{"n":"é","u":"Cel","v":21.37,"t":-5}]',
        )
        deepStrictEqual(jsonOf(readSenmlJson(writeSenmlJson("urn:dev:1:", [record]))), [
            { n: "urn:dev:1:temperature", u: "Cel", v: 21.37 },
        ])
        for (const wrong of [{ value: NaN }, { value: Infinity }, { time: -Infinity }])
            throws(() => writeSenmlJson("", [{ ...record, ...wrong }]), { argument: "value" })
    })

    it("writes and reads the smallest and the largest numbers that exist", () => {
        for (const value of [5e-324, 2 ** -1022, 1.7976931348623157e308, 1e300, 1e-300, 2 ** 53, 2 ** 48 + 0.5])
            for (const signed of [value, -value]) {
                const bytes = writeSenmlCbor("", [{ name: "a", unit: "b", value: signed, time: undefined }])
                strictEqual(readSenmlCbor(bytes)?.[0]?.value, signed)
                const writer = new Writer(9)
                writeCborFloat(writer, signed)
                const float = writer.finish()
                strictEqual(readCborItem(new Reader(float, 0, float.length))?.number, signed)
            }
    })

    it("a pack of 16 KB yields names of at most 64 KB in total, however long its base name and however many its records", () => {
        const bomb = (name: number, records: number): Buffer =>
            cborOf([{ bn: "n".repeat(name), v: 1 }, ...Array.from({ length: records - 1 }, () => ({ v: 1 }))])
        strictEqual(readSenmlCbor(bomb(8000, 2600)), undefined)
        strictEqual(readSenmlCbor(bomb(255, 257)), undefined)
        strictEqual(readSenmlCbor(bomb(256, 2)), undefined)
        const { records, nameLength } = defaultSenmlLimits()
        const read = readSenmlCbor(bomb(nameLength, records)) ?? []
        strictEqual(read.length, records)
        ok(read.reduce((sum, { name }) => sum + name.length, 0) <= 65536)
    })

    it("no bytes make the reader throw, or run for long", () => {
        const begun = performance.now()
        const seeds = examples.map(({ pack }) => cborOf(pack))
        let random = 1
        const next = (limit: number): number => {
            random = (Math.imul(random, 1103515245) + 12345) >>> 0
            return (random >>> 8) % limit
        }
        for (let i = 0; i < 20000; i++) {
            const bytes = Buffer.from(seeds[i % seeds.length])
            for (let change = 0; change <= i % 4; change++) bytes[next(bytes.length)] = next(256)
            for (const { name } of readSenmlCbor(bytes.subarray(0, 1 + next(bytes.length))) ?? [])
                ok(/^[\w:./-]+$/.test(name))
        }
        ok(performance.now() - begun < 20000)
    })
})
