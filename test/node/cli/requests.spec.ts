import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "../../../host/folders.js"
import { hostAndPort } from "../../../host/cli/parsers.js"
import { PskStore } from "../../../host/credentials.js"
import { BlockwiseHandler, defaultBlockLimits } from "../../../src/coap/block-server.js"
import { CoapCode, CoapOption, CoapType } from "../../../src/coap/code-points.js"
import { type CoapMessage, textOptionsOf, uintOptionOf } from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { ObservableResource } from "../../../src/coap/observers.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { type CoapHandler, CoapServer } from "../../../src/coap/server.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { newSettings } from "../../../src/gio/settings.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { mote, Running, sleep } from "../../interop/process.js"

const KEY = Buffer.alloc(16, 9)

const STOPPING = pathToFileURL(join(root, "host", "cli", "stopping.ts")).href

/** What a client sent, in the order of arrival. */
const requests: CoapMessage[] = []
const body = Buffer.from("40 KB ".repeat(6827))

/** Serves /plain, /observable and /long, and records every request. */
async function start(services: NodeServices): Promise<{ listener: DtlsListener; uri: string }> {
    const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
    const store = new PskStore([{ identity: Buffer.from("me"), key: KEY }])
    const listener = new DtlsListener(services, socket, newSettings(allSuites(), store, wifi(), gatewayLimits()))
    const plain: CoapHandler = (request) => {
        const isLong = textOptionsOf(request, CoapOption.URI_PATH)[0] === "long"
        return Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: isLong ? body : Buffer.from("21.5") })
    }
    const observable = new ObservableResource(services, plain, 1).asHandler()
    const chosen: CoapHandler = (request, server) =>
        textOptionsOf(request, CoapOption.URI_PATH)[0] === "observable"
            ? observable(request, server)
            : plain(request, server)
    const blocks = new BlockwiseHandler(services, chosen, { ...defaultBlockLimits(), bodyBytes: 65536 })
    const handler = blocks.asHandler()
    const recording: CoapHandler = (request, server) => {
        requests.push({ ...request, options: [...request.options] })
        return handler(request, server)
    }
    const understood = [...blocks.understood(), CoapOption.ACCEPT]
    const serve = async (): Promise<never> => {
        for (;;) {
            const layer = new MessageLayer(services, await listener.accept(-1), defaultCoapParameters())
            services.spawn(() => new CoapServer(layer, recording, understood).run().catch(() => undefined))
        }
    }
    // Ends when the listener is closed.
    void serve().catch(() => undefined)
    return { listener, uri: `coaps://127.0.0.1:${socket.localAddress().port}` }
}

describe("what mote get, put and observe send", function () {
    this.timeout(60000)
    let listener: DtlsListener
    let uri: string

    before(async () => {
        ;({ listener, uri } = await start(new NodeServices()))
    })

    beforeEach(() => void requests.splice(0))

    after(() => listener.close())

    async function run(command: string, path: string, ...options: string[]): Promise<Running> {
        const running = new Running(mote(command, `${uri}${path}`, "--psk", `me:${KEY.toString("hex")}`, ...options))
        for (let i = 0; i < 1500 && running.running; i++) await sleep(20)
        strictEqual(running.exitCode, 0, running.output)
        return running
    }

    const optionsSent = (number: CoapOption): number[] => requests.map((request) => uintOptionOf(request, number, -1))

    it("is confirmable unless --non is given, and names the formats of --accept and --format", async () => {
        await run("get", "/plain")
        await run("get", "/plain", "--non", "--accept", "50")
        await run("put", "/plain", "--format", "110", "-e", "x")
        deepStrictEqual(
            requests.map(({ type }) => type),
            [CoapType.CON, CoapType.NON, CoapType.CON],
        )
        deepStrictEqual(optionsSent(CoapOption.ACCEPT), [-1, 50, -1])
        deepStrictEqual(optionsSent(CoapOption.CONTENT_FORMAT), [-1, -1, 110])
    })

    it("ends an observation after --count states, so that the server need not notify any more", async () => {
        const { output } = await run("observe", "/observable", "--count", "1")
        deepStrictEqual(optionsSent(CoapOption.OBSERVE), [0, 1])
        ok(!output.includes("does not notify"), output)
    })

    it("is told to people where a server does not notify, and asked again", async () => {
        const { output } = await run("observe", "/plain", "--count", "1")
        ok(output.includes("the server does not notify: asking again"), output)
    })

    it("receives a body of 40 KB whole", async () => {
        const { output } = await run("get", "/long", "--raw")
        ok(output.includes(body.toString()), `${output.length} characters`)
    })
})

describe("an address on the command line", () => {
    it("is a host with or without a port, and IPv6 with or without brackets", () => {
        deepStrictEqual(hostAndPort("gateway.example", 5684), { host: "gateway.example", port: 5684 })
        deepStrictEqual(hostAndPort("gateway.example:1", 5684), { host: "gateway.example", port: 1 })
        deepStrictEqual(hostAndPort("::1", 5684), { host: "::1", port: 5684 })
        deepStrictEqual(hostAndPort("[::1]:65535", 5684), { host: "::1", port: 65535 })
        for (const wrong of ["", ":5684", "a:0", "a:65536", "a:b", "a b", "[::1", "::1]:5", "a:1:2"])
            throws(() => hostAndPort(wrong, 5684), /write HOST:PORT, for example/)
    })
})

describe("Ctrl-C", function () {
    this.timeout(30000)

    /** Starts a program that is stopped by signals, sends some, and waits for its end. */
    async function ends(
        setUp: string,
        signals: number,
    ): Promise<{ code: number | null; signal: string | null; out: string }> {
        const text = `import { onStop, stopOnSignals } from ${JSON.stringify(STOPPING)}; stopOnSignals(); ${setUp}
            setInterval(() => {}, 1000); console.log("ready")`
        const child = spawn(process.execPath, ["--import", "./host/build/tsx.mjs", "--input-type=module", "-e", text], {
            cwd: root,
            stdio: ["ignore", "pipe", "inherit"],
            timeout: 20000,
            killSignal: "SIGKILL",
        })
        let out = ""
        let sent = 0
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
            out += chunk
            if (sent++ < signals) child.kill("SIGINT")
        })
        const [code, signal] = (await once(child, "close")) as [number | null, string | null]
        return { code, signal, out }
    }

    it("ends a command that has nothing to finish at once, with 0", async () => {
        deepStrictEqual(await ends("", 1), { code: 0, signal: null, out: "ready\n" })
    })

    it("lets a command finish, and ends it at once when it is pressed again", async () => {
        const finishing = 'onStop(() => console.log("finishing"))'
        deepStrictEqual(await ends(finishing, 2), { code: null, signal: "SIGINT", out: "ready\nfinishing\n" })
    })
})
