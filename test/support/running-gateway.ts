import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Log, newLog } from "../../host/mote-gateway/log.js"
import { GatewayService } from "../../host/mote-gateway/service.js"
import { temporaryFolder } from "../../host/temporary.js"
import { CoapClient, newRequest } from "../../src/coap/client.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../../src/coap/code-points.js"
import { type CoapMessage, textOption, uintOption, uintOptionOf } from "../../src/coap/message.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { connect } from "../../src/index.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { type ConnectOptions } from "../../src/platform/node/connect/options.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { sleep } from "../interop/process.js"

export const KEY = "00112233445566778899aabbccddeeff"

/** A device of the tests. */
export class TestDevice {
    readonly coap: CoapClient

    constructor(readonly connection: DtlsSocket) {
        this.coap = new CoapClient(new MessageLayer(new NodeServices(), connection.dtls, defaultCoapParameters()))
    }

    async request(code: CoapCode, path: string, payload = "", format = ContentFormat.TEXT): Promise<CoapMessage> {
        const segments = path.split("/").filter((segment) => segment !== "")
        const options = segments.map((segment) => textOption(CoapOption.URI_PATH, segment))
        if (payload !== "") options.push(uintOption(CoapOption.CONTENT_FORMAT, format))
        return await this.coap.request({ ...newRequest(code), options, payload: Buffer.from(payload) })
    }

    /** @returns for example "2.01", or "5.03 30" with Max-Age */
    async post(path: string, payload: string): Promise<string> {
        const answer = await this.request(CoapCode.POST, path, payload)
        const maxAge = uintOptionOf(answer, CoapOption.MAX_AGE, 0)
        return maxAge === 0 ? codeText(answer.code) : `${codeText(answer.code)} ${maxAge}`
    }

    async get(path: string): Promise<string> {
        const answer = await this.request(CoapCode.GET, path)
        return `${codeText(answer.code)} ${answer.payload.toString()}`
    }
}

/** A gateway service in its own folder, with its log. */
export class RunningGateway {
    readonly folder = temporaryFolder("gateway")
    readonly logged: Record<string, unknown>[] = []
    readonly log: Log = newLog((line) => void this.logged.push(JSON.parse(line) as Record<string, unknown>))
    private devices: TestDevice[] = []
    private running: GatewayService | undefined

    path(name: string): string {
        return join(this.folder, name)
    }

    write(name: string, content: string | Buffer | object): void {
        const isPlain = typeof content === "string" || content instanceof Buffer
        mkdirSync(dirname(this.path(name)), { recursive: true })
        writeFileSync(this.path(name), isPlain ? content : JSON.stringify(content), { mode: 0o600 })
    }

    /** Writes the keys of devices "one" and "two"; the first has `KEY`. */
    writeKeys(): void {
        this.write("keys.psk", `one:${KEY}\ntwo:${KEY.replace("00", "01")}\n`)
    }

    /** Ends the service and removes its folder. */
    async end(): Promise<void> {
        await this.close()
        rmSync(this.folder, { recursive: true })
    }

    lines(name: string): Record<string, unknown>[] {
        const lines = readFileSync(this.path(name), "utf8").split("\n").filter(Boolean)
        return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    }

    get service(): GatewayService {
        if (this.running === undefined) throw new Error("the gateway does not run")
        return this.running
    }

    get port(): number {
        return this.service.listeners.addresses()[0].port
    }

    /** @param config differences from a listener on loopback with the devices in keys.psk */
    configure(config: object): void {
        const listen = [{ host: "127.0.0.1", port: 0 }]
        this.write("gateway.json", { listen, credentials: { file: "keys.psk" }, ...config })
    }

    async start(config?: object): Promise<this> {
        if (config !== undefined) this.configure(config)
        this.running = await GatewayService.start(this.path("gateway.json"), this.log, (error) => {
            throw error
        })
        return this
    }

    /** @param timeout ms, for a handshake that must fail */
    async device(identity: string, key = KEY, timeout = 10000): Promise<TestDevice> {
        return await this.connect({ psk: { identity, key: Buffer.from(key, "hex") }, timeout })
    }

    async connect(options: ConnectOptions): Promise<TestDevice> {
        const device = new TestDevice(await connect("127.0.0.1", this.port, options))
        this.devices.push(device)
        return device
    }

    /** Restarts the service without notifying devices. */
    async restart(): Promise<void> {
        await this.running?.stop()
        this.running = undefined
        await this.start()
    }

    /** Waits until the log has a line whose text contains `part`. */
    async expectLogged(part: string): Promise<Record<string, unknown>> {
        return await eventually(part, () => this.logged.find(({ msg }) => String(msg).includes(part)))
    }

    async close(): Promise<void> {
        for (const { connection } of this.devices.splice(0)) await connection.close()
        await this.running?.stop()
        this.running = undefined
    }
}

/**
 * For a suite: gives each test a gateway of its own, not started yet, with the keys of devices "one" and "two".
 * @param use called with it before the test
 */
export function withGateway(use: (gateway: RunningGateway) => void): void {
    let gateway: RunningGateway
    beforeEach(() => {
        gateway = new RunningGateway()
        gateway.writeKeys()
        use(gateway)
    })
    afterEach(async () => {
        await gateway.end()
    })
}

/** Waits until `find` returns a value. */
export async function eventually<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 2000; tries++) {
        const found = await find()
        if (found !== undefined) return found
        await sleep(10)
    }
    throw new Error(`this never came: ${what}`)
}
