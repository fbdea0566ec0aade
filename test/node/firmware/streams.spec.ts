import { deepStrictEqual } from "node:assert/strict"
import { createServer, type Server } from "node:http"
import { type AddressInfo } from "node:net"
import { type DtlsServer, listen } from "../../../src/index.js"
import { mote, Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { board, type DeviceKind, linux, runInSimulator, runOn } from "./device-under-test.js"
import { FLOOD, startStreamServers, type StreamServers } from "./stream-servers.js"

const PROGRAM = "test/device/natives/streams.ts"
const UNTRUSTED = "the peer's certificate is of no authority that is trusted here"
const NO_TLS = "this device has no TLS streams: use tcp, or DTLS for datagrams (mote-dtls/device)"

/** What test/device/natives/streams.ts must say, by its setting `case`. */
const WANTED: Record<string, string[]> = {
    echo: ["line: hello", "large: 20000 bytes, 0 wrong", "nothing: undefined", "end: null"],
    second: ["the first: old socket used", "the second: second", "closed: old socket used"],
    flood: [`flood: ${FLOOD} bytes`],
    name: ["by its name: nothing thrown", "by its address: the peer's certificate is for another name"],
    unknown: [`by its name: ${UNTRUSTED}`, `by its address: ${UNTRUSTED}`],
    http: ["http: 201 Created POST /reading?unit=C 21.5"],
    mqtt: ["mqtt: heard 21.5"],
    refused: [
        "nobody there: connection refused: check host, port and the server",
        "no such host: the host is not known: check the name and the network",
        "tls: connection refused: check host, port and the server",
        "no text: host must be a string",
    ],
}

/** Only what the program itself says: the package logs more. */
const said = (lines: string[]): string[] => lines.flatMap((line) => /^said (.*)/.exec(line)?.[1] ?? [])

/** Unmodified @devicescript/net: its sockets, fetch and MQTT client. */
describe("streams of @devicescript/net", function () {
    this.timeout(120000)
    let servers: StreamServers

    before(async () => {
        servers = await startStreamServers()
    })

    after(() => servers.close())

    async function run(kind: DeviceKind, name: string): Promise<string[]> {
        const settings = { case: name, host: kind.host, port: String(servers.ports[name]) }
        return said((await runOn(kind, PROGRAM, settings)).split("\n"))
    }

    const cases = {
        echo: "give lines and 20,000 bytes back and forth, wait for nothing, and end with the peer",
        second: "are one at a time: a second one ends the first, whose program is told",
        flood: "leave with the network what the program has no memory for",
        http: "carry fetch over plain HTTP, an answer in two parts",
        mqtt: "carry the MQTT client: it publishes, subscribes and hears",
    }

    for (const [name, sentence] of Object.entries(cases)) {
        it(`in the simulator ${sentence}`, async () => {
            const settings = { case: name, host: "127.0.0.1", port: String(servers.ports[name]) }
            deepStrictEqual(said(await runInSimulator(PROGRAM, settings, "real")), WANTED[name])
        })

        it(`on Linux ${sentence}`, async function () {
            needs(this, linux.missing())
            deepStrictEqual(await run(linux, name), WANTED[name])
        })

        it(`on the emulated board ${sentence}`, async function () {
            needs(this, board.missing())
            deepStrictEqual(await run(board, name), WANTED[name])
        })
    }

    it("say what went wrong in a sentence: nobody there, no such host, no TLS, no text for a host", async function () {
        needs(this, linux.missing())
        const here = WANTED["refused"]
        deepStrictEqual(await run(linux, "refused"), here)
        const onBoard = here.map((line) => (line.startsWith("tls: ") ? `tls: ${NO_TLS}` : line))
        deepStrictEqual(await run(board, "refused"), onBoard)
    })

    /** Over TLS, in an environment of its own. @param variable names the file of authorities there */
    async function runSecured(name: string, command: string[], variable: string): Promise<string[]> {
        const trusted = name === "unknown" ? [] : [`${variable}=${servers.authority}`]
        const running = new Running(["env", ...trusted, ...command])
        await running.ended(60000)
        return said(running.output.split("\n"))
    }

    const secured = ["echo", "flood", "name", "unknown"]
    const securedSettings = (name: string): Record<string, string> => {
        const to = { host: "localhost", port: String(servers.ports["secure"]) }
        return { case: name === "unknown" ? "name" : name, proto: "tls", ...to }
    }

    it("in the simulator are TLS where a program wants it: with an authority of this computer, and for the right name", async () => {
        for (const name of secured) {
            const settings = Object.entries(securedSettings(name)).flatMap((one) => ["--setting", one.join("=")])
            const command = mote("sim", PROGRAM, "--quiet", ...settings)
            deepStrictEqual(await runSecured(name, command, "NODE_EXTRA_CA_CERTS"), WANTED[name])
        }
    })

    it("on Linux are the same TLS", async function () {
        needs(this, linux.missing())
        for (const name of secured) {
            const command = await linux.command(PROGRAM, securedSettings(name))
            deepStrictEqual(await runSecured(name, command, "SSL_CERT_FILE"), WANTED[name])
        }
    })
})

/** In three files: fetch of @devicescript/net, and DTLS in the same form. */
describe("examples/device/message-of-the-day", function () {
    this.timeout(120000)
    const EXAMPLE = "examples/device/message-of-the-day/main.ts"
    const KEY = "000102030405060708090a0b0c0d0e0f"
    let web: Server
    let server: DtlsServer
    let settings: Record<string, string>

    before(async () => {
        web = createServer((_request, response) => response.end("all quiet here\n"))
        await new Promise<void>((resolve) => void web.listen(0, "127.0.0.1", resolve))
        server = await listen(0, { psk: { identity: "device", key: Buffer.from(KEY, "hex") } }, "127.0.0.1")
        void echo()
        settings = {
            web: String((web.address() as AddressInfo).port),
            port: String(server.port),
            identity: "device",
            key: KEY,
        }
    })

    after(async () => {
        web.close()
        await server.close()
    })

    async function echo(): Promise<void> {
        for await (const client of server) for await (const message of client) await client.send(message)
    }

    const answers = (lines: string[]): string[] => lines.filter((line) => ["all", "quiet", "here"].includes(line))

    it("reads a line by HTTP and sends its words over DTLS, in the simulator and on the emulated board", async function () {
        needs(this, board.missing())
        const simulated = await runInSimulator(EXAMPLE, { ...settings, host: "127.0.0.1" }, "real")
        deepStrictEqual(answers(simulated), ["all", "quiet", "here"])
        const emulated = await runOn(board, EXAMPLE, { ...settings, host: board.host })
        deepStrictEqual(answers(emulated.split("\n")), ["all", "quiet", "here"])
    })
})
