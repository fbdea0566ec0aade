import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { type BlockLimits, BlockwiseHandler, defaultBlockLimits } from "../../../src/coap/block-server.js"
import { type BlockProgress, type BlockSettings, BlockTransfer } from "../../../src/coap/block-transfer.js"
import { blockOf, blockOption, blockSizeUpTo } from "../../../src/coap/blocks.js"
import { type CoapClient } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { type CoapMessage, optionOf, uintOption, uintOptionOf } from "../../../src/coap/message.js"
import { type CoapAnswer } from "../../../src/coap/server.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"

/** A body in which no two blocks are equal. */
function bodyOf(length: number, seed = 1): Buffer {
    const body = Buffer.alloc(length)
    for (let i = 0; i < length; i++) body[i] = (i * 31 + (i >> 8) * 7 + seed) & 255
    return body
}

interface Served {
    pair: CoapPair
    client: CoapClient
    /** complete requests that the handler got */
    requests: CoapMessage[]
    /** every message from the client, including blocks */
    messages: CoapMessage[]
    run: (transfer: BlockTransfer) => Promise<CoapMessage>
}

type Answering = (request: CoapMessage) => CoapAnswer

const echo: Answering = ({ payload }) => ({ code: CoapCode.CONTENT, options: [], payload })

async function served(answering: Answering, change: Partial<BlockLimits> = {}, pair = new CoapPair()): Promise<Served> {
    const requests: CoapMessage[] = []
    const messages: CoapMessage[] = []
    const blocks = new BlockwiseHandler(
        pair.services,
        (request) => {
            requests.push(request)
            return Promise.resolve(answering(request))
        },
        { ...defaultBlockLimits(), bodyBytes: 70000, ...change },
    )
    const handler = blocks.asHandler()
    await pair.serve((request, server) => {
        messages.push({ ...request })
        return handler(request, server)
    }, blocks.understood())
    const client = await pair.client()
    return { pair, client, requests, messages, run: (transfer) => pair.settled(transfer.run(client)) }
}

const settings = (change: Partial<BlockSettings> = {}): BlockSettings => ({
    size: 1024,
    limit: 70000,
    progress: undefined,
    ...change,
})

