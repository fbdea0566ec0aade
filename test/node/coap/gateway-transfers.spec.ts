import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { PskStore } from "../../../host/credentials.js"
import { Gateway } from "../../../host/gateway/gateway.js"
import { Resources } from "../../../host/gateway/resources.js"
import { BlockTransfer } from "../../../src/coap/block-transfer.js"
import { CoapClient, type CoapRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { type CoapMessage, uintOptionOf } from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { Observation } from "../../../src/coap/observation.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { newSettings } from "../../../src/gio/settings.js"
import { connect, type DtlsSocket } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { requestFor } from "../../support/coap-pair.js"

const KEY = Buffer.alloc(16, 7)
const NAMES = ["one", "two"]

const textOf = ({ code, payload }: CoapMessage): string => `${codeText(code)} ${payload.toString()}`.trim()

describe("a gateway", () => {
    const open: { close(): Promise<void> }[] = []

    afterEach(async () => {
        for (const end of open.splice(0).reverse()) await end.close()
    })

    async function gateway(resources = new Resources([])): Promise<number> {
        const psk = new PskStore(NAMES.map((name) => ({ identity: Buffer.from(name), key: KEY })))
        const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
        const events = { connected: () => {}, readings: () => {}, ended: () => {} }
        const local = { host: "127.0.0.1", port: 0 }
        const running = await Gateway.start(new NodeServices(), settings, local, events, () => {}, { resources })
        open.push(running)
        return running.localAddress().port
    }

    async function client(port: number, identity = "one"): Promise<CoapClient> {
        const connection: DtlsSocket = await connect("127.0.0.1", port, { psk: { identity, key: KEY } })
        open.push(connection)
        return new CoapClient(new MessageLayer(new NodeServices(), connection.dtls, defaultCoapParameters()))
    }

    const inBlocks = (request: CoapRequest): BlockTransfer =>
        new BlockTransfer(request, { size: 1024, limit: 65536, progress: undefined })

    it("accepts a body of 65,536 bytes in blocks and returns it; to a larger one it answers how much is allowed", async () => {
        const one = await client(await gateway())
        const body = "0123456789abcdef".repeat(4096)
        strictEqual(textOf(await inBlocks(requestFor(CoapCode.PUT, "log", body)).run(one)), "2.01")
        strictEqual(textOf(await inBlocks(requestFor(CoapCode.GET, "log")).run(one)), `2.05 ${body}`)
        const refused = await inBlocks(requestFor(CoapCode.PUT, "log", `${body}+`)).run(one)
        strictEqual(textOf(refused), "4.13 At most 65536 bytes")
        strictEqual(uintOptionOf(refused, CoapOption.SIZE1, 0), 65536)
    })

    it("notifies a path's observers of each new state, including other clients' writes and deletion", async () => {
        const port = await gateway(new Resources(["/"]))
        const [one, two] = [await client(port), await client(port, "two")]
        await two.request(requestFor(CoapCode.PUT, "door", "open"))
        const observation = new Observation(one, requestFor(CoapCode.GET, "door"))
        strictEqual(textOf(await observation.next()), "2.05 open")
        strictEqual(observation.isObserved(), true)
        await two.request(requestFor(CoapCode.PUT, "door", "shut"))
        strictEqual(textOf(await observation.next()), "2.05 shut")
        await two.request(requestFor(CoapCode.PUT, "window", "open"))
        await two.request(requestFor(CoapCode.DELETE, "door"))
        strictEqual(textOf(await observation.next()), "4.04 nothing was posted to /door yet")
    })

    it("notifies them of what another gateway with the same resources received; a path without a resource has no observers", async () => {
        const resources = new Resources([])
        const [one, two] = [await client(await gateway(resources)), await client(await gateway(resources), "two")]
        const early = new Observation(one, requestFor(CoapCode.GET, "door"))
        strictEqual(codeText((await early.next()).code), "4.04")
        strictEqual(early.isObserved(), false)
        await two.request(requestFor(CoapCode.PUT, "door", "open"))
        const observation = new Observation(one, requestFor(CoapCode.GET, "door"))
        const states = [textOf(await observation.next())]
        await two.request(requestFor(CoapCode.PUT, "door", "shut"))
        states.push(textOf(await observation.next()))
        deepStrictEqual(states, ["2.05 open", "2.05 shut"])
    })
})
