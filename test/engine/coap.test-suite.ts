import { readSenmlCbor, writeSenmlCbor } from "../../src/coap/senml.js"
import { CoapCode, codeText, CoapType } from "../../src/coap/code-points.js"
import {
    type CoapMessage,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../../src/coap/message.js"
import { SeenIds } from "../../src/coap/seen-ids.js"
import { coapUriText, parseCoapsUri } from "../../src/coap/uri.js"
import { jsonFormat, senmlFormat, textFormat } from "../../src/sensor/payload.js"
import { decimalText } from "../../src/sensor/reading.js"
import { type Kit } from "../kit.js"

function post(): CoapMessage {
    return {
        type: CoapType.CON,
        code: CoapCode.POST,
        messageId: 0x1234,
        token: Buffer.from("aabb", "hex"),
        options: [uintOption(12, 112), textOption(11, "readings"), textOption(15, "x=1"), uintOption(60, 300)],
        payload: Buffer.from("hi"),
    }
}

const sample = {
    number: 1,
    time: 1700000000,
    readings: [
        { name: "temperature", unit: "Cel", value: 21.37 },
        { name: "humidity", unit: "%RH", value: -0.5 },
    ],
}

export function coapTests(t: Kit): void {
    t.describe("CoAP messages", () => {
        t.test("survive the round trip, options sorted", async () => {
            const bytes = writeCoapMessage(post())
            t.equal(bytes.toString("hex"), "42021234aabbb872656164696e6773117033783d31d2200" + "12cff6869")
            const read = readCoapMessage(bytes, bytes.length)
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(textOptionsOf(read, 11).join("/"), "readings")
            t.equal(uintOptionOf(read, 60, 0), 300)
            t.equal(uintOptionOf(read, 17, -1), -1)
            t.equal(read.payload.toString(), "hi")
        })
        t.test("have a zero as an option of no bytes, and large integers as far as they fit", async () => {
            for (const value of [0, 1, 255, 256, 65535, 16777216, 4294967295]) {
                const message = post()
                message.options = [uintOption(12, value)]
                const bytes = writeCoapMessage(message)
                const read = readCoapMessage(bytes, bytes.length)
                t.equal(read === undefined ? -1 : uintOptionOf(read, 12, -1), value)
            }
            t.equal(uintOption(12, 0).value.length, 0)
            const long = { number: 12, value: Buffer.from("0001020304050607", "hex") }
            const message = post()
            message.options = [long]
            t.equal(uintOptionOf(message, 12, -1), 0x000102030405)
        })
        t.test("that are malformed are undefined", async () => {
            for (const hex of [
                "",
                "40",
                "49020000",
                "80020000",
                "40020000ff",
                "40020000f0",
                "40020000d1",
                "4000000001",
            ]) {
                const data = Buffer.from(hex, "hex")
                t.equal(readCoapMessage(data, data.length), undefined)
            }
        })
        t.test("codes read as the RFC writes them", async () => {
            t.equal(codeText(CoapCode.CHANGED), "2.04")
            t.equal(codeText(CoapCode.SERVICE_UNAVAILABLE), "5.03")
        })
        t.test("message ids are remembered up to the limit and for their lifetime", async () => {
            const seen = new SeenIds(2)
            seen.add(1, undefined, 0)
            seen.add(2, post(), 0)
            seen.add(3, undefined, 1000)
            t.equal(seen.has(1, 1000), false)
            t.equal(seen.replyTo(2) !== undefined, true)
            t.equal(seen.has(2, 247000), false)
            t.equal(seen.has(3, 247000), true)
        })
    })
    t.describe("coaps URIs", () => {
        t.test("come apart and go together again", async () => {
            const uri = parseCoapsUri("coaps://[2001:db8::1]:6000/a/b%20c?x=1&y")
            t.equal(uri.host, "2001:db8::1")
            t.equal(uri.port, 6000)
            t.equal(uri.path.join("|"), "a|b c")
            t.equal(uri.query.join("|"), "x=1|y")
            t.equal(coapUriText(uri), "coaps://[2001:db8::1]:6000/a/b c?x=1&y")
            t.equal(parseCoapsUri("coaps://host").port, 5684)
            t.equal(parseCoapsUri("COAPS://host:/x").port, 5684)
            t.equal(parseCoapsUri("coaps://host?q/r").query.join("|"), "q/r")
        })
        t.test("that are wrong are refused with the argument's name", async () => {
            for (const uri of [
                "http://x/",
                "coaps://",
                "coaps://h:0/",
                "coaps://h:65536/",
                "coaps://h:x/",
                "coaps://[zz]/",
                "coaps://u@h/",
                "coaps://h/%zz",
                "coaps://[::1/",
                "coaps://h/#f",
                "coaps://a b/",
            ]) {
                let argument = ""
                try {
                    parseCoapsUri(uri)
                } catch (error) {
                    argument = (error as { argument: string }).argument
                }
                t.equal(argument, "uri")
            }
        })
    })
    t.describe("payloads", () => {
        t.test("SenML in CBOR survives the round trip, exactly", async () => {
            const read = readSenmlCbor(senmlFormat("urn:x:").write(sample))
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(read.length, 2)
            t.equal((read[0] as { name: string }).name, "urn:x:temperature")
            t.equal((read[0] as { value: number }).value, 21.37)
            t.equal((read[1] as { value: number }).value, -0.5)
            t.equal((read[1] as { time: number }).time, 1700000000)
        })
        t.test("broken CBOR is undefined and costs no loop", async () => {
            const bytes = writeSenmlCbor("", [{ name: "a", unit: "b", value: 1, time: undefined }])
            t.equal(readSenmlCbor(Buffer.from("9b0000ffffffffffff", "hex")), undefined)
            t.equal(readSenmlCbor(Buffer.from("81bb0000ffffffffffff", "hex")), undefined)
            for (let end = 0; end < bytes.length; end++) {
                const cut = Buffer.alloc(end)
                for (let i = 0; i < end; i++) cut[i] = bytes[i]
                t.equal(readSenmlCbor(cut), undefined)
            }
        })
        t.test("text and JSON print two decimals in both languages", async () => {
            t.equal(decimalText(-3.456), "-3.46")
            t.equal(decimalText(0.05), "0.05")
            t.equal(textFormat().write(sample).toString(), "temperature 21.37 Cel\nhumidity -0.50 %RH")
            t.equal(
                jsonFormat().write(sample).toString(),
                '{"temperature":{"value":21.37,"unit":"Cel"},"humidity":{"value":-0.50,"unit":"%RH"}}',
            )
        })
    })
}
