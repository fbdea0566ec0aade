import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { identityText, readingText } from "../../../host/describe.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { printable, printableJson, word } from "../../../src/platform/node/printable.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { connect } from "../../../src/index.js"

const KEY = "00112233445566778899aabbccddeeff"

describe("output lines", () => {
    it("cannot be broken, steered or reordered by their content", () => {
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

    it("stay intact as JSON, which parses to the same value", () => {
        const value = { a: "\u0000\n\u001b\u007f\u009b\u00ad\u202e\u2028\ud800\u{e0041}", "\u2066": "Grüße ☀ 😀" }
        const line = printableJson(value)
        deepStrictEqual(JSON.parse(line), value)
        ok(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u.test(line), line)
        ok(line.includes("\\u009b") && line.includes("\\udb40\\udc41") && line.includes("Grüße ☀ 😀"), line)
    })

    it("are written in one place: no other file of the command line writes to standard output or standard error", () => {
        const folders = ["cli", "gateway", "trace", "simulator", "config", "board", "image", "translate", "."]
        const files = folders.flatMap((folder) =>
            readdirSync(join(root, "host", folder))
                .filter((name) => name.endsWith(".ts"))
                .map((name) => join("host", folder, name)),
        )
        ok(files.length > 40)
        const writes = (file: string): boolean =>
            /\bconsole\.|process\.(stdout|stderr)/.test(readFileSync(join(root, file), "utf8"))
        deepStrictEqual(files.filter(writes), [join("host", "cli", "output.ts")])
    })

    it("are bounded: what is too long is cut, and says by how much", () => {
        const line = printable("x".repeat(50000))
        ok(line.length < 2100)
        ok(line.endsWith("… (48000 characters more)"))
    })

    it("show names and units as words; anything else is quoted and cut", () => {
        strictEqual(word("temperature"), "temperature")
        strictEqual(word("t 99.00 °C, humidity"), '"t 99.00 °C, humidity"')
        strictEqual(word(""), '""')
        ok(word("y".repeat(1000)).length < 70)
        strictEqual(identityText(Buffer.from("sensor1")), "sensor1")
        strictEqual(identityText(Buffer.from("a left\n")), '"a left\\n"')
        strictEqual(identityText(Buffer.from([0xff, 0])), "hex:ff00")
        strictEqual(readingText({ name: "temperature", value: 21.4, unit: "Cel" }), "temperature 21.40 °C")
        strictEqual(
            readingText({ name: "v\nclient 8", value: 1e300, unit: "C\x1b[2J" }),
            '"v\\nclient 8" 1e+300 "C\\u001b[2J"',
        )
    })

    it("of a gateway cannot be forged, whatever a client posts", async () => {
        const port = await freePort()
        const gateway = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`))
        await untilBound(port)
        const client = await connect("127.0.0.1", port, { psk: { identity: "a", key: Buffer.from(KEY, "hex") } })
        const json = JSON.stringify({ "t\nclient 9 connected": { value: 1, unit: "\x1b[2J" } })
        const header = Buffer.from([0x41, 2, 0, 1, 0xaa, 0xb1, 0x78, 0x11, 50, 0xff])
        await client.send(Buffer.concat([header, Buffer.from(json)]))
        await client.receive({ timeout: 5000 })
        await client.close()
        await gateway.expect("client 1 left")
        const { output } = gateway
        ok(!output.split("\n").some((line) => line.startsWith("client 9")))
        ok(!output.includes("\x1b"))
        await gateway.end()
    })

    it("of mote server and mote client are one per message, escaped; with --raw they are the peer's bytes", async function () {
        this.timeout(60000)
        const psk = { identity: "a", key: Buffer.from(KEY, "hex") }
        const message = Buffer.from("t\nclient 2 left\n\u009b31m\x1b[2J")
        for (const [options, shown] of [
            [[], "t\\nclient 2 left\\n\\x9b31m\\x1b[2J\n"],
            [["--raw"], message.toString()],
        ] as const) {
            const port = await freePort()
            const own = ["--host", "127.0.0.1", "--port", `${port}`, "--psk", `a:${KEY}`]
            const server = new Running(mote("server", ...own, "--echo", ...options))
            await untilBound(port)
            const connection = await connect("127.0.0.1", port, { psk })
            await connection.send(message)
            deepStrictEqual(await connection.receive({ timeout: 5000 }), message)
            await connection.close()
            await server.expect(shown)
            const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", `a:${KEY}`, ...options))
            client.write("x\x1by\n")
            await client.has("by\n")
            client.endInput()
            await client.ended()
            deepStrictEqual(client.output.match(/^x.*$/gm), [options.length === 0 ? "x\\x1by" : "x\x1by"])
            await server.end()
        }
    })

    it("of a simulated device are escaped and prefixed with its name; with --plain they are the program's", function () {
        this.timeout(60000)
        const program = join(temporaryFolder("lines"), "forging.ts")
        const source = 'import * as ds from "@devicescript/core"\nconsole.log("a\\n2: b\\u001b[2J")\nds.restart()\n'
        writeFileSync(program, source)
        const sim = (...options: string[]): string => {
            const command = mote("sim", program, "--quiet", ...options)
            return spawnSync(command[0], command.slice(1), { cwd: root, encoding: "utf8" }).stdout
        }
        strictEqual(sim(), "a\n2: b\\x1b[2J\n")
        deepStrictEqual(sim("--count", "2").trimEnd().split("\n").sort(), [
            "1: 2: b\\x1b[2J",
            "1: a",
            "2: 2: b\\x1b[2J",
            "2: a",
        ])
        strictEqual(sim("--plain"), "a\n2: b\x1b[2J\n")
    })
})
