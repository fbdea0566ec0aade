import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawn } from "node:child_process"
import { PskStore } from "../../../host/credentials.js"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { compiledMachine } from "../../../host/build/wasm.js"
import { Gateway } from "../../../host/gateway/gateway.js"
import { CoapClient, newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../../../src/coap/code-points.js"
import { textOption, uintOption } from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { newSettings } from "../../../src/gio/settings.js"
import { connect } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { eventually } from "../../support/running-gateway.js"

const KEY = "00112233445566778899aabbccddeeff"
const OWN = ["--psk", `one:${KEY}`, "--psk", `two:${KEY}`]

interface Client {
    /** @returns code and payload as text */
    ask: (code: CoapCode, path: string[], payload?: string, format?: ContentFormat) => Promise<string>
    close: () => Promise<void>
}

async function client(port: number, identity: string, host = "127.0.0.1"): Promise<Client> {
    const connection = await connect(host, port, { psk: { identity, key: Buffer.from(KEY, "hex") } })
    const coap = new CoapClient(new MessageLayer(new NodeServices(), connection.dtls, defaultCoapParameters()))
    return {
        ask: async (code, path, payload = "", format = ContentFormat.TEXT) => {
            const segments = path.map((segment) => textOption(CoapOption.URI_PATH, segment))
            const options = [...segments, uintOption(CoapOption.CONTENT_FORMAT, format)]
            const answer = await coap.request({ ...newRequest(code), options, payload: Buffer.from(payload) })
            return `${codeText(answer.code)} ${answer.payload.toString()}`.trim()
        },
        close: () => connection.close(),
    }
}

async function gateway(port: number, ...options: string[]): Promise<Running> {
    const running = new Running(mote("gateway", "--port", `${port}`, ...OWN, ...options))
    await untilBound(port)
    return running
}

function events(running: Running): Record<string, unknown>[] {
    const lines = running.output.trim().split("\n")
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe("mote gateway", function () {
    this.timeout(60000)

    it("lets nobody write to another identity's path, and reports it once per connection, and to the client without naming the owner", async () => {
        const port = await freePort()
        const running = await gateway(port, "--shared", "/room/")
        const [one, two] = [await client(port, "one"), await client(port, "two")]
        strictEqual(await one.ask(CoapCode.PUT, ["boiler"], "1"), "2.01")
        strictEqual(await one.ask(CoapCode.PUT, ["room", "a"], "2"), "2.01")
        for (const code of [CoapCode.POST, CoapCode.PUT, CoapCode.DELETE])
            strictEqual(await two.ask(code, ["boiler"], "99"), "4.03 /boiler belongs to another client")
        strictEqual(await two.ask(CoapCode.GET, ["boiler"]), "2.05 1")
        strictEqual(await two.ask(CoapCode.POST, ["room", "a"], "3"), "2.04")
        // Access depends on the identity, not on the session.
        await one.close()
        const again = await client(port, "one")
        strictEqual(await again.ask(CoapCode.PUT, ["boiler"], "4"), "2.04")
        await again.close()
        await two.close()
        await running.end()
        const { output } = running
        for (const line of ["client 1 connected: one", "client 2 connected: two", "client 1 /boiler: boiler 1.00"])
            ok(output.includes(line), output)
        strictEqual(
            output.match(/client 2 may not write to \/boiler: it belongs to another client; --shared/g)?.length,
            1,
        )
    })

    it("answers from the address that was asked, with one port for all addresses", async () => {
        const port = await freePort()
        const running = await gateway(port)
        for (const host of ["127.0.0.2", "127.0.0.1", "::1"]) {
            const asking = await client(port, "one", host)
            strictEqual((await asking.ask(CoapCode.PUT, ["t"], "21.5")).slice(0, 3), "2.0")
            await asking.close()
        }
        ok(running.output.includes(`listening on [::]:${port}`), running.output)
        await running.end()
    })

    it("with --json prints one valid object per line, without terminal escapes", async () => {
        const port = await freePort()
        const running = await gateway(port, "--json", "--host", "127.0.0.1")
        const one = await client(port, "one")
        const name = "t\u009b31m\u202e\u2028\n\u{e0041}"
        const payload = JSON.stringify({ [name]: { value: 1, unit: "Cel" } })
        strictEqual(await one.ask(CoapCode.POST, ["\u009b\u202e"], payload, ContentFormat.JSON), "2.01")
        await one.close()
        await running.expect('"left"')
        await running.end()
        // Both clients have the same key here, which the gateway reports in a "log" event.
        const found = events(running).filter(({ event }) => event !== "log")
        deepStrictEqual(
            found.map(({ event }) => event),
            ["listening", "client", "readings", "left"],
        )
        strictEqual(found[1]?.["identity"], "one")
        deepStrictEqual(found[2]?.["readings"], [{ name, value: 1, unit: "Cel" }])
        ok(/^[\x20-\x7e\n]*$/.test(running.output))
    })

    it("prints short lines, however long paths and names are", async () => {
        const port = await freePort()
        const running = await gateway(port, "--host", "127.0.0.1")
        const one = await client(port, "one")
        const long = ["p".repeat(250), "p".repeat(250)]
        const payload = JSON.stringify({ ["n".repeat(500)]: { value: 1, unit: "u".repeat(50) } })
        strictEqual(await one.ask(CoapCode.POST, long, payload, ContentFormat.JSON), "2.01")
        await one.close()
        await running.expect("client 1 left")
        await running.end()
        const line = running.output.split("\n").find((text) => text.includes("/ppp")) ?? ""
        ok(line.length < 350 && line.includes('nnn…" 1.00 uuu'), line)
    })

    it("continues when its event handler throws, and logs that", async () => {
        const lines: string[] = []
        const services = new NodeServices({ log: (_level, line) => void lines.push(line) })
        const fail = (): never => {
            throw new Error("disk full")
        }
        const psk = new PskStore([{ identity: Buffer.from("one"), key: Buffer.from(KEY, "hex") }])
        const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
        const handlers = { connected: fail, readings: fail, refused: fail, ended: fail }
        const local = { host: "127.0.0.1", port: 0 }
        const running = await Gateway.start(services, settings, local, handlers, () => undefined)
        for (let i = 0; i < 2; i++) {
            const one = await client(running.localAddress().port, "one")
            strictEqual((await one.ask(CoapCode.PUT, ["t"], "21.5")).slice(0, 3), "2.0")
            await one.close()
        }
        const failed = (event: string): number =>
            lines.filter((line) => line === `the handler of "${event}" failed: disk full`).length
        await eventually("both ended", () => (failed("ended") === 2 ? true : undefined))
        await running.close()
        for (const event of ["connected", "readings", "ended"]) strictEqual(failed(event), 2)
    })

    it("ends with the first line that nobody reads any more, says so, and closes its sessions", async () => {
        const port = await freePort()
        const reader = 'head -1; exec <&-; echo "the reader has gone"'
        const command = `${mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, ...OWN).join(" ")} | { ${reader}; }`
        const shell = spawn("bash", ["-c", `${command}; echo "codes \${PIPESTATUS[*]}"`], { cwd: root })
        let output = ""
        for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk) => (output += String(chunk)))
        const ended = new Promise((resolve) => shell.on("close", resolve))
        await untilBound(port)
        await eventually("the reader has gone", () => (output.includes("the reader has gone") ? true : undefined))
        const one = await connect("127.0.0.1", port, { psk: { identity: "one", key: Buffer.from(KEY, "hex") } })
        strictEqual(await one.receive({ timeout: 20000 }), undefined)
        await one.close()
        await ended
        ok(output.includes("gateway: listening on"), output)
        ok(output.includes("gateway: nobody reads its output any more; it ends"), output)
        ok(output.includes("codes 0 0"), output)
    })
})

