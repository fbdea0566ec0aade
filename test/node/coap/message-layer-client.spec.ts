import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { CoapClient, type CoapRequest, newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, CoapType } from "../../../src/coap/code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    readCoapMessage,
    textOption,
    writeCoapMessage,
} from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { Cancellable } from "../../../src/gio/cancellable.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { ScriptedSocket } from "../../support/scripted-socket.js"
import { VirtualTime } from "../../support/virtual-time.js"
import { quickParameters } from "../../support/coap-pair.js"

const parameters = quickParameters()

interface Asking {
    time: VirtualTime
    socket: ScriptedSocket
    coap: CoapClient
    sent: () => CoapMessage[]
    /** sends a request and returns its answer; time passes meanwhile */
    ask: (request: CoapRequest) => Promise<CoapMessage>
}

function client(): Asking {
    const time = new VirtualTime()
    const socket = new ScriptedSocket(time.services)
    const coap = new CoapClient(new MessageLayer(time.services, socket, parameters))
    const ask = (request: CoapRequest): Promise<CoapMessage> => time.settled(coap.request(request))
    const sent = (): CoapMessage[] => socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage)
    return { time, socket, coap, sent, ask }
}

/** A response to a request that was sent. */
function response(request: CoapMessage, change: Partial<CoapMessage>): Buffer {
    const payload = Buffer.from("answer")
    return writeCoapMessage({ ...request, type: CoapType.ACK, code: CoapCode.CONTENT, options: [], payload, ...change })
}

/** Answers each request that is sent. */
function answering(socket: ScriptedSocket, answer: (request: CoapMessage) => Buffer[]): void {
    socket.onSend = (data) => {
        const message = readCoapMessage(data, data.length) as CoapMessage
        if (message.code === CoapCode.EMPTY || message.code > 31) return
        for (const reply of answer(message)) setImmediate(() => socket.arrive(reply))
    }
}