describe("block-wise transfer (RFC 7959)", () => {
    it("a request for a further block contains a body that is small, because a server may forget it in between", async () => {
        const pair = new CoapPair()
        const bodies: string[] = []
        const whole = bodyOf(40)
        await pair.serve(
            (request) => {
                bodies.push(request.payload.toString())
                const { number, size } = blockOf(request, CoapOption.BLOCK2) ?? { number: 0, size: 16 }
                const [from, to] = [number * size, (number + 1) * size]
                const option = blockOption(CoapOption.BLOCK2, { number, more: to < whole.length, size })
                return Promise.resolve({ code: CoapCode.CONTENT, options: [option], payload: whole.subarray(from, to) })
            },
            [CoapOption.BLOCK2],
        )
        const transfer = new BlockTransfer(requestFor(CoapCode.FETCH, "a", "part"), settings({ size: 16 }))
        ok((await pair.settled(transfer.run(await pair.client()))).payload.equals(whole))
        deepStrictEqual(bodies, ["part", "part", "part"])
    })

    it("block options hold number, more and size; a size exponent of 7 is read and never written", () => {
        const message = (options: CoapMessage["options"]): CoapMessage => ({
            ...requestFor(CoapCode.GET, "a"),
            type: 0,
            messageId: 0,
            token: Buffer.alloc(0),
            options,
        })
        for (const block of [
            { number: 0, more: false, size: 16 },
            { number: 1, more: true, size: 64 },
            { number: 1048575, more: true, size: 1024 },
        ])
            deepStrictEqual(blockOf(message([blockOption(CoapOption.BLOCK2, block)]), CoapOption.BLOCK2), block)
        strictEqual(blockOf(message([]), CoapOption.BLOCK1), undefined)
        strictEqual(blockOf(message([uintOption(CoapOption.BLOCK1, 7)]), CoapOption.BLOCK1)?.size, 2048)
        strictEqual(blockSizeUpTo(1000), 512)
        strictEqual(blockSizeUpTo(1), 16)
    })

    for (const size of [16, 32, 64, 128, 256, 512, 1024])
        it(`carries bodies in both directions in blocks of ${size} bytes, and the handler sees whole ones`, async () => {
            const { requests, messages, run } = await served(echo)
            const body = bodyOf(size * 3 + 5)
            const request = { ...requestFor(CoapCode.POST, "a"), payload: body }
            const response = await run(new BlockTransfer(request, settings({ size })))
            ok(response.payload.equals(body))
            strictEqual(requests.length, 1)
            ok(requests[0]?.payload.equals(body))
            strictEqual(messages.length, 7)
            strictEqual(uintOptionOf(messages[0], CoapOption.SIZE1, -1), body.length)
        })

    it("a body that fits into one block is an ordinary request", async () => {
        const { messages, run } = await served(echo)
        const response = await run(
            new BlockTransfer({ ...requestFor(CoapCode.PUT, "a"), payload: bodyOf(1024) }, settings()),
        )
        strictEqual(response.payload.length, 1024)
        strictEqual(messages.length, 1)
        strictEqual(blockOf(messages[0], CoapOption.BLOCK1), undefined)
    })

    it("the server's smaller block size is used from the first answer on, both ways", async () => {
        const { messages, run } = await served(echo, { size: 64 })
        const body = bodyOf(1500)
        const request = { ...requestFor(CoapCode.POST, "a"), payload: body }
        ok((await run(new BlockTransfer(request, settings({ size: 256 })))).payload.equals(body))
        const sizes = messages.map((message) => blockOf(message, CoapOption.BLOCK1)?.size)
        deepStrictEqual(sizes.slice(0, 3), [256, 64, 64])
    })

    it("64 KB each way arrive whole with 10 % loss and duplicates", async function () {
        this.timeout(60000)
        const pair = new CoapPair({}, 3)
        Object.assign(pair.link, { loss: 0.1, duplication: 0.05 })
        const { requests, run } = await served(echo, {}, pair)
        const body = bodyOf(65536)
        const response = await run(new BlockTransfer({ ...requestFor(CoapCode.PUT, "a"), payload: body }, settings()))
        ok(response.payload.equals(body))
        strictEqual(requests.length, 1)
    })

    it("reports progress: bytes of both bodies, and the server's estimate", async () => {
        const seen: BlockProgress[] = []
        const { run } = await served(echo)
        const request = { ...requestFor(CoapCode.POST, "a"), payload: bodyOf(100) }
        await run(new BlockTransfer(request, settings({ size: 64, progress: (progress) => seen.push(progress) })))
        deepStrictEqual(
            seen.map(({ sent, received, toReceive }) => [sent, received, toReceive]),
            [
                [64, 0, -1],
                [100, 64, 100],
                [100, 100, 100],
            ],
        )
        strictEqual(seen[0]?.toSend, 100)
    })

    it("resumes where it stopped when the path is back, sending and receiving", async () => {
        const body = bodyOf(4000)
        for (const failing of [2, 6]) {
            const { pair, messages, client, requests } = await served(echo)
            const transfer = new BlockTransfer(
                { ...requestFor(CoapCode.PUT, "a"), payload: body },
                settings({
                    progress: () => {
                        if (messages.length === failing) pair.link.loss = 1
                    },
                }),
            )
            await rejects(pair.settled(transfer.run(client)), { code: IOErrorEnum.TIMED_OUT })
            const before = messages.length
            pair.link.loss = 0
            ok((await pair.settled(transfer.run(client))).payload.equals(body))
            strictEqual(requests.length, 1)
            ok(messages.length - before <= 8 - failing, `${messages.length - before} requests after ${failing}`)
        }
    })

    it("restarts receiving when the representation changes meanwhile, and gives up when it keeps changing", async () => {
        let version = 0
        let changes = 2
        const { run, messages } = await served(
            () => ({
                code: CoapCode.CONTENT,
                options: [],
                payload: bodyOf(3000, changes-- > 0 ? ++version : version),
            }),
            { transfers: 0 },
        )
        const response = await run(new BlockTransfer(requestFor(CoapCode.GET, "a"), settings()))
        ok(response.payload.equals(bodyOf(3000, version)))
        ok(messages.length > 3)
        changes = 1000
        await rejects(run(new BlockTransfer(requestFor(CoapCode.GET, "a"), settings())), { code: IOErrorEnum.FAILED })
    })

    it("a body beyond the limit is refused before it is sent or received whole", async () => {
        const { run, messages, requests } = await served(
            ({ code }) => ({ code: CoapCode.CONTENT, options: [], payload: bodyOf(code === CoapCode.GET ? 5000 : 1) }),
            { bodyBytes: 3000 },
        )
        const refused = await run(
            new BlockTransfer({ ...requestFor(CoapCode.PUT, "a"), payload: bodyOf(3001) }, settings()),
        )
        strictEqual(codeText(refused.code), "4.13")
        strictEqual(uintOptionOf(refused, CoapOption.SIZE1, -1), 3000)
        strictEqual(messages.length, 1)
        strictEqual(requests.length, 0)
        await rejects(run(new BlockTransfer(requestFor(CoapCode.GET, "a"), settings({ limit: 4999 }))), {
            code: IOErrorEnum.MESSAGE_TOO_LARGE,
        })
        strictEqual(messages.length, 2)
    })

    it("a block whose predecessors are missing gets 4.08; blocks of wrong and reserved sizes and beyond the end get 4.00", async () => {
        const { pair, client } = await served(() => ({ code: CoapCode.CONTENT, options: [], payload: bodyOf(100) }))
        const asking = async (option: CoapOption, value: number, payload = ""): Promise<string> => {
            const request = requestFor(CoapCode.PUT, "a", payload)
            request.options.push(uintOption(option, value))
            request.understood = [CoapOption.BLOCK1, CoapOption.BLOCK2]
            return codeText((await pair.settled(client.request(request))).code)
        }
        strictEqual(await asking(CoapOption.BLOCK1, 0x18, "x".repeat(16)), "4.08")
        strictEqual(await asking(CoapOption.BLOCK1, 8, "short"), "4.00")
        strictEqual(await asking(CoapOption.BLOCK1, 0, "x".repeat(17)), "4.00")
        strictEqual(await asking(CoapOption.BLOCK1, 7), "4.00")
        strictEqual(await asking(CoapOption.BLOCK2, 7), "4.00")
        strictEqual(await asking(CoapOption.BLOCK2, 0x100), "4.00")
    })

    it("keeps no more bodies than its limit: the oldest is dropped, and its next block gets 4.08", async () => {
        const { pair, client } = await served(echo, { transfers: 1 })
        const asking = async (path: string, number: number): Promise<string> => {
            const request = requestFor(CoapCode.PUT, path, "x".repeat(16))
            request.options.push(blockOption(CoapOption.BLOCK1, { number, more: true, size: 16 }))
            request.understood = [CoapOption.BLOCK1]
            return codeText((await pair.settled(client.request(request))).code)
        }
        strictEqual(await asking("a", 0), "2.31")
        strictEqual(await asking("a", 1), "2.31")
        strictEqual(await asking("b", 0), "2.31")
        strictEqual(await asking("a", 2), "4.08")
        strictEqual(await asking("b", 1), "2.31")
    })

    it("distinguishes two bodies to one resource by Request-Tag (RFC 9175 §3)", async () => {
        const { pair, client, requests } = await served(echo)
        const bodies = [bodyOf(3000, 1), bodyOf(3000, 2)]
        const answers = bodies.map((payload) =>
            new BlockTransfer({ ...requestFor(CoapCode.PUT, "a"), payload }, settings()).run(client),
        )
        const responses = await pair.settled(Promise.all(answers))
        deepStrictEqual(
            responses.map(({ payload }, i) => payload.equals(bodies[i])),
            [true, true],
        )
        strictEqual(requests.length, 2)
    })

    it("repeats a request with the Echo option of a 4.01 (RFC 9175 §2.3)", async () => {
        const { run, requests } = await served((request) => {
            const echoed = optionOf(request, CoapOption.ECHO)
            const fresh = echoed?.value.toString() === "now"
            const options = [{ number: CoapOption.ECHO, value: Buffer.from("now") }]
            return fresh
                ? { code: CoapCode.CHANGED, options: [], payload: Buffer.alloc(0) }
                : { code: CoapCode.UNAUTHORIZED, options, payload: Buffer.alloc(0) }
        })
        const response = await run(new BlockTransfer(requestFor(CoapCode.POST, "a", "open"), settings()))
        strictEqual(response.code, CoapCode.CHANGED)
        strictEqual(requests.length, 2)
    })
})
