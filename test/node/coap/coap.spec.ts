import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { CoapClient, newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText, CoapType } from "../../../src/coap/code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    readCoapMessage,
    textOption,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../../../src/coap/message.js"
import { MessageLayer } from "../../../src/coap/message-layer.js"
import { type CoapParameters, defaultCoapParameters } from "../../../src/coap/parameters.js"
import { type CoapAnswer, type CoapHandler, CoapServer } from "../../../src/coap/server.js"
import { Cancellable } from "../../../src/gio/cancellable.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { sleep } from "../../interop/process.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"
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
    const coap = new CoapClient(new MessageLayer(services, socket, parameters))
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

    it("resets a ping, a response to nobody and a malformed CON", async () => {
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
    })

    it("names the critical option that keeps it from using a response, piggybacked or separate", async () => {
        const { socket, coap, sent } = client()
        const unusable = { code: IOErrorEnum.NOT_SUPPORTED, message: "The response has critical option 23" }
        const options = [textOption(12, "x"), textOption(23, "x")]
        answering(socket, (request) => [response(request, { options })])
        await rejects(coap.request(newRequest(CoapCode.GET)), unusable)
        answering(socket, (request) => [response(request, { type: CoapType.CON, messageId: 0x4444, options })])
        await rejects(coap.request(newRequest(CoapCode.GET)), unusable)
        await sleep(5)
        const replies = sent().filter((message) => message.messageId === 0x4444)
        deepStrictEqual(
            replies.map((message) => message.type),
            [CoapType.RST],
        )
    })

    it("ignores acknowledgements and resets that are not as they must be", async () => {
        const { socket, coap } = client()
        const codes = [CoapCode.GET, 0x20, 0x60, 0xc0, 0xe1]
        answering(socket, (request) => [
            ...codes.map((code) => response(request, { code, payload: Buffer.from("wrong") })),
            response(request, { type: CoapType.RST }),
            response(request, {}),
        ])
        strictEqual((await coap.request(newRequest(CoapCode.GET))).payload.toString(), "answer")
    })

    it("resets a confirmable message with its token and a code that is no response's", async () => {
        const { socket, coap, sent } = client()
        const codes = [CoapCode.POST, 0x3f, 0x60, 0xc0, 0xe1]
        answering(socket, (request) => [
            ...codes.map((code, i) => response(request, { type: CoapType.CON, messageId: 100 + i, code })),
            ...codes.map((code, i) => response(request, { type: CoapType.NON, messageId: 200 + i, code })),
            response(request, {}),
        ])
        strictEqual((await coap.request(newRequest(CoapCode.GET))).payload.toString(), "answer")
        await sleep(5)
        const resets = sent().filter((message) => message.type === CoapType.RST)
        deepStrictEqual(
            resets.map((message) => message.messageId),
            codes.map((_, i) => 100 + i),
        )
    })

    it("has one request outstanding; the others wait for their turn, in order", async () => {
        const { socket, coap, sent } = client()
        const requests = ["a", "b", "c"].map((path) => ({
            ...newRequest(CoapCode.GET),
            options: [textOption(CoapOption.URI_PATH, path)],
        }))
        const answers = requests.map(async (request) => (await coap.request(request)).payload.toString())
        const paths = (): string =>
            sent()
                .map((message) => message.options[0]?.value.toString())
                .join("")
        await sleep(5)
        strictEqual(paths(), "a")
        socket.arrive(response(sent()[0], {}))
        await sleep(5)
        strictEqual(paths(), "ab")
        // Acknowledged, a request is outstanding no more, though its response is still to come.
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.ACK, sent()[1].messageId)))
        await sleep(5)
        strictEqual(paths(), "abc")
        socket.arrive(response(sent()[2], { payload: Buffer.from("third") }))
        socket.arrive(response(sent()[1], { type: CoapType.NON, messageId: 1, payload: Buffer.from("second") }))
        deepStrictEqual(await Promise.all(answers), ["answer", "second", "third"])
    })

    it("a request that waits for its turn ends on its own cancellable, unsent, and one that fails lets the next go", async () => {
        const { socket, coap, sent } = client()
        const cancellable = new Cancellable()
        const first = coap.request(newRequest(CoapCode.GET))
        const second = coap.request(newRequest(CoapCode.PUT), cancellable)
        const third = coap.request(newRequest(CoapCode.POST))
        await sleep(5)
        cancellable.cancel()
        await rejects(second, { code: IOErrorEnum.CANCELLED })
        answering(socket, (request) => [response(request, {})])
        socket.arrive(writeCoapMessage(emptyMessage(CoapType.RST, sent()[0].messageId)))
        await rejects(first, { code: IOErrorEnum.CONNECTION_REFUSED })
        await third
        deepStrictEqual(
            sent().map(({ code }) => code),
            [CoapCode.GET, CoapCode.POST],
        )
    })

    it("uses no message id twice within EXCHANGE_LIFETIME, and says so when it has none left", async () => {
        const { socket, coap } = client()
        answering(socket, (request) => [response(request, {})])
        const { ids } = coap.layer as unknown as { ids: { next: number; started: number } }
        ids.next = 0x7fff
        await coap.request(newRequest(CoapCode.GET))
        await coap.request(newRequest(CoapCode.GET))
        ids.next = 0
        await rejects(coap.request(newRequest(CoapCode.GET)), { code: IOErrorEnum.WOULD_BLOCK })
        ids.started -= 247000
        await coap.request(newRequest(CoapCode.GET))
        const used = socket.sent.map(({ data }) => data.readUInt16BE(2))
        deepStrictEqual(used, [0x7fff, 0x8000, 0])
    })

    it("a reset ends the request, a close ends all of them", async () => {
        const { socket, coap } = client()
        answering(socket, (request) => [writeCoapMessage(emptyMessage(CoapType.RST, request.messageId))])
        await rejects(coap.request(newRequest(CoapCode.GET)), { code: IOErrorEnum.CONNECTION_REFUSED })
        socket.onSend = () => undefined
        const waiting = coap.request(newRequest(CoapCode.GET))
        setTimeout(() => coap.layer.close(), 10)
        await rejects(waiting, { code: IOErrorEnum.CLOSED })
    })
})