describe("Ctrl-C and SIGTERM", function () {
    this.timeout(120000)

    before(async function () {
        this.timeout(600000)
        // Built in advance: what a first start compiles.
        await compiledMachine()
        cachedDeviceImage("src/sensor/main.ts")
    })

    it("end every long-running command with exit code 0, and connections with close_notify", async () => {
        const port = await freePort()
        const server = await gateway(port, "--host", "127.0.0.1")
        const [key, uri] = [["--psk", `one:${KEY}`], `coaps://127.0.0.1:${port}/r`]
        const settings = ["host=127.0.0.1", `port=${port}`, "identity=two", `key=${KEY}`, "interval=100"]
        const commands: [string[], string][] = [
            [["gateway", "--port", "0", ...key], "listening on"],
            [["server", "--port", "0", ...key], "listening on"],
            [["client", `127.0.0.1:${port}`, ...key], "connected: DTLS 1.2"],
            [["sensor", uri, ...key, "--count", "100"], "posted 1: temperature"],
            [["observe", uri, ...key], "2.05"],
            [["start", "--count", "1000"], "temperature"],
            [["sim", "src/sensor/main.ts", ...settings.flatMap((one) => ["--setting", one])], "posted sample"],
        ]
        for (const [index, [command, ready]] of commands.entries()) {
            const running = new Running(mote(...command))
            await running.expect(ready, 60000)
            process.kill(running.pid, index % 2 === 0 ? "SIGINT" : "SIGTERM")
            await running.ended()
            strictEqual(running.exitCode, 0, `${command[0]}: ${running.output}`)
        }
        await server.end()
        strictEqual(server.exitCode, 0)
        // Client, sensor and observer sent close_notify; a simulated device is just switched off.
        strictEqual(server.output.match(/client \d+ left/g)?.length, 3, server.output)
    })
})
