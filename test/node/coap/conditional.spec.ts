import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { type CoapClient } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { CachedResource, preconditionAnswer, preconditionOptions } from "../../../src/coap/conditional.js"
import { type Option, uintOption } from "../../../src/coap/message.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"

const option = (number: number, value: string): Option => ({ number, value: Buffer.from(value) })

interface Stored {
    pair: CoapPair
    client: CoapClient
    /** response codes */
    codes: string[]
    put: (payload: string, ...options: Option[]) => Promise<string>
}

/** A resource whose ETag is its text; PUT replaces the text. */
async function stored(first: string | undefined): Promise<Stored> {
    const pair = new CoapPair()
    const codes: string[] = []
    let text = first
    await pair.serve((request) => {
        const etag = text === undefined ? undefined : Buffer.from(text)
        const early = preconditionAnswer(request, etag)
        if (early === undefined && request.code === CoapCode.PUT) text = request.payload.toString()
        const options = [option(CoapOption.ETAG, text ?? "-"), uintOption(CoapOption.MAX_AGE, 10)]
        const answer = early ?? {
            code: request.code === CoapCode.PUT ? CoapCode.CHANGED : CoapCode.CONTENT,
            options,
            payload: Buffer.from(text ?? ""),
        }
        codes.push(codeText(answer.code))
        return Promise.resolve(answer)
    }, preconditionOptions())
    const client = await pair.client()
    const put = async (payload: string, ...options: Option[]): Promise<string> => {
        const request = requestFor(CoapCode.PUT, "a", payload)
        request.options.push(...options)
        return codeText((await pair.settled(client.request(request))).code)
    }
    return { pair, client, codes, put }
}

describe("conditional requests (RFC 7252 §5.10.8)", () => {
    it("If-Match: only for the representation that one of them names; an empty one matches any that exists", async () => {
        const { put } = await stored("one")
        strictEqual(await put("two", option(CoapOption.IF_MATCH, "other")), "4.12")
        strictEqual(await put("two", option(CoapOption.IF_MATCH, "other"), option(CoapOption.IF_MATCH, "one")), "2.04")
        strictEqual(await put("three", option(CoapOption.IF_MATCH, "")), "2.04")
        strictEqual(await (await stored(undefined)).put("x", option(CoapOption.IF_MATCH, "")), "4.12")
    })

    it("If-None-Match: only where nothing exists", async () => {
        const { put } = await stored(undefined)
        strictEqual(await put("one", option(CoapOption.IF_NONE_MATCH, "")), "2.04")
        strictEqual(await put("two", option(CoapOption.IF_NONE_MATCH, "")), "4.12")
    })

    it("a server whose handler does not implement them answers 4.02", async () => {
        const pair = new CoapPair()
        await pair.serve(() => Promise.resolve({ code: CoapCode.CHANGED, options: [], payload: Buffer.alloc(0) }))
        const client = await pair.client()
        const request = requestFor(CoapCode.PUT, "a")
        request.options.push(option(CoapOption.IF_MATCH, "x"))
        strictEqual((await pair.settled(client.request(request))).code, CoapCode.BAD_OPTION)
    })
})

describe("a client's cached representation (RFC 7252 §5.6)", () => {
    it("is used while it is fresh, then validated by its ETag, and replaced when it has changed", async () => {
        const { pair, client, codes, put } = await stored("one")
        const cached = new CachedResource(requestFor(CoapCode.GET, "a"))
        const current = async (): Promise<string> => (await pair.settled(cached.current(client))).payload.toString()
        strictEqual(await current(), "one")
        await pair.clock.advance(9900)
        strictEqual(await current(), "one")
        deepStrictEqual(codes, ["2.05"])
        await pair.clock.advance(101)
        strictEqual(await current(), "one")
        deepStrictEqual(codes, ["2.05", "2.03"])
        await put("two")
        // 2.03 without Max-Age stays fresh for 60 s.
        await pair.clock.advance(59000)
        strictEqual(await current(), "one")
        await pair.clock.advance(1001)
        strictEqual(await current(), "two")
        deepStrictEqual(codes, ["2.05", "2.03", "2.04", "2.05"])
    })
})
