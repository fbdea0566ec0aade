import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { CoapClient } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, CoapType } from "../../../src/coap/code-points.js"
import { emptyMessage, readCoapMessage, textOption, writeCoapMessage } from "../../../src/coap/message.js"
import { type CoapHandler, CoapServer } from "../../../src/coap/server.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"

describe("a CoAP client and a CoAP server on one connection", () => {
    const echo: CoapHandler = (request) =>
        Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: request.payload })

    it("share it: each sends the other a request at the same time, and both are answered", async () => {
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

    it("survive loss and duplication: every request is handled once and answered, at once or later", async () => {
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
    it("refuses a message with more options than a device has memory for", () => {
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
