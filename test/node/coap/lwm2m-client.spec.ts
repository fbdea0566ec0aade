import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { type CoapMessage, textOption, textOptionsOf } from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { type CoapAnswer, CoapServer } from "../../../src/coap/server.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../src/gio/dtls-server-connection.js"
import { newSettings } from "../../../src/gio/settings.js"
import { Thermometer } from "../../../src/lwm2m/program.js"
import { PskStore } from "../../../host/credentials.js"
import { GATEWAY } from "../../../host/testing/virtual-link.js"
import { CoapClient } from "../../../src/coap/client.js"
import { Observation } from "../../../src/coap/observation.js"
import { type Reading } from "../../../src/sensor/reading.js"
import { requestFor } from "../../support/coap-pair.js"
import { VirtualTime } from "../../support/virtual-time.js"

const PORT = 5684
const psk = { identity: Buffer.from("thermometer"), key: Buffer.alloc(16, 7) }
const INFORMATION = { manufacturer: "Mote", modelNumber: "m", serialNumber: "1", firmwareVersion: "1.0" }

/** An LwM2M server that records its client's requests; time passes only when a test waits. */
class StandIn extends VirtualTime {
    /** time in s and request: Register, Update or De-register, with its queries */
    readonly came: string[] = []
    /** responses to the next requests, instead of success */
    readonly answers: CoapCode[] = []
    connection!: DtlsServerConnection
    /** what the thermometer measures, °C */
    temperature = 21
    private layer!: MessageLayer
    private readonly client: Thermometer

    constructor(lifetime: number, interval: number) {
        super()
        const settings: Record<string, string> = {
            host: GATEWAY,
            port: `${PORT}`,
            identity: "thermometer",
            key: psk.key.toString("hex"),
            interval: `${interval}`,
        }
        const read = (): Promise<Reading[]> =>
            Promise.resolve([{ name: "temperature", unit: "Cel", value: this.temperature }])
        const source = { read }
        const setting = (name: string, missing: string): string => settings[name] ?? missing
        this.client = new Thermometer(this.services, setting, source, INFORMATION, lifetime)
    }

    /**
     * @param lifetime s
     * @param interval between two measurements, ms
     */
    static async start(lifetime: number, interval = 60000): Promise<StandIn> {
        const standIn = new StandIn(lifetime, interval)
        const { services } = standIn
        const socket = await services.openUdp({ remote: undefined, localHost: GATEWAY, localPort: PORT })
        const settings = newSettings(allSuites(), new PskStore([psk]), wifi(), gatewayLimits())
        const listener = new DtlsListener(services, socket, settings)
        services.spawn(async () => {
            for (;;) standIn.serve(await listener.accept(-1))
        })
        services.spawn(() => standIn.client.run())
        return standIn
    }

    private serve(connection: DtlsServerConnection): void {
        this.connection = connection
        this.layer = new MessageLayer(this.services, connection, defaultCoapParameters())
        const server = new CoapServer(this.layer, (request) => Promise.resolve(this.answer(request)), [])
        server.layer.listen()
    }

    private answer(request: CoapMessage): CoapAnswer {
        const path = textOptionsOf(request, CoapOption.URI_PATH).join("/")
        const queries = textOptionsOf(request, CoapOption.URI_QUERY).join("&")
        const isNew = path === "rd"
        const success = isNew
            ? CoapCode.CREATED
            : request.code === CoapCode.DELETE
              ? CoapCode.DELETED
              : CoapCode.CHANGED
        this.came.push(`${Math.floor(this.clock.now() / 1000)}: ${request.code} ${path} ${queries}`.trim())
        const options = isNew ? ["rd", "7a"].map((part) => textOption(CoapOption.LOCATION_PATH, part)) : []
        return { code: this.answers.shift() ?? success, options, payload: Buffer.alloc(0) }
    }

    /** Observes the temperature. @returns the values that come, in the order of their arrival */
    async observe(): Promise<string[]> {
        const observation = new Observation(new CoapClient(this.layer), requestFor(CoapCode.GET, "3303/0/5700"))
        const values = [(await this.settled(observation.next())).payload.toString()]
        this.services.spawn(async () => {
            for (;;) values.push((await observation.next()).payload.toString())
        })
        return values
    }

