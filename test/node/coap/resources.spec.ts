import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { CoapCode, CoapOption, codeText, CoapType, ContentFormat } from "../../../src/coap/code-points.js"
import { emptyMessage, type Option, textOption, uintOption } from "../../../src/coap/message.js"
import { writeSenmlCbor } from "../../../src/coap/senml.js"
import { type CoapAnswer } from "../../../src/coap/server.js"
import { type CoapState, coapStateOf, restoreCoapState } from "../../../host/gateway/coap-state.js"
import { CoapPair } from "../../support/coap-pair.js"
import { type ArrivedReading, type Requester, Resources } from "../../../host/gateway/resources.js"

const discovery = [".well-known", "core"]

type Ask = (code: CoapCode, path: string[], payload?: Buffer | string, ...options: Option[]) => CoapAnswer

function gateway(
    shared: string[] = [],
    resources = new Resources(shared),
): {
    arrived: [string, ArrivedReading[]][]
    /** refused write attempts, with identity and path */
    refused: string[]
    ask: Ask
    /** the same as `ask`, as another client */
    as: (identity: string) => Ask
} {
    const arrived: [string, ArrivedReading[]][] = []
    const refused: string[] = []
    const requester = (identity: string): Requester => ({
        identity,
        readings: (path, readings) => {
            arrived.push([path, readings])
            return undefined
        },
        unread: () => undefined,
        refused: (path) => void refused.push(`${identity} ${path}`),
    })
    const as =
        (identity: string): Ask =>
        (code, path, payload = "", ...options) => {
            const segments = path.map((segment) => textOption(CoapOption.URI_PATH, segment))
            const request = { ...emptyMessage(CoapType.CON, 1), code, options: [...segments, ...options] }
            return resources.handle({ ...request, payload: Buffer.from(payload) }, requester(identity))
        }
    return { arrived, refused, ask: as("01"), as }
}

const formatOf = (format: number): Option => uintOption(CoapOption.CONTENT_FORMAT, format)
const accepting = (format: number): Option => uintOption(CoapOption.ACCEPT, format)
const textOf = ({ code, payload }: CoapAnswer): string => `${codeText(code)} ${payload.toString()}`.trim()