describe("the CoAP message layer of a client", () => {
    it("retransmits an unanswered CON after 1, 2, 4 and 8 times the timeout, then gives up", async () => {
        const { socket, ask } = client()
        await rejects(ask(newRequest(CoapCode.GET)), { code: IOErrorEnum.TIMED_OUT })
        strictEqual(socket.sent.length, 4)
        const gaps = socket.sent.slice(1).map(({ at }, i) => at - (socket.sent[i]?.at ?? 0))
        deepStrictEqual(gaps, [40, 80, 160])
        strictEqual(new Set(socket.sent.map(({ data }) => data.toString("hex"))).size, 1)
    })

    it("sends a NON once and accepts its answer", async () => {
        const { socket, ask } = client()
        answering(socket, (request) => [response(request, { type: CoapType.NON, messageId: 7 })])
        const answer = await ask({ ...newRequest(CoapCode.GET), confirmable: false })
        strictEqual(answer.payload.toString(), "answer")
        strictEqual(socket.sent.length, 1)
    })

    it("matches a piggybacked response by message id and token", async () => {
        const { socket, ask } = client()
        answering(socket, (request) => [
            response(request, { token: Buffer.from("ffffffff", "hex"), payload: Buffer.from("forged") }),
            response(request, { messageId: request.messageId ^ 1, payload: Buffer.from("other") }),
            response(request, {}),
        ])
        strictEqual((await ask(newRequest(CoapCode.GET))).payload.toString(), "answer")
    })

    it("accepts a separate response after the acknowledgement, and acknowledges its retransmission without a second delivery", async () => {
        const { time, socket, sent, ask } = client()
        let separate: Buffer = Buffer.alloc(0)
        answering(socket, (request) => {
            separate = response(request, { type: CoapType.CON, messageId: 0x4444 })
            return [writeCoapMessage(emptyMessage(CoapType.ACK, request.messageId)), separate]
        })
        strictEqual((await ask(newRequest(CoapCode.GET))).payload.toString(), "answer")
        socket.arrive(separate)
        await time.clock.advance(20)
        const replies = sent().filter((message) => message.messageId === 0x4444)
        deepStrictEqual(
            replies.map((message) => message.type),
            [CoapType.ACK, CoapType.ACK],
        )
    })

    it("resets a ping, an unmatched response and a malformed CON", async () => {
        const { time, socket, sent, ask } = client()
        answering(socket, (request) => [response(request, {})])
        await ask(newRequest(CoapCode.GET))
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.CON, 1)))
        const stranger = { ...emptyMessage(CoapType.CON, 2), code: CoapCode.CONTENT, token: Buffer.from([9]) }
        socket.arrive(writeCoapMessage(stranger))
        socket.arrive(Buffer.from("40450003ff", "hex"))
        await time.clock.advance(20)
        const resets = sent().filter((message) => message.type === CoapType.RST)
        deepStrictEqual(
            resets.map((message) => message.messageId),
            [1, 2, 3],
        )
    })

    it("names the critical option that makes a response unusable, piggybacked or separate", async () => {
        const { time, socket, sent, ask } = client()
        const unusable = { code: IOErrorEnum.NOT_SUPPORTED, message: "The response has critical option 23" }
        const options = [textOption(12, "x"), textOption(23, "x")]
        answering(socket, (request) => [response(request, { options })])
        await rejects(ask(newRequest(CoapCode.GET)), unusable)
        answering(socket, (request) => [response(request, { type: CoapType.CON, messageId: 0x4444, options })])
        await rejects(ask(newRequest(CoapCode.GET)), unusable)
        await time.clock.advance(5)
        const replies = sent().filter((message) => message.messageId === 0x4444)
        deepStrictEqual(
            replies.map((message) => message.type),
            [CoapType.RST],
        )
    })

    it("ignores malformed and unmatched acknowledgements and resets", async () => {
        const { socket, ask } = client()
        const codes = [CoapCode.GET, 0x20, 0x60, 0xc0, 0xe1]
        answering(socket, (request) => [
            ...codes.map((code) => response(request, { code, payload: Buffer.from("wrong") })),
            response(request, { type: CoapType.RST }),
            response(request, {}),
        ])
        strictEqual((await ask(newRequest(CoapCode.GET))).payload.toString(), "answer")
    })

    it("resets a confirmable message with its token and a code that is not a response's", async () => {
        const { time, socket, sent, ask } = client()
        const codes = [CoapCode.POST, 0x3f, 0x60, 0xc0, 0xe1]
        answering(socket, (request) => [
            ...codes.map((code, i) => response(request, { type: CoapType.CON, messageId: 100 + i, code })),
            ...codes.map((code, i) => response(request, { type: CoapType.NON, messageId: 200 + i, code })),
            response(request, {}),
        ])
        strictEqual((await ask(newRequest(CoapCode.GET))).payload.toString(), "answer")
        await time.clock.advance(5)
        const resets = sent().filter((message) => message.type === CoapType.RST)
        deepStrictEqual(
            resets.map((message) => message.messageId),
            codes.map((_, i) => 100 + i),
        )
    })

    it("has one request outstanding; the others wait for their turn, in order", async () => {
        const { time, socket, coap, sent } = client()
        const requests = ["a", "b", "c"].map((path) => ({
            ...newRequest(CoapCode.GET),
            options: [textOption(CoapOption.URI_PATH, path)],
        }))
        const answers = requests.map(async (request) => (await coap.request(request)).payload.toString())
        const paths = (): string =>
            sent()
                .map((message) => message.options[0]?.value.toString())
                .join("")
        await time.clock.advance(5)
        strictEqual(paths(), "a")
        socket.arrive(response(sent()[0], {}))
        await time.clock.advance(5)
        strictEqual(paths(), "ab")
        // An acknowledged request is no longer outstanding, although its response has not arrived.
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.ACK, sent()[1].messageId)))
        await time.clock.advance(5)
        strictEqual(paths(), "abc")
        socket.arrive(response(sent()[2], { payload: Buffer.from("third") }))
        socket.arrive(response(sent()[1], { type: CoapType.NON, messageId: 1, payload: Buffer.from("second") }))
        deepStrictEqual(await time.settled(Promise.all(answers)), ["answer", "second", "third"])
    })

    it("a waiting request ends on its own cancellable, unsent, and one that fails lets the next one go", async () => {
        const { time, socket, coap, sent } = client()
        const cancellable = new Cancellable()
        const first = coap.request(newRequest(CoapCode.GET))
        const second = coap.request(newRequest(CoapCode.PUT), cancellable)
        const third = coap.request(newRequest(CoapCode.POST))
        await time.clock.advance(5)
        cancellable.cancel()
        await rejects(time.settled(second), { code: IOErrorEnum.CANCELLED })
        answering(socket, (request) => [response(request, {})])
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.RST, sent()[0].messageId)))
        await rejects(time.settled(first), { code: IOErrorEnum.CONNECTION_REFUSED })
        await time.settled(third)
        deepStrictEqual(
            sent().map(({ code }) => code),
            [CoapCode.GET, CoapCode.POST],
        )
    })

    it("uses no message id twice within EXCHANGE_LIFETIME, and fails when none is left", async () => {
        const { socket, coap, ask } = client()
        answering(socket, (request) => [response(request, {})])
        const { ids } = coap.layer as unknown as { ids: { next: number; started: number } }
        ids.next = 0x7fff
        await ask(newRequest(CoapCode.GET))
        await ask(newRequest(CoapCode.GET))
        ids.next = 0
        await rejects(ask(newRequest(CoapCode.GET)), { code: IOErrorEnum.WOULD_BLOCK })
        ids.started -= 247000
        await ask(newRequest(CoapCode.GET))
        const used = socket.sent.map(({ data }) => data.readUInt16BE(2))
        deepStrictEqual(used, [0x7fff, 0x8000, 0])
    })

    it("a reset ends the request, a close ends all of them", async () => {
        const { time, socket, coap, ask } = client()
        answering(socket, (request) => [writeCoapMessage(emptyMessage(CoapType.RST, request.messageId))])
        await rejects(ask(newRequest(CoapCode.GET)), { code: IOErrorEnum.CONNECTION_REFUSED })
        socket.onSend = () => undefined
        const waiting = coap.request(newRequest(CoapCode.GET))
        time.clock.after(10, () => coap.layer.close())
        await rejects(time.settled(waiting), { code: IOErrorEnum.CLOSED })
    })
})
