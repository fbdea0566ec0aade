import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { CoapClient } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "../../../src/coap/message.js"
import { Observation } from "../../../src/coap/observation.js"
import { defaultSenmlLimits, readSenmlCbor } from "../../../src/coap/senml.js"
import { Lwm2mFormat } from "../../../src/lwm2m/formats.js"
import { registrationLinks } from "../../../src/lwm2m/links.js"
import { Lwm2mObjects } from "../../../src/lwm2m/objects.js"
import { constant, type ObjectInstance, type Resource, ValueKind } from "../../../src/lwm2m/resource.js"
import {
    deviceObject,
    newServerAccount,
    securityObject,
    type ServerAccount,
    serverObject,
    temperatureObject,
} from "../../../src/lwm2m/standard-objects.js"
import { readTlv, tlvValue, writeTlv } from "../../../src/lwm2m/tlv.js"
import { leavesOf } from "../../../src/lwm2m/reading.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"

const INFORMATION = { manufacturer: "Mote", modelNumber: "m", serialNumber: "1", firmwareVersion: "1.0" }

interface Served {
    pair: CoapPair
    client: CoapClient
    objects: Lwm2mObjects
    account: ServerAccount
    measured: { value: number; minimum: number; maximum: number }
    /** functions called by Execute */
    calls: string[]
    ask: (code: CoapCode, path: string, ...more: Ask[]) => Promise<CoapMessage>
    /** the response code and its text */
    told: (code: CoapCode, path: string, ...more: Ask[]) => Promise<string>
}

/** The parts of a request besides its path: a format to accept, or a body and its format. */
type Ask = { accept: number } | { format: number; body: Buffer | string }

/** A client's objects, with `more` of them, at one end of a link, and their server at the other. */
async function served(more: ObjectInstance[] = []): Promise<Served> {
    const pair = new CoapPair()
    const objects = new Lwm2mObjects(pair.services)
    const account = newServerAccount(300)
    const measured = { value: 21.5, minimum: 20, maximum: 22.25 }
    const calls: string[] = []
    objects.add(securityObject())
    objects.add(serverObject(account, () => void calls.push("woken")))
    objects.add(
        deviceObject(
            INFORMATION,
            () => 1000,
            () => void calls.push("reboot"),
        ),
    )
    objects.add(temperatureObject(measured, () => void calls.push("reset")))
    for (const instance of more) objects.add(instance)
    await pair.serve(objects.asHandler())
    const client = await pair.client()
    const ask: Served["ask"] = (code, path, ...more) => {
        const request = requestFor(code, path)
        for (const one of more)
            if ("accept" in one) request.options.push(uintOption(CoapOption.ACCEPT, one.accept))
            else {
                request.options.push(uintOption(CoapOption.CONTENT_FORMAT, one.format))
                request.payload = Buffer.from(one.body)
            }
        return pair.settled(client.request(request))
    }
    const told: Served["told"] = async (...args) => {
        const { code, payload } = await ask(...args)
        return `${codeText(code)} ${payload.toString()}`.trim()
    }
    return { pair, client, objects, account, measured, calls, ask, told }
}

const text = (body: string): Ask => ({ format: Lwm2mFormat.TEXT, body })
const tlv = (hex: string): Ask => ({ format: Lwm2mFormat.TLV, body: Buffer.from(hex, "hex") })