    /** Sends a request of the server. @returns the response code */
    async ask(code: CoapCode, path: string): Promise<string> {
        const response = await this.settled(new CoapClient(this.layer).request(requestFor(code, path)))
        return codeText(response.code)
    }
}

const REGISTER = "2 rd ep=thermometer&lt=300&lwm2m=1.1&b=U"

describe("an LwM2M client", () => {
    it("registers, and updates 93 s before its lifetime ends", async () => {
        const server = await StandIn.start(300)
        await server.clock.advance(500000)
        deepStrictEqual(server.came, [`0: ${REGISTER}`, "207: 2 rd/7a lt=300", "414: 2 rd/7a lt=300"])
    })

    it("updates after half of a short lifetime", async () => {
        const server = await StandIn.start(60)
        await server.clock.advance(70000)
        strictEqual(server.came[1], "30: 2 rd/7a lt=60")
    })

    it("registers again when the server no longer knows it", async () => {
        const server = await StandIn.start(300)
        await server.clock.advance(1000)
        server.answers.push(CoapCode.NOT_FOUND)
        await server.clock.advance(300000)
        deepStrictEqual(server.came.slice(1), ["207: 2 rd/7a lt=300", `207: ${REGISTER}`])
    })

    it("reconnects when the server has closed, and after it refused", async () => {
        const server = await StandIn.start(300)
        await server.clock.advance(5000)
        server.answers.push(CoapCode.FORBIDDEN)
        void server.connection.close()
        await server.clock.advance(30000)
        deepStrictEqual(
            server.came.map((line) => line.replace(/^\d+: /, "")),
            [REGISTER, REGISTER, REGISTER],
        )
        strictEqual(server.log.filter((line) => line.includes("refuses to register: 4.03; next attempt in")).length, 1)
    })

    it("waits twice as long after each refusal, up to a minute, and after a success as at first", async () => {
        const server = await StandIn.start(300)
        const pauses = (): number[] =>
            server.log.flatMap((line) => (/next attempt in (\d+) ms/.exec(line) ?? []).slice(1)).map(Number)
        const refuse = (times: number): void =>
            void server.answers.push(...Array<CoapCode>(times).fill(CoapCode.FORBIDDEN))
        refuse(8)
        await server.clock.advance(600000)
        strictEqual(pauses().length, 8)
        for (const [i, pause] of pauses().entries()) {
            const least = Math.min(1000 * 2 ** i, 60000)
            ok(pause >= least && pause <= least * 1.5, `${pause} ms at attempt ${i}`)
        }
        refuse(1)
        void server.connection.close()
        await server.clock.advance(300000)
        const [closed, refused] = pauses().slice(8)
        ok(closed <= 1500 && refused >= 2000 && refused <= 3000, `${closed} ms, ${refused} ms`)
    })

    it("notifies of a temperature that has changed, and not of each measurement", async () => {
        const server = await StandIn.start(3000, 10000)
        await server.clock.advance(1000)
        const values = await server.observe()
        await server.clock.advance(300000)
        const before = values.length
        server.temperature = 25
        await server.clock.advance(60000)
        // The server asks again when nothing has come for a minute; there were thirty measurements.
        ok(before >= 2 && before <= 6, values.join())
        deepStrictEqual([values[before - 1], values.at(-1)], ["21.00", "25.00"])
    })

    it("stays away after Disable as long as the server asks, and ends after Reboot, de-registering both times", async () => {
        const server = await StandIn.start(300)
        await server.clock.advance(1000)
        strictEqual(await server.ask(CoapCode.POST, "1/0/4"), "2.04")
        await server.clock.advance(86000000)
        deepStrictEqual(server.came.slice(1), ["1: 4 rd/7a"])
        await server.clock.advance(500000)
        strictEqual(server.came.length, 3)
        strictEqual(await server.ask(CoapCode.POST, "3/0/4"), "2.04")
        await server.clock.advance(100000000)
        strictEqual(server.came[3]?.split(": ")[1], "4 rd/7a")
        strictEqual(server.came.length, 4)
    })
})
