import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { BlockwiseHandler, defaultBlockLimits } from "../../../src/coap/block-server.js"
import { BlockTransfer } from "../../../src/coap/block-transfer.js"
import { CoapClient } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, CoapType, codeText } from "../../../src/coap/code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    readCoapMessage,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { Observation } from "../../../src/coap/observation.js"
import { ObservableResource } from "../../../src/coap/observers.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { CoapRouter } from "../../../src/coap/router.js"
import { type CoapHandler, type CoapServer } from "../../../src/coap/server.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { sleep } from "../../interop/process.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"
import { ScriptedSocket } from "../../support/scripted-socket.js"

const get = requestFor(CoapCode.GET, "setting")

interface Observed {
    pair: CoapPair
    resource: ObservableResource
    server: CoapServer
    client: CoapClient
    observation: Observation
    /** changes the state and notifies observers */
    set: (value: string) => void
    /** the text of the next state */
    next: () => Promise<string>
}

async function observed(limit = 4): Promise<Observed> {
    const pair = new CoapPair()
    let value = "0"
    const handler: CoapHandler = () =>
        Promise.resolve({
            code: value === "gone" ? CoapCode.NOT_FOUND : CoapCode.CONTENT,
            options: [uintOption(CoapOption.MAX_AGE, 20)],
            payload: Buffer.from(value),
        })
    const resource = new ObservableResource(pair.services, handler, limit)
    const server = await pair.serve(resource.asHandler())
    const client = await pair.client()
    const observation = new Observation(client, get)
    const set = (changed: string): void => {
        value = changed
        resource.stateChanged()
    }
    const next = async (): Promise<string> => (await pair.settled(observation.next())).payload.toString()
    return { pair, resource, server, client, observation, set, next }
}