describe("a gateway's resources", () => {
    it("distinguish a slash inside a segment from one between two, and empty segments from absent ones", () => {
        const { ask } = gateway()
        const paths = [["a/b"], ["a", "b"], ["a", "b", ""], ["a", "", "b"], ["a%2Fb"], []]
        for (const [i, path] of paths.entries()) strictEqual(textOf(ask(CoapCode.PUT, path, `${i}`)), "2.01")
        for (const [i, path] of paths.entries()) strictEqual(textOf(ask(CoapCode.GET, path)), `2.05 ${i}`)
        // RFC 7252 §6.5: no segment and a single empty segment are the same path, "/".
        strictEqual(textOf(ask(CoapCode.GET, [""])), "2.05 5")
    })

    it("include those the gateway itself provides, which no client changes and whose ETag saves a second transfer", () => {
        const resources = new Resources(["/"])
        resources.provide(["update", "a"], ContentFormat.OCTET_STREAM, Buffer.from("bytes"))
        const { ask } = gateway(["/"], resources)
        const first = ask(CoapCode.GET, ["update", "a"])
        strictEqual(textOf(first), "2.05 bytes")
        const etag = first.options.find(({ number }) => number === CoapOption.ETAG) as Option
        strictEqual(textOf(ask(CoapCode.GET, ["update", "a"], "", etag)), "2.03")
        for (const code of [CoapCode.PUT, CoapCode.POST, CoapCode.DELETE])
            strictEqual(ask(code, ["update", "a"], "other").code, CoapCode.FORBIDDEN)
        resources.provide(["update", "a"], ContentFormat.OCTET_STREAM, Buffer.from("newer"))
        strictEqual(textOf(ask(CoapCode.GET, ["update", "a"], "", etag)), "2.05 newer")
    })

    it("of a client whose path the gateway overrides no longer count as that client's, and are free once withdrawn", () => {
        const resources = new Resources([])
        const { ask } = gateway([], resources)
        for (let i = 0; i < 100; i++) ask(CoapCode.PUT, [`${i}`], "1")
        strictEqual(ask(CoapCode.PUT, ["another"], "1").code, CoapCode.FORBIDDEN)
        strictEqual(resources.provide(["5"], ContentFormat.TEXT, Buffer.from("own")), true)
        strictEqual(resources.provide(["5"], ContentFormat.TEXT, Buffer.from("own")), false)
        strictEqual(ask(CoapCode.PUT, ["another"], "1").code, CoapCode.CREATED)
        resources.withdraw(["6"])
        resources.withdraw(["5"])
        strictEqual(ask(CoapCode.GET, ["5"]).code, CoapCode.NOT_FOUND)
        strictEqual(textOf(ask(CoapCode.GET, ["6"])), "2.05 1")
    })

    it("answer 4.06 when their format is not the one that is accepted, discovery too", () => {
        const { ask } = gateway()
        ask(CoapCode.POST, ["t"], "21.5", formatOf(ContentFormat.TEXT))
        strictEqual(textOf(ask(CoapCode.GET, ["t"], "", accepting(ContentFormat.TEXT))), "2.05 21.5")
        strictEqual(textOf(ask(CoapCode.GET, ["t"], "", accepting(ContentFormat.JSON))), "4.06 only format 0")
        strictEqual(
            textOf(ask(CoapCode.GET, discovery, "", accepting(ContentFormat.LINK_FORMAT))),
            "2.05 </t>;ct=0;obs",
        )
        strictEqual(textOf(ask(CoapCode.GET, discovery, "", accepting(ContentFormat.JSON))), "4.06 only format 40")
    })

    it("are listed in a link format that their names cannot break", () => {
        const { ask } = gateway()
        ask(CoapCode.POST, ['a>;rt="admin",</fake'], "1")
        ask(CoapCode.POST, ["a,b;c", "\n"], "1", formatOf(ContentFormat.JSON))
        strictEqual(
            textOf(ask(CoapCode.GET, discovery)),
            "2.05 </a%3E%3Brt=%22admin%22%2C%3C%2Ffake>;ct=0;obs,</a%2Cb%3Bc/%0A>;ct=50;obs",
        )
        for (const code of [CoapCode.POST, CoapCode.PUT, CoapCode.DELETE])
            strictEqual(textOf(ask(code, discovery, "x")), "4.05 only GET is possible here")
    })

    it("answer an invalid SenML pack with 4.00, and keep their state", () => {
        const { ask, arrived } = gateway()
        const senml = formatOf(ContentFormat.SENML_CBOR)
        const pack = writeSenmlCbor("urn:x:", [{ name: "temperature", unit: "Cel", value: 21.5, time: undefined }])
        strictEqual(textOf(ask(CoapCode.POST, ["r"], pack, senml)), "2.01")
        const refused = "4.00 not a SenML pack that can be used (docs/coap.md)"
        strictEqual(textOf(ask(CoapCode.POST, ["r"], Buffer.from("81a3006161020162785f01", "hex"), senml)), refused)
        strictEqual(textOf(ask(CoapCode.POST, ["r"], pack.subarray(1), senml)), refused)
        deepStrictEqual(ask(CoapCode.GET, ["r"]).payload, pack)
        deepStrictEqual(arrived, [["/r", [{ name: "temperature", unit: "Cel", value: 21.5 }]]])
    })

    it("take readings from SenML in JSON, and refuse an invalid pack", () => {
        const { ask, arrived } = gateway()
        const format = formatOf(ContentFormat.SENML_JSON)
        const pack = '[{"bn":"urn:x:","n":"temperature","u":"Cel","v":21.5}]'
        strictEqual(textOf(ask(CoapCode.POST, ["r"], pack, format)), "2.01")
        const refused = "4.00 not a SenML pack that can be used (docs/coap.md)"
        strictEqual(textOf(ask(CoapCode.POST, ["r"], pack.slice(1), format)), refused)
        deepStrictEqual(arrived, [["/r", [{ name: "temperature", unit: "Cel", value: 21.5 }]]])
    })

    it("take readings from packs with values of other kinds beside them", () => {
        const { ask, arrived } = gateway()
        const pack = Buffer.from("83a200616102c4822018d7a20061620843010203a200616304f5", "hex")
        strictEqual(textOf(ask(CoapCode.POST, ["r"], pack, formatOf(ContentFormat.SENML_CBOR))), "2.01")
        deepStrictEqual(arrived, [["/r", [{ name: "a", unit: "", value: 21.5 }]]])
    })

    it("accept no infinity as a reading, however it is written", () => {
        const { ask, arrived } = gateway()
        ask(CoapCode.POST, ["t"], "9".repeat(400))
        ask(CoapCode.POST, ["t"], `temperature ${"9".repeat(400)} Cel`)
        ask(CoapCode.POST, ["t"], '{"temperature":{"value":1e999,"unit":"Cel"}}', formatOf(ContentFormat.JSON))
        deepStrictEqual(arrived, [])
    })

    it("belong to the identity that created them: others read them, and neither overwrite nor delete them", () => {
        const { as, refused } = gateway()
        const [owner, other] = [as("01"), as("02")]
        strictEqual(textOf(owner(CoapCode.PUT, ["boiler"], "on")), "2.01")
        for (const code of [CoapCode.PUT, CoapCode.POST, CoapCode.DELETE])
            strictEqual(textOf(other(code, ["boiler"], "off")), "4.03 /boiler belongs to another client")
        strictEqual(textOf(other(CoapCode.GET, ["boiler"])), "2.05 on")
        deepStrictEqual(refused, ["02 /boiler", "02 /boiler", "02 /boiler"])
        strictEqual(textOf(owner(CoapCode.POST, ["boiler"], "standby")), "2.04")
        strictEqual(textOf(owner(CoapCode.DELETE, ["boiler"])), "2.02")
        strictEqual(textOf(other(CoapCode.PUT, ["boiler"], "mine now")), "2.01")
    })

    it("may be written by everybody where the path is shared, at it and below it; only their owner deletes them", () => {
        const { as } = gateway(["/readings"])
        const [owner, other] = [as("01"), as("02")]
        for (const path of [["readings"], ["readings", "a"], ["readings-of-one"]]) owner(CoapCode.PUT, path, "1")
        strictEqual(textOf(other(CoapCode.POST, ["readings"], "2")), "2.04")
        strictEqual(textOf(other(CoapCode.PUT, ["readings", "a"], "3")), "2.04")
        strictEqual(textOf(other(CoapCode.DELETE, ["readings", "a"])), "4.03 /readings/a belongs to another client")
        strictEqual(textOf(owner(CoapCode.DELETE, ["readings", "a"])), "2.02")
        strictEqual(textOf(owner(CoapCode.DELETE, ["never-there"])), "2.02")
        strictEqual(textOf(other(CoapCode.POST, ["readings-of-one"], "2")).slice(0, 4), "4.03")
        const everything = gateway(["/"])
        everything.as("01")(CoapCode.PUT, ["x"], "1")
        strictEqual(textOf(everything.as("02")(CoapCode.PUT, ["x"], "2")), "2.04")
    })

    it("of one identity leave room for those of others, and deleting makes room again", () => {
        const { as } = gateway()
        const greedy = as("01")
        for (let i = 0; i < 100; i++) strictEqual(textOf(greedy(CoapCode.PUT, [`r${i}`], "1")), "2.01")
        strictEqual(
            textOf(greedy(CoapCode.PUT, ["one-more"], "1")),
            "4.03 a client has at most 100 resources: delete one first",
        )
        strictEqual(textOf(greedy(CoapCode.PUT, ["r7"], "2")), "2.04")
        strictEqual(textOf(as("02")(CoapCode.PUT, ["other"], "1")), "2.01")
        greedy(CoapCode.DELETE, ["r7"])
        strictEqual(textOf(greedy(CoapCode.PUT, ["one-more"], "1")), "2.01")
    })

    it("are limited in total: a full gateway answers 5.03 with Max-Age, and keeps accepting updates of existing ones", () => {
        const { as } = gateway()
        for (let i = 0; i < 1000; i++) as(`${i % 10}`)(CoapCode.PUT, [`r${i}`], "1")
        const full = as("11")(CoapCode.PUT, ["one-more"], "1")
        strictEqual(textOf(full), "5.03 there are 1000 resources already")
        deepStrictEqual(full.options, [uintOption(CoapOption.MAX_AGE, 60)])
        strictEqual(textOf(as("0")(CoapCode.PUT, ["r0"], "2")), "2.04")
        as("0")(CoapCode.DELETE, ["r0"])
        strictEqual(textOf(as("11")(CoapCode.PUT, ["one-more"], "1")), "2.01")
    })
})

describe("the CoAP session of a client that moves to another gateway", () => {
    it("recognizes repeated requests as long as if it had stayed, and the clocks may differ", async () => {
        const [before, after] = [new CoapPair(), new CoapPair()]
        const old = await before.layer("left")
        const seen = old.seen.add(7, before.clock.now())
        seen.reply = Buffer.from("answer")
        await before.clock.advance(200000)
        await after.clock.advance(9000)
        const state = JSON.parse(JSON.stringify({ ...coapStateOf(old), observed: [] })) as CoapState
        const layer = await after.layer("left")
        restoreCoapState(layer, state)
        strictEqual(layer.ids.next, old.ids.next)
        await after.clock.advance(46000)
        ok(layer.seen.find(7, after.clock.now())?.reply?.equals(seen.reply))
        await after.clock.advance(2000)
        strictEqual(layer.seen.find(7, after.clock.now()), undefined)
    })
})