describe("the CoAP message layer of a server", () => {
    const logged: string[] = []
    const quiet = new NodeServices({ log: (_level, message) => void logged.push(message) })

    interface Served {
        socket: ScriptedSocket
        handled: () => number
        sent: () => CoapMessage[]
        /** sends requests one after another, waits, and returns the answers */
        ask: (...requests: CoapMessage[]) => Promise<CoapMessage[]>
        /** the same, and waits until each has an answer, however busy the computer is */
        askForAll: (...requests: CoapMessage[]) => Promise<CoapMessage[]>
    }

    /** A handler that may answer at once. */
    type Handler = (request: CoapMessage) => CoapAnswer | Promise<CoapAnswer>

    function server(handler?: Handler, change: Partial<CoapParameters> = {}): Served {
        const socket = new ScriptedSocket(quiet)
        let count = 0
        const counting = (): CoapAnswer => ({ code: CoapCode.CHANGED, options: [], payload: Buffer.from(`${count}`) })
        const layer = new MessageLayer(quiet, socket, { ...parameters, separateAfter: 30, ...change })
        const handle: CoapHandler = async (request) => {
            count++
            return await (handler ?? counting)(request)
        }
        new CoapServer(layer, handle, []).run().catch(() => undefined)
        const sent = (): CoapMessage[] =>
            socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage)
        const ask = async (...requests: CoapMessage[]): Promise<CoapMessage[]> => {
            const before = socket.sent.length
            for (const request of requests) {
                socket.arrive(writeCoapMessage(request))
                await sleep(3)
            }
            await sleep(20)
            return sent().slice(before)
        }
        const askForAll = async (...requests: CoapMessage[]): Promise<CoapMessage[]> => {
            const before = socket.sent.length
            await ask(...requests)
            for (let i = 0; i < 200 && socket.sent.length < before + requests.length; i++) await sleep(10)
            return sent().slice(before)
        }
        return { socket, handled: () => count, sent, ask, askForAll }
    }

    let messageId = 0
    const request = (change: Partial<CoapMessage>): CoapMessage => ({
        ...emptyMessage(CoapType.CON, ++messageId),
        code: CoapCode.POST,
        token: Buffer.from([1]),
        ...change,
    })
    const codes = (messages: CoapMessage[]): string[] => messages.map(({ code }) => codeText(code))

    it("handles a repeated CON once and gives the same answer again", async () => {
        const { socket, handled, askForAll } = server(undefined, { separateAfter: 5000 })
        const repeated = request({})
        const answers = await askForAll(repeated, repeated, repeated)
        strictEqual(handled(), 1)
        deepStrictEqual(
            answers.map((message) => message.payload.toString()),
            ["1", "1", "1"],
        )
        socket.close()
    })

    it("remembers the answers to as many requests as its parameters say", async () => {
        const { socket, handled, ask } = server()
        const first = request({})
        const others = Array.from({ length: parameters.rememberedIds - 1 }, () => request({ code: CoapCode.GET }))
        await ask(first, ...others)
        await ask(first, ...others)
        strictEqual(handled(), parameters.rememberedIds)
        await ask(request({}), first)
        strictEqual(handled(), parameters.rememberedIds + 2)
        socket.close()
    })

    it("handles a GET with a long answer again, instead of keeping the answer", async () => {
        const lengths = [256, 257, 257]
        const answer: Handler = () => ({
            code: CoapCode.CONTENT,
            options: [],
            payload: Buffer.alloc(lengths.shift() ?? 0),
        })
        const { socket, handled, askForAll } = server(answer, { separateAfter: 5000 })
        const [short, long] = [request({ code: CoapCode.GET }), request({ code: CoapCode.GET })]
        const answers = await askForAll(short, short, long, long)
        deepStrictEqual(
            answers.map(({ payload }) => payload.length),
            [256, 256, 257, 257],
        )
        strictEqual(handled(), 3)
        socket.close()
    })

    it("answers an unknown critical option with 4.02, a NON with one not at all, and resets pings and rubbish", async () => {
        const { socket, handled, ask } = server()
        const options = [textOption(CoapOption.URI_PATH, "a"), textOption(23, "x")]
        socket.arrive(Buffer.from("40010009ff", "hex"))
        const answers = await ask(
            request({ messageId: 6, options }),
            request({ messageId: 7, options, type: CoapType.NON }),
            emptyMessage(CoapType.CON, 8),
            request({ messageId: 10, code: 0x3f }),
            request({ messageId: 11, code: CoapCode.CONTENT }),
            request({ messageId: 12, code: 0xe1 }),
            emptyMessage(CoapType.NON, 13),
        )
        strictEqual(handled(), 0)
        deepStrictEqual(
            answers.map((answer) => [answer.type, answer.code, answer.messageId]),
            [
                [CoapType.RST, 0, 9],
                [CoapType.ACK, CoapCode.BAD_OPTION, 6],
                [CoapType.RST, 0, 8],
                [CoapType.RST, 0, 10],
                [CoapType.RST, 0, 11],
                [CoapType.RST, 0, 12],
            ],
        )
        strictEqual(answers[1]?.payload.toString(), "Option 23 is unknown, malformed or repeated")
        socket.close()
    })

    it("answers critical options that are repeated, too long, too short or no text with 4.02", async () => {
        const { socket, handled, ask } = server()
        const accept = uintOption(CoapOption.ACCEPT, 0)
        const host = textOption(CoapOption.URI_HOST, "a")
        const answers = await ask(
            ...[
                [accept, accept],
                [host, host],
                [textOption(CoapOption.URI_HOST, "")],
                [{ number: CoapOption.ACCEPT, value: Buffer.alloc(3) }],
                [{ number: CoapOption.URI_PORT, value: Buffer.alloc(3) }],
                [textOption(CoapOption.URI_PATH, "a".repeat(256))],
                [{ number: CoapOption.URI_PATH, value: Buffer.from([0xff]) }],
                [textOption(CoapOption.URI_PATH, "..")],
            ].map((options) => request({ options })),
        )
        strictEqual(handled(), 0)
        deepStrictEqual(codes(answers), Array(8).fill("4.02"))
        socket.close()
    })

    it("ignores elective options that are repeated, too long or too short", async () => {
        const formats: number[] = []
        const { socket, ask } = server((asked) => {
            formats.push(uintOptionOf(asked, CoapOption.CONTENT_FORMAT, -1))
            return { code: CoapCode.CHANGED, options: [], payload: Buffer.alloc(0) }
        })
        const long = { number: CoapOption.CONTENT_FORMAT, value: Buffer.from([0, 0, 50]) }
        const answers = await ask(
            request({
                options: [uintOption(CoapOption.CONTENT_FORMAT, 50), uintOption(CoapOption.CONTENT_FORMAT, 60)],
            }),
            request({ options: [long] }),
        )
        deepStrictEqual(codes(answers), ["2.04", "2.04"])
        deepStrictEqual(formats, [50, -1])
        socket.close()
    })

    it("is no proxy and says so", async () => {
        const { socket, handled, ask } = server()
        const answers = await ask(
            request({ options: [textOption(CoapOption.PROXY_URI, "coap://other.example/x")] }),
            request({ options: [textOption(CoapOption.PROXY_SCHEME, "coap")], type: CoapType.NON }),
            request({ options: [textOption(CoapOption.PROXY_URI, "")] }),
        )
        deepStrictEqual(codes(answers), ["5.05", "5.05", "4.02"])
        strictEqual(handled(), 0)
        socket.close()
    })

    /** A handler that answers after `time` ms. */
    const slow = (time: number) => async (): Promise<CoapAnswer> => {
        await sleep(time)
        return { code: CoapCode.CONTENT, options: [], payload: Buffer.from("late") }
    }

    it("acknowledges a request whose handler takes its time, and sends the response as a message of its own until it is acknowledged", async () => {
        const { socket, handled, sent, ask } = server(slow(60))
        const asked = request({ code: CoapCode.GET, token: Buffer.from([7, 7]) })
        socket.arrive(writeCoapMessage(asked))
        await sleep(45)
        deepStrictEqual(sent(), [emptyMessage(CoapType.ACK, asked.messageId)])
        await sleep(90)
        const [, first, again] = sent()
        strictEqual(first?.type, CoapType.CON)
        strictEqual(first.token.toString("hex"), "0707")
        strictEqual(first.payload.toString(), "late")
        deepStrictEqual(again, first)
        await ask(emptyMessage(CoapType.ACK, first.messageId))
        const count = sent().length
        await sleep(120)
        strictEqual(sent().length, count)
        // The request again is acknowledged again, and not handled again.
        deepStrictEqual(await ask(asked), [emptyMessage(CoapType.ACK, asked.messageId)])
        strictEqual(handled(), 1)
        socket.close()
    })

    it("handles other requests while one takes its time, as many as its parameters say; the next gets 5.03 with Max-Age", async () => {
        const times = [50, 50, 0]
        const { socket, ask } = server(() => slow(times.shift() ?? 0)(), { concurrentRequests: 2, separateAfter: 1000 })
        const answers = await ask(request({}), request({}), request({}))
        deepStrictEqual(codes(answers), ["5.03"])
        strictEqual(uintOptionOf(answers[0], CoapOption.MAX_AGE, -1), 1)
        await sleep(80)
        deepStrictEqual(codes(await ask(request({}))).slice(-1), ["2.05"])
        socket.close()
    })

    it("answers a slow non-confirmable request without acknowledgement, as a non-confirmable message", async () => {
        const { socket, sent } = server(slow(60))
        socket.arrive(writeCoapMessage(request({ type: CoapType.NON })))
        await sleep(100)
        deepStrictEqual(
            sent().map(({ type, code }) => [type, code]),
            [[CoapType.NON, CoapCode.CONTENT]],
        )
        socket.close()
    })

    it("sends no response of a class that No-Response names, and still acknowledges", async () => {
        const { socket, ask } = server(({ payload }) => ({
            code: payload.length === 0 ? CoapCode.CHANGED : CoapCode.BAD_REQUEST,
            options: [],
            payload: Buffer.alloc(0),
        }))
        // 2: not interested in 2.xx; 26: in nothing; 24: not in errors (RFC 7967 §2.1).
        const asking = (classes: number, payload: string, type = CoapType.CON): CoapMessage =>
            request({
                type,
                payload: Buffer.from(payload),
                options: [uintOption(CoapOption.NO_RESPONSE, classes)],
            })
        const silent = await ask(asking(2, ""), asking(26, "x"), asking(2, "", CoapType.NON))
        deepStrictEqual(
            silent.map(({ type, code }) => [type, code]),
            [
                [CoapType.ACK, CoapCode.EMPTY],
                [CoapType.ACK, CoapCode.EMPTY],
            ],
        )
        deepStrictEqual(codes(await ask(asking(2, "x"), asking(24, ""))), ["4.00", "2.04"])
        socket.close()
    })

    it("a handler that throws, or answers what is no answer, costs a 5.00 and a line in the log, and not the session", async () => {
        const payload = Buffer.from("here")
        const answers: (() => CoapAnswer)[] = [
            () => {
                throw new Error("the disk is full")
            },
            () => undefined as unknown as CoapAnswer,
            () => ({ code: CoapCode.CONTENT, options: [], payload: "text" }) as unknown as CoapAnswer,
            () => ({ code: CoapCode.CONTENT, options: [], payload }),
        ]
        const { socket, ask } = server(() => (answers.shift() as () => CoapAnswer)())
        logged.length = 0
        const failing = request({})
        deepStrictEqual(codes(await ask(failing, request({}), request({}))), ["5.00", "5.00", "5.00"])
        strictEqual(logged.length, 3)
        strictEqual(logged[0], "A CoAP handler failed: the disk is full")
        const [repeated, last] = await ask(failing, request({}))
        strictEqual(repeated?.payload.toString(), "The request could not be handled")
        strictEqual(last?.payload.toString(), "here")
        socket.close()
    })
})