/** The Device object of the specification's example (OMA LwM2M Core 1.1 §7.4.3.2). */
const EXAMPLE: ObjectInstance = {
    object: 3,
    instance: 0,
    version: "1.0",
    resources: [
        constant(0, ValueKind.text, "Open Mobile Alliance"),
        constant(1, ValueKind.text, "Lightweight M2M Client"),
        constant(2, ValueKind.text, "345000123"),
        constant(3, ValueKind.text, "1.0"),
        constant(6, ValueKind.integer, [1, 5]),
        constant(7, ValueKind.integer, [3800, 5000]),
        constant(8, ValueKind.integer, [125, 900]),
        constant(9, ValueKind.integer, 100),
        constant(10, ValueKind.integer, 15),
        constant(11, ValueKind.integer, [0]),
        constant(13, ValueKind.integer, 1367491215),
        constant(14, ValueKind.text, "+02:00"),
        constant(16, ValueKind.text, "U"),
    ],
}
const EXAMPLE_TLV = [
    "c800144f70656e204d6f62696c6520416c6c69616e6365",
    "c801164c69676874776569676874204d324d20436c69656e74",
    "c80209333435303030313233",
    "c303312e30",
    "860641000141" + "0105",
    "88070842000ed842011388",
    "870841007d42010384",
    "c10964",
    "c10a0f",
    "830b410000",
    "c40d5182428f",
    "c60e2b30323a3030",
    "c11055",
].join("")

describe("the TLV format of LwM2M", () => {
    it("matches the specification's example", async () => {
        strictEqual(writeTlv(await leavesOf(EXAMPLE, [3, 0]), 2).toString("hex"), EXAMPLE_TLV)
        const whole = writeTlv(await leavesOf(EXAMPLE, [3]), 1)
        strictEqual(whole.toString("hex"), `080079${EXAMPLE_TLV}`)
    })

    it("keeps integers of any size, floats and booleans", () => {
        const kept = (kind: ValueKind, value: number | boolean): unknown => {
            const leaf = { instance: 0, resource: 300, index: -1, kind, value }
            const [entry] = readTlv(writeTlv([leaf], 3)) ?? []
            strictEqual(entry?.id, 300)
            return tlvValue(kind, entry.content)
        }
        const integers = [0, 127, 128, -128, -129, 32768, -32769, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 52, -1]
        for (const value of integers) strictEqual(kept(ValueKind.integer, value), value)
        for (const value of [0, 21.37, -0.5, 1e300]) strictEqual(kept(ValueKind.float, value), value)
        for (const value of [true, false]) strictEqual(kept(ValueKind.boolean, value), value)
        strictEqual(tlvValue(ValueKind.float, Buffer.from("41ac0000", "hex")), 21.5)
    })

    it("is refused when it is truncated or has a value of the wrong size", () => {
        const data = Buffer.from(EXAMPLE_TLV, "hex")
        strictEqual(readTlv(data)?.length, EXAMPLE.resources.length)
        for (const hex of ["c1", "c801", "c80209333435", "e101"])
            strictEqual(readTlv(Buffer.from(hex, "hex")), undefined)
        strictEqual(tlvValue(ValueKind.integer, Buffer.alloc(3)), undefined)
        strictEqual(tlvValue(ValueKind.float, Buffer.from("7fc00000", "hex")), undefined)
        strictEqual(tlvValue(ValueKind.boolean, Buffer.from([2])), undefined)
    })
})

