import { deepStrictEqual, strictEqual } from "node:assert/strict"
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
import { type CoapParameters } from "../../../src/coap/parameters.js"
import { type CoapAnswer, type CoapHandler, CoapServer } from "../../../src/coap/server.js"
import { ScriptedSocket } from "../../support/scripted-socket.js"
import { VirtualTime } from "../../support/virtual-time.js"
import { quickParameters } from "../../support/coap-pair.js"

const parameters = quickParameters()

describe("the CoAP message layer of a server", () => {
    interface Served {
        time: VirtualTime
        socket: ScriptedSocket
        handled: () => number
        sent: () => CoapMessage[]
        /** sends requests in order, waits, and returns the answers */
        ask: (...requests: CoapMessage[]) => Promise<CoapMessage[]>
    }

    /** A handler that may answer synchronously. */
    type Handler = (request: CoapMessage, time: VirtualTime) => CoapAnswer | Promise<CoapAnswer>

    function server(handler?: Handler, change: Partial<CoapParameters> = {}): Served {
        const time = new VirtualTime()
        const { services, clock } = time
        const socket = new ScriptedSocket(services)
        let count = 0
        const counting = (): CoapAnswer => ({ code: CoapCode.CHANGED, options: [], payload: Buffer.from(`${count}`) })
        const layer = new MessageLayer(services, socket, { ...parameters, separateAfter: 30, ...change })
        const handle: CoapHandler = async (request) => {
            count++
            return await (handler ?? counting)(request, time)
        }
        new CoapServer(layer, handle, []).run().catch(() => undefined)
        const sent = (): CoapMessage[] =>
            socket.sent.map(({ data }) => readCoapMessage(data, data.length) as CoapMessage)
        const ask = async (...requests: CoapMessage[]): Promise<CoapMessage[]> => {
            const before = socket.sent.length
            for (const request of requests) {
                socket.arrive(writeCoapMessage(request))
                await clock.advance(3)
            }
            await clock.advance(20)
            return sent().slice(before)
        }
        return { time, socket, handled: () => count, sent, ask }
    }

    let messageId = 0
    const request = (change: Partial<CoapMessage>): CoapMessage => ({
        ...emptyMessage(CoapType.CON, ++messageId),
        code: CoapCode.POST,
        token: Buffer.from([1]),
        ...change,
    })
    const codes = (messages: CoapMessage[]): string[] => messages.map(({ code }) => codeText(code))

    it("handles a retransmitted CON once and repeats the same answer", async () => {
        const { socket, handled, ask } = server()
        const repeated = request({})
        const answers = await ask(repeated, repeated, repeated)
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

    it("handles a retransmitted GET with a long answer again, instead of keeping the answer", async () => {
        const lengths = [256, 257, 257]
        const answer: Handler = () => ({
            code: CoapCode.CONTENT,
            options: [],
            payload: Buffer.alloc(lengths.shift() ?? 0),
        })
        const { socket, handled, ask } = server(answer)
        const [short, long] = [request({ code: CoapCode.GET }), request({ code: CoapCode.GET })]
        const answers = await ask(short, short, long, long)
        deepStrictEqual(
            answers.map(({ payload }) => payload.length),
            [256, 256, 257, 257],
        )
        strictEqual(handled(), 3)
        socket.close()
    })

    it("answers an unknown critical option with 4.02, drops a NON with one, and resets pings and garbage", async () => {
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

    it("answers critical options that are repeated, too long, too short or not UTF-8 with 4.02", async () => {
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

    it("answers proxy requests with 5.05", async () => {
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

    /** A handler that answers after `duration` ms. */
    const slow =
        (duration: number): Handler =>
        async (_request, { services }) => {
            await services.newSignal().wait(duration)
            return { code: CoapCode.CONTENT, options: [], payload: Buffer.from("late") }
        }

    it("acknowledges a request whose handler is slow, and sends a separate response until it is acknowledged", async () => {
        const { time, socket, handled, sent, ask } = server(slow(60))
        const asked = request({ code: CoapCode.GET, token: Buffer.from([7, 7]) })
        socket.arrive(writeCoapMessage(asked))
        await time.clock.advance(45)
        deepStrictEqual(sent(), [emptyMessage(CoapType.ACK, asked.messageId)])
        await time.clock.advance(90)
        const [, first, again] = sent()
        strictEqual(first?.type, CoapType.CON)
        strictEqual(first.token.toString("hex"), "0707")
        strictEqual(first.payload.toString(), "late")
        deepStrictEqual(again, first)
        await ask(emptyMessage(CoapType.ACK, first.messageId))
        const count = sent().length
        await time.clock.advance(120)
        strictEqual(sent().length, count)
        // A retransmitted request is acknowledged again, but not handled again.
        deepStrictEqual(await ask(asked), [emptyMessage(CoapType.ACK, asked.messageId)])
        strictEqual(handled(), 1)
        socket.close()
    })

    it("handles other requests during a slow one, as many as its parameters say; the next gets 5.03 with Max-Age", async () => {
        const times = [50, 50, 0]
        const { time, socket, ask } = server((asked, time) => slow(times.shift() ?? 0)(asked, time), {
            concurrentRequests: 2,
            separateAfter: 1000,
        })
        const answers = await ask(request({}), request({}), request({}))
        deepStrictEqual(codes(answers), ["5.03"])
        strictEqual(uintOptionOf(answers[0], CoapOption.MAX_AGE, -1), 1)
        await time.clock.advance(80)
        deepStrictEqual(codes(await ask(request({}))).slice(-1), ["2.05"])
        socket.close()
    })

    it("answers a slow non-confirmable request with a non-confirmable message, without an acknowledgement", async () => {
        const { time, socket, sent } = server(slow(60))
        socket.arrive(writeCoapMessage(request({ type: CoapType.NON })))
        await time.clock.advance(100)
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
        // 2: no interest in 2.xx; 26: in any response; 24: in errors (RFC 7967 §2.1).
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

    it("a handler that throws, or returns no response, costs a 5.00 and a line in the log, and not the session", async () => {
        const payload = Buffer.from("here")
        const answers: (() => CoapAnswer)[] = [
            () => {
                throw new Error("the disk is full")
            },
            () => undefined as unknown as CoapAnswer,
            () => ({ code: CoapCode.CONTENT, options: [], payload: "text" }) as unknown as CoapAnswer,
            () => ({ code: CoapCode.CONTENT, options: [], payload }),
        ]
        const { time, socket, ask } = server(() => (answers.shift() as () => CoapAnswer)())
        const failing = request({})
        deepStrictEqual(codes(await ask(failing, request({}), request({}))), ["5.00", "5.00", "5.00"])
        strictEqual(time.log.length, 3)
        strictEqual(time.log[0], "A CoAP handler failed: the disk is full")
        const [repeated, last] = await ask(failing, request({}))
        strictEqual(repeated?.payload.toString(), "The request could not be handled")
        strictEqual(last?.payload.toString(), "here")
        socket.close()
    })
})