describe("observe (RFC 7641)", () => {
    it("a client gets the state at once, and each change", async () => {
        const { observation, next, set, resource } = await observed()
        strictEqual(await next(), "0")
        ok(observation.isObserved())
        for (const value of ["1", "2", "3"]) {
            set(value)
            strictEqual(await next(), value)
        }
        strictEqual(resource.observerCount(), 1)
    })

    it("of many changes at once the last is sent, with one notification under way at a time", async () => {
        const { pair, next, set } = await observed()
        await next()
        const before = pair.link.datagrams
        for (let i = 1; i <= 50; i++) set(`${i}`)
        await pair.clock.advance(1000)
        strictEqual(await next(), "50")
        // At most two notifications, each with its acknowledgement.
        ok(pair.link.datagrams - before <= 4, `${pair.link.datagrams - before}`)
    })

    it("changes survive loss: the last state arrives", async () => {
        const { pair, next, set } = await observed()
        await next()
        pair.link.loss = 0.3
        for (let i = 1; i <= 20; i++) {
            set(`${i}`)
            await pair.clock.advance(5000)
        }
        pair.link.loss = 0
        set("last")
        await pair.clock.advance(200000)
        strictEqual(await next(), "last")
    })

    it("when nothing arrives for Max-Age and some seconds, the client registers again with the same token", async () => {
        const { pair, next, resource, observation, set } = await observed()
        await next()
        const begun = pair.clock.now()
        strictEqual(await next(), "0")
        const waited = pair.clock.now() - begun
        ok(waited >= 25000 && waited <= 36000, `${waited} ms`)
        strictEqual(resource.observerCount(), 1)
        set("1")
        strictEqual(await next(), "1")
        ok(observation.isObserved())
    })

    it("continues on a new connection when the old one has ended", async () => {
        const { pair, next, observation, client, set } = await observed()
        await next()
        client.layer.close()
        await rejects(pair.settled(observation.next()), { code: IOErrorEnum.CLOSED })
        const other = await observed()
        observation.moveTo(other.client)
        strictEqual((await other.pair.settled(observation.next())).payload.toString(), "0")
        set("1")
        other.set("2")
        strictEqual((await other.pair.settled(observation.next())).payload.toString(), "2")
        strictEqual(other.resource.observerCount(), 1)
    })

    it("cancel deregisters, and the server stops notifying", async () => {
        const { pair, next, observation, resource, set } = await observed()
        await next()
        const answer = await pair.settled(observation.cancel())
        strictEqual(answer.payload.toString(), "0")
        strictEqual(uintOptionOf(answer, CoapOption.OBSERVE, -1), -1)
        strictEqual(resource.observerCount(), 0)
        const before = pair.link.datagrams
        set("1")
        await pair.clock.advance(1000)
        strictEqual(pair.link.datagrams, before)
    })

    it("an observer that resets a notification, or does not acknowledge it, is forgotten", async () => {
        const { pair, next, observation, resource, set } = await observed()
        await next()
        observation.end()
        set("1")
        await pair.clock.advance(1000)
        strictEqual(resource.observerCount(), 0)
        await next()
        strictEqual(resource.observerCount(), 1)
        pair.link.loss = 1
        set("2")
        await pair.clock.advance(100000)
        strictEqual(resource.observerCount(), 0)
    })

    it("an error ends the observation on both sides, and is delivered as a response", async () => {
        const { next, observation, resource, set, pair } = await observed()
        await next()
        set("gone")
        const error = await pair.settled(observation.next())
        strictEqual(codeText(error.code), "4.04")
        // RFC 7641 §4.2: an error has no number.
        strictEqual(uintOptionOf(error, CoapOption.OBSERVE, -1), -1)
        strictEqual(observation.isObserved(), false)
        await pair.clock.advance(100)
        strictEqual(resource.observerCount(), 0)
    })

    it("beyond the limit of observers the state is sent without registration; the client asks again after Max-Age", async () => {
        const { next, observation, pair } = await observed(0)
        strictEqual(await next(), "0")
        strictEqual(observation.isObserved(), false)
        const begun = pair.clock.now()
        strictEqual(await next(), "0")
        ok(pair.clock.now() - begun >= 25000)
    })

    it("an observer whose connection has ended leaves its place to another one", async () => {
        const { next, observation, resource, server } = await observed(1)
        await next()
        const other = new CoapPair()
        await other.serve(resource.asHandler())
        const another = new Observation(await other.client(), get)
        await other.settled(another.next())
        strictEqual(another.isObserved(), false)
        server.layer.close()
        another.end()
        await other.settled(another.next())
        deepStrictEqual([observation.isObserved(), another.isObserved(), resource.observerCount()], [true, true, 1])
    })

    it("notifications of an observation that moves to another server are newer than those of both servers", async () => {
        const { next, set, resource, server } = await observed()
        await next()
        for (const value of ["1", "2", "3"]) {
            set(value)
            await next()
        }
        const [request] = resource.requestsOf(server)
        resource.adopt(server, request, 1)
        ok(resource.lastNumber() >= 3, `${resource.lastNumber()}`)
        resource.adopt(server, request, 100)
        ok(resource.lastNumber() >= 100, `${resource.lastNumber()}`)
    })

    it("a state larger than a block is notified with its first block, and the client fetches the rest", async () => {
        const pair = new CoapPair()
        let text = "a".repeat(1500)
        const handler: CoapHandler = () =>
            Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: Buffer.from(text) })
        const resource = new ObservableResource(pair.services, handler, 1)
        const blocks = new BlockwiseHandler(pair.services, resource.asHandler(), defaultBlockLimits())
        await pair.serve(blocks.asHandler(), blocks.understood())
        const client = await pair.client()
        const request = { ...get, understood: blocks.understood() }
        const observation = new Observation(client, request)
        const whole = async (): Promise<string> => {
            const first = await pair.settled(observation.next())
            const transfer = new BlockTransfer(request, { size: 1024, limit: 4096, progress: undefined })
            return (await pair.settled(transfer.complete(client, first))).payload.toString()
        }
        strictEqual(await whole(), text)
        text = "b".repeat(2500)
        resource.stateChanged()
        strictEqual(await whole(), text)
    })
})

