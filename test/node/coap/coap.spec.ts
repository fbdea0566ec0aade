import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { CoapClient, newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, CoapType } from "../../../src/coap/code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    readCoapMessage,
    textOption,
    writeCoapMessage,
} from "../../../src/coap/message.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { type CoapAnswer, CoapSession } from "../../../src/coap/server.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { sleep } from "../../interop/process.js"
import { ScriptedSocket } from "../../support/scripted-socket.js"

const services = new NodeServices()
const parameters = {
    ...defaultCoapParameters(),
    ackTimeout: 40,
    ackRandomFactor: 1,
    maxRetransmit: 3,
    responseTimeout: 200,
}

function client(): { socket: ScriptedSocket; coap: CoapClient; sent: () => CoapMessage[] } {
    const socket = new ScriptedSocket(services)
    const coap = new CoapClient(services, socket, parameters)
    const sent = (): CoapMessage[] => socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage)
    return { socket, coap, sent }
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
    it("repeats an unanswered CON after 1, 2, 4 and 8 times the timeout, then gives up", async () => {
        const { socket, coap } = client()
        await rejects(coap.request(newRequest(CoapCode.GET)), { code: IOErrorEnum.TIMED_OUT })
        strictEqual(socket.sent.length, 4)
        const gaps = socket.sent.slice(1).map(({ at }, i) => at - (socket.sent[i]?.at ?? 0))
        for (const [i, gap] of gaps.entries()) ok(gap >= 40 * 2 ** i - 2 && gap < 40 * 2 ** i + 200, `${gap}`)
        strictEqual(new Set(socket.sent.map(({ data }) => data.toString("hex"))).size, 1)
    })

    it("sends a NON once and takes its answer", async () => {
        const { socket, coap } = client()
        answering(socket, (request) => [response(request, { type: CoapType.NON, messageId: 7 })])
        const answer = await coap.request({ ...newRequest(CoapCode.GET), confirmable: false })
        strictEqual(answer.payload.toString(), "answer")
        strictEqual(socket.sent.length, 1)
    })

    it("matches a piggybacked response by message id and token", async () => {
        const { socket, coap } = client()
        answering(socket, (request) => [
            response(request, { token: Buffer.from("ffffffff", "hex"), payload: Buffer.from("forged") }),
            response(request, { messageId: request.messageId ^ 1, payload: Buffer.from("other") }),
            response(request, {}),
        ])
        strictEqual((await coap.request(newRequest(CoapCode.GET))).payload.toString(), "answer")
    })

    it("takes a separate response after the acknowledgement, acknowledges it, and its repetition again without a second delivery", async () => {
        const { socket, coap, sent } = client()
        let separate: Buffer = Buffer.alloc(0)
        answering(socket, (request) => {
            separate = response(request, { type: CoapType.CON, messageId: 0x4444 })
            return [writeCoapMessage(emptyMessage(CoapType.ACK, request.messageId)), separate]
        })
        strictEqual((await coap.request(newRequest(CoapCode.GET))).payload.toString(), "answer")
        socket.arrive(separate)
        await sleep(20)
        const replies = sent().filter((message) => message.messageId === 0x4444)
        deepStrictEqual(
            replies.map((message) => message.type),
            [CoapType.ACK, CoapType.ACK],
        )
    })

    it("resets a ping, a response to nobody, a malformed CON, and one with an unknown critical option", async () => {
        const { socket, coap, sent } = client()
        answering(socket, (request) => [response(request, {})])
        await coap.request(newRequest(CoapCode.GET))
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.CON, 1)))
        const stranger = { ...emptyMessage(CoapType.CON, 2), code: CoapCode.CONTENT, token: Buffer.from([9]) }
        socket.arrive(writeCoapMessage(stranger))
        socket.arrive(Buffer.from("40450003ff", "hex"))
        await sleep(20)
        const resets = sent().filter((message) => message.type === CoapType.RST)
        deepStrictEqual(
            resets.map((message) => message.messageId),
            [1, 2, 3],
        )
        answering(socket, (request) => [response(request, { options: [textOption(23, "x")] })])
        await rejects(coap.request(newRequest(CoapCode.GET)), { code: IOErrorEnum.CONNECTION_REFUSED })
    })

    it("a reset ends the request, a close ends all of them", async () => {
        const { socket, coap } = client()
        answering(socket, (request) => [writeCoapMessage(emptyMessage(CoapType.RST, request.messageId))])
        await rejects(coap.request(newRequest(CoapCode.GET)), { code: IOErrorEnum.CONNECTION_REFUSED })
        socket.onSend = () => undefined
        const waiting = coap.request(newRequest(CoapCode.GET))
        setTimeout(() => coap.close(), 10)
        await rejects(waiting, { code: IOErrorEnum.CLOSED })
    })
})

describe("the CoAP message layer of a server", () => {
    function server(): { socket: ScriptedSocket; handled: () => number; sent: () => CoapMessage[] } {
        const socket = new ScriptedSocket(services)
        let count = 0
        const handler = (): CoapAnswer => ({ code: CoapCode.CHANGED, options: [], payload: Buffer.from(`${++count}`) })
        const session = new CoapSession(socket, handler, parameters, services)
        session.run(1152).catch(() => undefined)
        const sent = (): CoapMessage[] =>
            socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage)
        return { socket, handled: () => count, sent }
    }

    it("handles a repeated CON once and gives the same answer again", async () => {
        const { socket, handled, sent } = server()
        const request = writeCoapMessage({
            ...emptyMessage(CoapType.CON, 5),
            code: CoapCode.POST,
            token: Buffer.from([1]),
        })
        for (let i = 0; i < 3; i++) socket.arrive(request)
        await sleep(20)
        strictEqual(handled(), 1)
        deepStrictEqual(
            sent().map((message) => message.payload.toString()),
            ["1", "1", "1"],
        )
        socket.close()
    })

    it("answers an unknown critical option with 4.02, a NON with one not at all, and resets pings and rubbish", async () => {
        const { socket, handled, sent } = server()
        const request = {
            ...emptyMessage(CoapType.CON, 6),
            code: CoapCode.GET,
            options: [textOption(CoapOption.URI_PATH, "a"), textOption(23, "x")],
        }
        socket.arrive(writeCoapMessage(request))
        socket.arrive(writeCoapMessage({ ...request, type: CoapType.NON, messageId: 7 }))
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.CON, 8)))
        socket.arrive(Buffer.from("40010009ff", "hex"))
        await sleep(20)
        strictEqual(handled(), 0)
        deepStrictEqual(
            sent().map(({ type, code, messageId }) => [type, code, messageId]),
            [
                [CoapType.ACK, CoapCode.BAD_OPTION, 6],
                [CoapType.RST, 0, 8],
                [CoapType.RST, 0, 9],
            ],
        )
        socket.close()
    })
})