describe("an LwM2M client's objects", () => {
    it("are registered as links, except the Security object", async () => {
        const { objects } = await served()
        strictEqual(
            registrationLinks(objects.instances),
            '</>;rt="oma.lwm2m";ct="112 11542",</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,</3303>;ver=1.1,</3303/0>',
        )
    })

    it("are read as text, TLV and SenML", async () => {
        const { ask, told } = await served()
        strictEqual(await told(CoapCode.GET, "3303/0/5700"), "2.05 21.50")
        strictEqual(await told(CoapCode.GET, "1/0/6"), "2.05 0")
        strictEqual(await told(CoapCode.GET, "3/0/11/0"), "2.05 0")
        const inTlv = await ask(CoapCode.GET, "3303/0/5700", { accept: Lwm2mFormat.TLV })
        strictEqual(inTlv.payload.toString("hex"), "e8164408" + "4035800000000000")
        const inSenml = await ask(CoapCode.GET, "3")
        strictEqual(uintOptionOf(inSenml, CoapOption.CONTENT_FORMAT, -1), Lwm2mFormat.SENML_CBOR)
        const records = readSenmlCbor(inSenml.payload, { ...defaultSenmlLimits(), paths: true })
        deepStrictEqual(
            records?.map(({ name, value }) => [name, value]),
            [
                ["/3/0/0", "Mote"],
                ["/3/0/1", "m"],
                ["/3/0/2", "1"],
                ["/3/0/3", "1.0"],
                ["/3/0/11/0", 0],
                ["/3/0/13", 1000],
                ["/3/0/16", "U"],
            ],
        )
    })

    it("have floats and integers in every format, whether or not a float is whole", async () => {
        const { ask, told, measured } = await served()
        Object.assign(measured, { value: 21, minimum: -70000, maximum: 21.37 })
        strictEqual(await told(CoapCode.GET, "3303/0/5700"), "2.05 21.00")
        const payloadOf = async (path: string, accept: number): Promise<string> => {
            const { payload } = await ask(CoapCode.GET, path, { accept })
            return payload.toString("hex")
        }
        strictEqual(await payloadOf("3303/0/5700", Lwm2mFormat.TLV), "e8164408" + "4035000000000000")
        // [{-2: "/3303/", 0: "0/5601", 2: -70000.0}, {0: "0/5602", 2: 21.37}, {0: "0/5700", 2: 21.0}, {0: "0/5701", 3: "Cel"}]
        strictEqual(
            await payloadOf("3303/0", Lwm2mFormat.SENML_CBOR),
            [
                "84a321662f333330332f0066302f3536303102" + "fac788b800",
                "a20066302f3536303202" + "fb40355eb851eb851f",
                "a20066302f3537303002" + "f94d40",
                "a20066302f3537303103" + "6343656c",
            ].join(""),
        )
        strictEqual(await payloadOf("3/0/13", Lwm2mFormat.SENML_CBOR), "81a321632f332f0064302f313302" + "1903e8")
    })

    it("have integers above 2^32, and numbers below 0", async () => {
        const integers = constant(1, ValueKind.integer, [4294967296, -4294967297, 5e9, -1])
        const { ask } = await served([{ object: 32769, instance: 0, version: "1.0", resources: [integers] }])
        const { payload } = await ask(CoapCode.GET, "32769/0/1", { accept: Lwm2mFormat.SENML_CBOR })
        const encoded = ["1b0000000100000000", "3b0000000100000000", "1b000000012a05f200", "20"]
        for (const value of encoded) ok(payload.toString("hex").includes(`02${value}`), value)
        const records = readSenmlCbor(payload, { ...defaultSenmlLimits(), paths: true })
        deepStrictEqual(
            records?.map(({ value }) => value),
            [4294967296, -4294967297, 5e9, -1],
        )
    })

    it("answer 5.00 in every format for a float that is not finite, and for an integer that is not whole", async () => {
        const wrong: [ValueKind, number][] = [
            [ValueKind.float, NaN],
            [ValueKind.float, Infinity],
            [ValueKind.float, -Infinity],
            [ValueKind.integer, Infinity],
            [ValueKind.integer, 1.5],
        ]
        const resources = wrong.map(([kind, value], id) => constant(id, kind, value))
        const { ask } = await served([{ object: 32769, instance: 0, version: "1.0", resources }])
        for (const accept of [Lwm2mFormat.TEXT, Lwm2mFormat.TLV, Lwm2mFormat.SENML_CBOR])
            for (let id = 0; id < wrong.length; id++) {
                const { code } = await ask(CoapCode.GET, `32769/0/${id}`, { accept })
                strictEqual(codeText(code), "5.00", `${accept} ${id}`)
            }
    })

    it("take a number in CBOR as an integer or a float, if an integer's value is whole", async () => {
        const taken: unknown[] = []
        const writable = (id: number, kind: ValueKind): Resource => ({
            id,
            kind,
            write: (value) => {
                taken.push(value)
                return Promise.resolve()
            },
        })
        const resources = [writable(1, ValueKind.float), writable(2, ValueKind.integer)]
        const { told } = await served([{ object: 32769, instance: 0, version: "1.0", resources }])
        const write = (resource: number, hex: string): Promise<string> => {
            const name = Buffer.from(`/32769/0/${resource}`).toString("hex")
            const body = Buffer.from(`81a2006a${name}02${hex}`, "hex")
            return told(CoapCode.PUT, `32769/0/${resource}`, { format: Lwm2mFormat.SENML_CBOR, body })
        }
        // 21 as an integer, in binary16, binary32 and binary64, and as a decimal fraction.
        const forms = ["15", "f94d40", "fa41a80000", "fb4035000000000000", "c4820015"]
        for (const resource of [1, 2])
            for (const form of forms) strictEqual(await write(resource, form), "2.04", `${resource} ${form}`)
        deepStrictEqual(
            taken,
            Array.from({ length: 10 }, () => 21),
        )
        strictEqual(await write(1, "f93e00"), "2.04")
        strictEqual(await write(2, "f93e00"), "4.00")
        strictEqual(taken[10], 1.5)
    })

    it("answer 4.04 for what is missing, 4.05 for what is not allowed, 4.06 and 4.15 for other formats", async () => {
        const { told } = await served()
        for (const path of ["4", "3303/1", "3303/0/1", "3/0/11/1", "x", "03", "3/0/0/0/0", "65535"])
            strictEqual(await told(CoapCode.GET, path), "4.04", path)
        strictEqual(await told(CoapCode.GET, "3/0/4"), "4.05")
        strictEqual(await told(CoapCode.DELETE, "3303/0"), "4.05")
        strictEqual(await told(CoapCode.POST, "3303", tlv("c101")), "4.05")
        strictEqual(await told(CoapCode.POST, "3/0/0"), "4.05")
        strictEqual(await told(CoapCode.PUT, "1/0/1"), "4.05")
        for (const composite of [CoapCode.FETCH, CoapCode.IPATCH]) strictEqual(await told(composite, ""), "4.05")
        strictEqual(await told(CoapCode.GET, "3/0", { accept: 110 }), "4.06")
        strictEqual(await told(CoapCode.GET, "3/0", { accept: Lwm2mFormat.TEXT }), "4.06")
        strictEqual(await told(CoapCode.PUT, "1/0/1", { format: 60, body: "\x01" }), "4.15")
    })

    it("expose nothing of the Security object", async () => {
        const { told } = await served()
        for (const path of ["0", "0/0", "0/0/5"])
            for (const code of [CoapCode.GET, CoapCode.PUT, CoapCode.POST, CoapCode.DELETE])
                strictEqual(await told(code, path, text("1")), "4.01")
        strictEqual(await told(CoapCode.GET, "0", { accept: 40 }), "4.01")
    })

    it("are discovered", async () => {
        const { told } = await served()
        const links = "</3303/0/5601>,</3303/0/5602>,</3303/0/5605>,</3303/0/5700>,</3303/0/5701>"
        strictEqual(await told(CoapCode.GET, "3303", { accept: 40 }), `2.05 </3303>;ver=1.1,</3303/0>,${links}`)
        strictEqual(await told(CoapCode.GET, "3303/0/5700", { accept: 40 }), "2.05 </3303/0/5700>")
    })

    it("are written as text, TLV and SenML, completely or not at all", async () => {
        const { told, account, calls } = await served()
        strictEqual(await told(CoapCode.PUT, "1/0/1", text("60")), "2.04")
        deepStrictEqual([account.lifetime, account.isUpdateWanted, calls], [60, true, ["woken"]])
        strictEqual(await told(CoapCode.POST, "1/0", tlv("c1" + "0509" + "c10601")), "2.04")
        deepStrictEqual([account.disableTimeout, account.isStoring], [9, true])
        // [{-2: "/1/0/", 0: "5", 2: 10}, {0: "6", 4: false}]
        const senml = Buffer.from("82a321652f312f302f0061350" + "20aa20061360" + "4f4", "hex")
        strictEqual(await told(CoapCode.POST, "1/0", { format: Lwm2mFormat.SENML_CBOR, body: senml }), "2.04")
        deepStrictEqual([account.disableTimeout, account.isStoring], [10, false])
        strictEqual(await told(CoapCode.POST, "1/0", tlv("c10509" + "c10001")), "4.05")
        strictEqual(await told(CoapCode.POST, "1/0", tlv("c10509" + "c10901")), "4.04")
        strictEqual(await told(CoapCode.POST, "1/0", tlv("c10509" + "c10602")), "4.00")
        strictEqual(await told(CoapCode.POST, "1/0", tlv("c10509" + "c101ff")), "4.00")
        strictEqual(account.disableTimeout, 10)
        for (const wrong of ["0", "-1", "1.5", "soon", "NaN", ""])
            strictEqual(await told(CoapCode.PUT, "1/0/1", text(wrong)), "4.00", wrong)
        strictEqual(await told(CoapCode.PUT, "1/0/1", tlv("c10509")), "4.00")
        strictEqual(account.lifetime, 60)
    })

    it("are executed", async () => {
        const { told, account, measured, calls } = await served()
        strictEqual(await told(CoapCode.POST, "1/0/8"), "2.04")
        strictEqual(await told(CoapCode.POST, "1/0/4"), "2.04")
        strictEqual(await told(CoapCode.POST, "3/0/4"), "2.04")
        strictEqual(await told(CoapCode.POST, "3303/0/5605"), "2.04")
        deepStrictEqual([account.isUpdateWanted, account.isDisableWanted], [true, true])
        deepStrictEqual(measured, { value: 21.5, minimum: 21.5, maximum: 21.5 })
        deepStrictEqual(calls, ["woken", "woken", "reboot", "reset"])
    })

    it("notify an observer of changes at its path or below, and of nothing else", async () => {
        const { pair, client, objects, measured, told } = await served()
        const states: string[] = []
        const watch = async (path: string): Promise<void> => {
            const observation = new Observation(client, requestFor(CoapCode.GET, path))
            await pair.settled(observation.next())
            void (async () => {
                for (;;) states.push(`${path} ${(await observation.next()).payload.length}`)
            })().catch(() => undefined)
        }
        for (const path of ["3303/0/5700", "3303", "1/0/1", "3303/0/5601"]) await watch(path)
        measured.value = 25
        objects.changed(3303, 0, 5700)
        await pair.clock.advance(1000)
        deepStrictEqual(states.map((state) => state.split(" ")[0]).sort(), ["3303", "3303/0/5700"])
        ok(states.includes("3303/0/5700 5"))
        // An observer is notified of what a server writes.
        await told(CoapCode.PUT, "1/0/1", text("1234567"))
        await pair.clock.advance(1000)
        strictEqual(states[2], "1/0/1 7")
        strictEqual(states.length, 3)
    })

    it("are observed at eight paths, and a path that nobody observes any more leaves its place to another one", async () => {
        const { pair, client } = await served()
        const observed = async (path: string): Promise<Observation> => {
            const observation = new Observation(client, requestFor(CoapCode.GET, path))
            await pair.settled(observation.next())
            return observation
        }
        const paths = ["1", "1/0", "1/0/1", "3", "3/0", "3303", "3303/0", "3303/0/5700"]
        const observations = await Promise.all(paths.map((path) => observed(path)))
        ok(observations.every((each) => each.isObserved()))
        strictEqual((await observed("3303/0/5601")).isObserved(), false)
        await pair.settled(observations[0].cancel())
        strictEqual((await observed("3303/0/5601")).isObserved(), true)
    })
})