describe("the freshness of notifications (RFC 7641 §3.4)", () => {
    it("an overtaken one is acknowledged and dropped, across the 24-bit wrap too; any is fresh after 128 s", async () => {
        const clock = { now: 1000 }
        class ShiftedServices extends NodeServices {
            override now(): number {
                return clock.now
            }
        }
        const services = new ShiftedServices()
        const socket = new ScriptedSocket(services)
        const client = new CoapClient(new MessageLayer(services, socket, defaultCoapParameters()))
        const observation = new Observation(client, get)
        let token: Buffer = Buffer.alloc(0)
        socket.onSend = (data) => {
            const message = readCoapMessage(data, data.length) as CoapMessage
            if (message.code === CoapCode.GET) token = message.token
        }
        let messageId = 0
        const notify = async (number: number): Promise<void> => {
            const options = [uintOption(CoapOption.OBSERVE, number)]
            const payload = Buffer.from(`${number}`)
            const notification = { ...emptyMessage(CoapType.CON, ++messageId), code: CoapCode.CONTENT, token }
            socket.arrive(writeCoapMessage({ ...notification, options, payload }))
            await sleep(5)
        }
        const next = async (): Promise<string> => (await observation.next()).payload.toString()
        const first = next()
        await sleep(5)
        await notify(0xfffffe)
        strictEqual(await first, "16777214")
        await notify(2)
        await notify(0xffffff)
        clock.now += 127999
        await notify(1)
        strictEqual(await next(), "2")
        clock.now += 2
        await notify(1)
        strictEqual(await next(), "1")
        const replies = socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage).slice(1)
        deepStrictEqual(
            replies.map(({ type }) => type),
            Array(5).fill(CoapType.ACK),
        )
    })
})

describe("routing and discovery", () => {
    async function routed(): Promise<(code: CoapCode, path: string, query?: string) => Promise<string>> {
        const pair = new CoapPair()
        const router = new CoapRouter()
        const text =
            (words: string): CoapHandler =>
            () =>
                Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: Buffer.from(words) })
        router.addRoute(
            ["a", "b"],
            [{ name: "rt", value: "temperature outdoor" }],
            [
                { method: CoapCode.GET, handler: text("got") },
                { method: CoapCode.FETCH, handler: text("fetched") },
                { method: CoapCode.PATCH, handler: text("patched") },
                { method: CoapCode.IPATCH, handler: text("patched again") },
            ],
        )
        router.addRoute(["led"], [{ name: "obs", value: "" }], [{ method: CoapCode.PUT, handler: text("put") }])
        await pair.serve(router.asHandler())
        const client = await pair.client()
        return async (code, path, query) => {
            const request = requestFor(code, path)
            if (query !== undefined) request.options.push({ number: CoapOption.URI_QUERY, value: Buffer.from(query) })
            const answer = await pair.settled(client.request(request))
            return `${codeText(answer.code)} ${answer.payload.toString()}`.trim()
        }
    }

    it("chooses the handler by path and method, including FETCH, PATCH and iPATCH (RFC 8132)", async () => {
        const ask = await routed()
        strictEqual(await ask(CoapCode.GET, "a/b"), "2.05 got")
        strictEqual(await ask(CoapCode.FETCH, "a/b"), "2.05 fetched")
        strictEqual(await ask(CoapCode.PATCH, "a/b"), "2.05 patched")
        strictEqual(await ask(CoapCode.IPATCH, "a/b"), "2.05 patched again")
        strictEqual(await ask(CoapCode.PUT, "led"), "2.05 put")
        strictEqual(await ask(CoapCode.DELETE, "led"), "4.05")
        strictEqual(await ask(CoapCode.GET, "a"), "4.04")
        strictEqual(await ask(CoapCode.GET, "a/b/c"), "4.04")
    })

    it("lists its resources with their attributes, all or those that a query asks for (RFC 6690 §4.1)", async () => {
        const ask = await routed()
        const both = '</a/b>;rt="temperature outdoor",</led>;obs=""'
        strictEqual(await ask(CoapCode.GET, ".well-known/core"), `2.05 ${both}`)
        strictEqual(await ask(CoapCode.GET, ".well-known/core", "rt=outdoor"), '2.05 </a/b>;rt="temperature outdoor"')
        strictEqual(await ask(CoapCode.GET, ".well-known/core", "rt=temp*"), '2.05 </a/b>;rt="temperature outdoor"')
        strictEqual(await ask(CoapCode.GET, ".well-known/core", "href=/led"), '2.05 </led>;obs=""')
        strictEqual(await ask(CoapCode.GET, ".well-known/core", "rt=nothing"), "2.05")
        strictEqual(await ask(CoapCode.POST, ".well-known/core"), "4.05")
    })
})
