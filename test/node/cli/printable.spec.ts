import { ok, strictEqual } from "node:assert/strict"
import { readingText } from "../../../host/describe.js"
import { printable, word } from "../../../src/platform/node/printable.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { connect } from "../../../src/platform/node/connect.js"

describe("lines that people read", () => {
    it("cannot be broken, steered or reordered by what stands in them", () => {
        const table = {
            "t\nclient 7 /boiler: temperature 99.00 °C": "t\\nclient 7 /boiler: temperature 99.00 °C",
            "\x1b[31mred\x1b[0m": "\\x1b[31mred\\x1b[0m",
            "a\rb\tc\0d\x7fe\x9bf": "a\\rb\\tc\\x00d\\x7fe\\x9bf",
            "\u202egnp.exe\u2066": "\\u{202e}gnp.exe\\u{2066}",
            "two\u2028lines\u2029": "two\\u{2028}lines\\u{2029}",
            "half \ud800 character": "half \\u{d800} character",
            "Grüße, 21.5 °C ☀": "Grüße, 21.5 °C ☀",
        }
        for (const [given, line] of Object.entries(table)) strictEqual(printable(given), line)
    })

    it("have an end: what is too long is cut, and says by how much", () => {
        const line = printable("x".repeat(50000))
        ok(line.length < 2100)
        ok(line.endsWith("… (48000 characters more)"))
    })

    it("hold names and units as words: what is none is quoted and cut", () => {
        strictEqual(word("temperature"), "temperature")
        strictEqual(word("t 99.00 °C, humidity"), '"t 99.00 °C, humidity"')
        strictEqual(word(""), '""')
        ok(word("y".repeat(1000)).length < 70)
        strictEqual(readingText({ name: "temperature", value: 21.4, unit: "Cel" }), "temperature 21.40 °C")
        strictEqual(
            readingText({ name: "v\nclient 8", value: 1e300, unit: "C\x1b[2J" }),
            '"v\\nclient 8" 1e+300 "C\\u001b[2J"',
        )
    })

    it("of a gateway are its own, whatever a client posts", async function () {
        this.timeout(30000)
        const key = "00112233445566778899aabbccddeeff"
        const port = await freePort()
        const gateway = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${key}`))
        await untilBound(port)
        const client = await connect("127.0.0.1", port, { psk: { identity: "a", key: Buffer.from(key, "hex") } })
        const json = JSON.stringify({ "t\nclient 9 connected": { value: 1, unit: "\x1b[2J" } })
        const header = Buffer.from([0x41, 2, 0, 1, 0xaa, 0xb1, 0x78, 0x11, 50, 0xff])
        await client.send(Buffer.concat([header, Buffer.from(json)]))
        await client.receive(5000)
        await client.close()
        await gateway.expect("client 1 left")
        const { output } = gateway
        ok(!output.split("\n").some((line) => line.startsWith("client 9")))
        ok(!output.includes("\x1b"))
        await gateway.end()
    })
})