describe("a CoAP client and a CoAP server on one connection", () => {
    const echo: CoapHandler = (request) =>
        Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: request.payload })

    it("share it: each asks the other at the same time, both are answered", async () => {
        const pair = new CoapPair()
        const [left, right] = [await pair.layer("left"), await pair.layer("right")]
        const clients = [left, right].map((layer) => {
            new CoapServer(layer, echo, []).layer.listen()
            return new CoapClient(layer)
        })
        const answers = clients.flatMap((client, i) =>
            [1, 2, 3].map(async (n) => (await client.request(requestFor(CoapCode.POST, "a", `${i} ${n}`))).payload),
        )
        const texts = (await pair.settled(Promise.all(answers))).map((payload) => payload.toString())
        deepStrictEqual(texts, ["0 1", "0 2", "0 3", "1 1", "1 2", "1 3"])
    })

    it("without a server rejects requests: the peer's request ends with CONNECTION_REFUSED", async () => {
        const pair = new CoapPair()
        const [asking, silent] = [await pair.client(), await pair.layer("right")]
        silent.listen()
        await rejects(pair.settled(asking.request(requestFor(CoapCode.GET, "a"))), {
            code: IOErrorEnum.CONNECTION_REFUSED,
        })
    })

    it("survive loss and duplication: every request is handled once and answered, at once or late", async () => {
        const pair = new CoapPair({}, 7)
        Object.assign(pair.link, { loss: 0.2, duplication: 0.2 })
        const handled: string[] = []
        await pair.serve(async (request) => {
            handled.push(request.payload.toString())
            const signal = pair.services.newSignal()
            if (handled.length % 2 === 0) await signal.wait(3000)
            return { code: CoapCode.CHANGED, options: [], payload: request.payload }
        })
        const client = await pair.client()
        const names = Array.from({ length: 20 }, (_, i) => `${i}`)
        for (const name of names) {
            const answer = await pair.settled(client.request(requestFor(CoapCode.POST, "a", name)))
            strictEqual(answer.payload.toString(), name)
        }
        deepStrictEqual(handled, names)
    })
})

describe("the CoAP codec", () => {
    it("takes no message with more options than a device has memory for", () => {
        const withOptions = (count: number): Buffer =>
            writeCoapMessage({
                ...emptyMessage(CoapType.CON, 1),
                code: CoapCode.POST,
                options: Array.from({ length: count }, () => textOption(CoapOption.URI_PATH, "")),
            })
        strictEqual(readCoapMessage(withOptions(64), withOptions(64).length)?.options.length, 64)
        strictEqual(readCoapMessage(withOptions(65), withOptions(65).length), undefined)
    })
})
