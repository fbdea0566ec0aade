import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { BlockTransfer, defaultBlockSettings } from "../../../src/coap/block-transfer.js"
import { newRequest } from "../../../src/coap/client.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { textOption } from "../../../src/coap/message.js"
import { Observation } from "../../../src/coap/observation.js"
import { missingProgram, needs } from "../../support/needs.js"
import { type TestDevice } from "../../support/running-gateway.js"
import { SeveralGateways } from "../../support/several-gateways.js"

const at = (path: string): { options: ReturnType<typeof textOption>[] } => ({
    options: [textOption(CoapOption.URI_PATH, path)],
})

describe("a device that is moved to another gateway", function () {
    this.timeout(30000)
    let several: SeveralGateways

    before(function () {
        needs(this, missingProgram("redis-server"))
    })

    beforeEach(async () => {
        several = await SeveralGateways.open()
    })

    afterEach(async () => {
        await several.close()
    })

    /** Two devices with the same identity, one at each gateway. */
    async function pair(): Promise<[TestDevice, TestDevice]> {
        return [await several.device({}), await several.device({})]
    }

    /** The content of the next notification, without waiting until the previous state is stale. */
    async function nextOf(observation: Observation): Promise<string> {
        const { code, payload } = await observation.next()
        return `${codeText(code)} ${payload.toString()}`
    }

    it("is notified by the new one of what it observes, at once and from then on, in its original observation", async () => {
        const [one, other] = await pair()
        await one.post("/set", "1")
        await other.post("/set", "2")
        const observation = new Observation(one.coap, { ...newRequest(CoapCode.GET), ...at("set") })
        strictEqual(await nextOf(observation), "2.05 1")
        for (const value of ["3", "4"]) {
            const told = nextOf(observation)
            await one.post("/set", value)
            strictEqual(await told, `2.05 ${value}`)
        }
        several.moveOnce()
        const told = nextOf(observation)
        await one.post("/elsewhere", "5")
        strictEqual(await told, "2.05 2")
        ok(observation.isObserved())
        const next = nextOf(observation)
        await other.post("/set", "6")
        strictEqual(await next, "2.05 6")
        await one.connection.close()
        await other.connection.close()
    })

    it("is notified with 4.04 when the new one has no such resource, and may register again", async () => {
        const [one, other] = await pair()
        await one.post("/set", "1")
        const observation = new Observation(one.coap, { ...newRequest(CoapCode.GET), ...at("set") })
        strictEqual(await nextOf(observation), "2.05 1")
        several.moveOnce()
        const told = nextOf(observation)
        await one.post("/elsewhere", "2")
        ok((await told).startsWith("4.04"))
        await other.post("/set", "3")
        strictEqual(await nextOf(observation), "2.05 3")
        await one.connection.close()
        await other.connection.close()
    })

    it("restarts its block-wise transfer after 4.08, and the body arrives once and complete", async () => {
        const [one] = await pair()
        const names = Array.from({ length: 130 }, (_, i) => `sensor${i}`)
        const payload = Buffer.from(names.map((name) => `${name} 21.5 Cel`).join("\n"))
        const sent: number[] = []
        const progress = (done: { sent: number }): void => {
            if (sent.push(done.sent) === 2) several.moveOnce()
        }
        const request = { ...newRequest(CoapCode.POST), ...at("t"), payload }
        const transfer = new BlockTransfer(request, { ...defaultBlockSettings(), size: 512, progress })
        const { code } = await transfer.run(one.coap)
        strictEqual(codeText(code), "2.01")
        deepStrictEqual(sent.slice(0, 5), [512, 1024, 0, 512, 1024])
        strictEqual(several.broker.published.length, 1)
        const [{ payload: told }] = several.broker.published
        deepStrictEqual(
            (told["readings"] as { name: string }[]).map(({ name }) => name),
            names,
        )
        await one.connection.close()
    })
})
