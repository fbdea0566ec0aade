import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { newKeyPair } from "../../../host/keygen/key-files.js"
import { watchSources } from "../../../host/mote-gateway/watch.js"
import { writeUpdate } from "../../../host/update/update-file.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../../../src/coap/code-points.js"
import { optionOf, uintOptionOf } from "../../../src/coap/message.js"
import { eventually, type RunningGateway, type TestDevice, withGateway } from "../../support/running-gateway.js"

const PAIR = newKeyPair()

const updateOf = (version: number, target = "room-sensor/posix"): Buffer =>
    writeUpdate(Buffer.from(`program ${version}`), { version, target }, PAIR.privateKey)

describe("program updates from mote-gateway", function () {
    this.timeout(30000)
    let gateway: RunningGateway

    withGateway((fresh) => (gateway = fresh))

    /** What a device downloads; a text if it is not a program. */
    async function pulled(device: TestDevice, target = "room-sensor/posix"): Promise<Buffer | string> {
        const { code, payload } = await device.request(CoapCode.GET, `/update/${target}`)
        return code === CoapCode.CONTENT ? payload : codeText(code)
    }

    it("are offered at /update/PRODUCT/BOARD with an ETag, and no device can write there", async () => {
        const [posix, board] = [updateOf(2), updateOf(7, "room-sensor/esp32c3")]
        gateway.write("a.bin", posix)
        gateway.write("b.bin", board)
        await gateway.start({ update: ["a.bin", "b.bin"] })
        await gateway.expectLogged("version 7 for room-sensor/esp32c3 is offered at /update/room-sensor/esp32c3")
        const one = await gateway.device("one")
        const answer = await one.request(CoapCode.GET, "/update/room-sensor/posix")
        deepStrictEqual(answer.payload, posix)
        strictEqual(uintOptionOf(answer, CoapOption.CONTENT_FORMAT, 0), ContentFormat.OCTET_STREAM)
        ok(optionOf(answer, CoapOption.ETAG) !== undefined)
        deepStrictEqual(await pulled(one, "room-sensor/esp32c3"), board)
        strictEqual(await one.post("/update/room-sensor/posix", "1"), "4.03")
    })

    it("are reloaded when a file changes: sessions continue, and what is no longer named is no longer offered", async () => {
        gateway.write("a.bin", updateOf(2))
        gateway.write("b.bin", updateOf(7, "room-sensor/esp32c3"))
        await gateway.start({ update: ["a.bin", "b.bin"] })
        const unwatch = await watchSources(gateway.service)
        const one = await gateway.device("one")
        const newer = updateOf(3)
        gateway.write("a.bin", newer)
        await gateway.expectLogged("version 3 for room-sensor/posix is offered")
        deepStrictEqual(await pulled(one), newer)
        gateway.configure({ update: ["a.bin"] })
        await eventually("4.04", async () => ((await pulled(one, "room-sensor/esp32c3")) === "4.04" ? true : undefined))
        deepStrictEqual(await pulled(one), newer)
        const told = gateway.logged.filter(({ msg }) => String(msg).includes("is offered at"))
        strictEqual(told.length, 3, "what stays is not told again")
        await unwatch()
    })

    it("that are damaged, or two for one kind of device, are refused, and the previous ones stay", async () => {
        const whole = updateOf(2)
        gateway.write("a.bin", whole)
        await gateway.start({ update: ["a.bin"] })
        const one = await gateway.device("one")
        gateway.write("a.bin", updateOf(3).subarray(0, 170))
        strictEqual(await gateway.service.reload(), false)
        await gateway.expectLogged(`update: ${gateway.path("a.bin")} is no whole update of mote build --update`)
        gateway.write("a.bin", updateOf(3))
        gateway.write("b.bin", updateOf(4))
        gateway.configure({ update: ["a.bin", "b.bin"] })
        strictEqual(await gateway.service.reload(), false)
        await gateway.expectLogged(`update: ${gateway.path("b.bin")} is a second one for room-sensor/posix`)
        deepStrictEqual(await pulled(one), whole)
    })
})
