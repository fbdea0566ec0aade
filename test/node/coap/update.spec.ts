import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { verify } from "node:crypto"
import { newKeyPair } from "../../../host/keygen/key-files.js"
import { isSignedBy, publicKeyOf, readUpdate, writeUpdate } from "../../../host/update/update-file.js"
import { UpdatePush } from "../../../host/update/update-push.js"
import { BlockwiseHandler, gatewayBlockLimits } from "../../../src/coap/block-server.js"
import { CoapCode, CoapOption, codeText } from "../../../src/coap/code-points.js"
import { type CoapMessage } from "../../../src/coap/message.js"
import { type CoapAnswer } from "../../../src/coap/server.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { MANIFEST_BYTES, SIGNATURE_AT, VERSION_AT } from "../../../src/update/manifest.js"
import { ProgramUpdate } from "../../../src/update/program-update.js"
import { UpdatePull } from "../../../src/update/update-pull.js"
import { UpdateResource } from "../../../src/update/update-resource.js"
import { CoapPair, requestFor } from "../../support/coap-pair.js"
import { CutFlash, PowerCut } from "../../support/cut-flash.js"

const PAIR = newKeyPair()
const TARGET = "room-sensor/posix"

/** An image of distinct bytes, whose blocks may end in bytes that look erased. */
const IMAGE = Buffer.alloc(5000, 0xff)
for (let i = 0; i < IMAGE.length; i++) if (i % 1024 < 700) IMAGE[i] = (i * 31 + (i >> 8)) & 255

const updateOf = (image: Buffer, version = 6, target = TARGET, pair = PAIR): Buffer =>
    writeUpdate(image, { version, target }, pair.privateKey)

/** Made only once, because signatures differ: after a power cut the same file has to continue. */
const FILE = updateOf(IMAGE)

/** A copy with one byte changed. */
function changed(file: Buffer, at: number): Buffer {
    const copy = Buffer.from(file)
    copy[at] ^= 1
    return copy
}

/** Verifies signatures synchronously, because virtual time does not wait for other threads. */
class PromptKeys extends NodeKeys {
    override verify(key: Buffer, _scheme: number, data: Buffer, signature: Buffer): Promise<boolean> {
        return Promise.resolve(verify("sha256", data, { key, format: "der", type: "spki" }, signature))
    }
}

/** A device at one end of a link, whose power can be cut and restored. */
class UpdatedDevice {
    readonly flash = new CutFlash()
    finished = 0

    start(pair: CoapPair): ProgramUpdate {
        const services = Object.create(pair.services, { storage: { value: this.flash } }) as CoapPair["services"]
        const source = { key: publicKeyOf(PAIR.privateKey), target: TARGET }
        return new ProgramUpdate(services, new PromptKeys(), this.flash, source)
    }

    /** Pulls from a server that offers `file`. @returns whether there is a new program */
    async pull(file: Buffer, blocks: CoapMessage[] = []): Promise<boolean> {
        const pair = new CoapPair()
        const handler = new BlockwiseHandler(
            pair.services,
            () => Promise.resolve({ code: CoapCode.CONTENT, options: [], payload: file }),
            gatewayBlockLimits(),
        ).asHandler()
        const counting = async (request: CoapMessage, server: Parameters<typeof handler>[1]): Promise<CoapAnswer> => {
            blocks.push(request)
            return await handler(request, server)
        }
        await pair.serve(counting, [CoapOption.BLOCK2])
        const pull = new UpdatePull(this.start(pair), ["update", "room-sensor", "posix"])
        return await pair.settled(pull.run(await pair.client()))
    }

    /** Pushes `file` to the device in blocks. @returns code and text of the last answer */
    async push(file: Buffer, size = 1024): Promise<string> {
        const pair = new CoapPair({ ackTimeout: 50, maxRetransmit: 1, separateAfter: 20 })
        const none = (): Promise<never> => Promise.reject(new Error("no other resource"))
        const resource = new UpdateResource(this.start(pair), "update", none, () => void this.finished++)
        await pair.serve(resource.asHandler(), resource.understood())
        const push = new UpdatePush(await pair.client(), file, { path: ["update"], size })
        const { code, payload } = await pair.settled(push.run())
        return `${codeText(code)} ${payload.toString()}`.trim()
    }

    hasOldProgramOnly(): boolean {
        return this.flash.runningNumber === 5 && this.flash.otherNumber === 3
    }
}

/** A device's answer to an update that it refuses. */
async function refusal(file: Buffer, prepare: (flash: CutFlash) => void = () => {}): Promise<string> {
    const device = new UpdatedDevice()
    prepare(device.flash)
    const before = device.flash.steps
    const said = await device.push(file)
    strictEqual(device.flash.steps, before, "the flash is left alone")
    ok(device.hasOldProgramOnly() || device.flash.otherNumber !== 3)
    return said
}

describe("a program update", function () {
    this.timeout(180000)

    it("is a file whose signature, hash and length are checked on the host, too", () => {
        const file = updateOf(IMAGE)
        deepStrictEqual(readUpdate(file), { version: 6, target: TARGET })
        ok(isSignedBy(file, publicKeyOf(PAIR.privateKey)))
        ok(!isSignedBy(file, publicKeyOf(newKeyPair().privateKey)))
        for (const broken of [changed(file, 0), changed(file, MANIFEST_BYTES + 9), file.subarray(0, 4000)])
            strictEqual(readUpdate(broken), undefined)
    })

    for (const size of [16, 64, 256, 1024])
        it(`is pushed in blocks of ${size} bytes, and runs after the next start`, async () => {
            const device = new UpdatedDevice()
            strictEqual(await device.push(updateOf(IMAGE), size), "2.04")
            strictEqual(device.finished, 1)
            ok(device.flash.image.subarray(0, IMAGE.length).equals(IMAGE))
            device.flash.restart()
            strictEqual(device.flash.running(), 6)
            deepStrictEqual(device.flash.saved(), ["other"])
        })

    it("is pulled, and a server with nothing new does not send it a second time", async () => {
        const device = new UpdatedDevice()
        ok(await device.pull(updateOf(IMAGE)))
        ok(device.flash.image.subarray(0, IMAGE.length).equals(IMAGE))
        device.flash.restart()
        device.flash.confirm()
        strictEqual(device.flash.running(), 6)
        const blocks: CoapMessage[] = []
        ok(!(await device.pull(updateOf(IMAGE), blocks)))
        strictEqual(blocks.length, 1)
    })

    for (const way of ["pull", "push"] as const)
        it(`survives a power cut at every write by ${way}: it resumes, and an unfinished program is never treated as complete`, async () => {
            const whole = new UpdatedDevice()
            await whole[way](FILE)
            ok(whole.flash.steps > 10, `${whole.flash.steps} writes`)
            for (let cutAt = 1; cutAt <= whole.flash.steps; cutAt++) {
                const device = new UpdatedDevice()
                device.flash.cutAt = cutAt
                if (way === "pull") await rejects(device.pull(FILE), PowerCut)
                else ok((await device.push(FILE)).startsWith("5.00"))
                device.flash.restart()
                if (device.flash.running() === 6) {
                    // The power was cut after the program's last byte was written.
                    ok(device.flash.image.subarray(0, IMAGE.length).equals(IMAGE))
                    continue
                }
                strictEqual(device.flash.running(), 5)
                const again = await device[way](FILE)
                ok(again === true || again === "2.04", `cut at ${cutAt}: ${again}`)
                ok(device.flash.image.subarray(0, IMAGE.length).equals(IMAGE), `cut at ${cutAt}`)
                strictEqual(device.flash.otherNumber, 6)
            }
        })

    it("resumes after a power cut with the missing blocks", async () => {
        const device = new UpdatedDevice()
        const longer = updateOf(Buffer.alloc(8000, 0x5a))
        device.flash.cutAt = 11
        const blocks: CoapMessage[] = []
        await rejects(device.pull(longer, blocks), PowerCut)
        const before = blocks.length
        device.flash.restart()
        ok(await device.pull(longer, blocks))
        ok(before > 5, `${before} blocks before the cut`)
        ok(blocks.length - before < 8, `${blocks.length - before} blocks after it`)
    })

    it("restarts when another update is offered after an interruption", async () => {
        const device = new UpdatedDevice()
        device.flash.cutAt = 7
        await rejects(device.pull(updateOf(Buffer.alloc(5000, 0x11))), PowerCut)
        device.flash.restart()
        ok(await device.pull(updateOf(IMAGE, 7)))
        ok(device.flash.image.subarray(0, IMAGE.length).equals(IMAGE))
    })

    it("is refused without a signature, by another key, or with any byte of its manifest changed", async () => {
        const forbidden = "4.03 The update is not signed by the key of this device's updates"
        strictEqual(await refusal(updateOf(IMAGE, 6, TARGET, newKeyPair())), forbidden)
        const unsigned = updateOf(IMAGE)
        unsigned.fill(0, SIGNATURE_AT, MANIFEST_BYTES)
        strictEqual(await refusal(unsigned), forbidden)
        for (let at = 0; at < SIGNATURE_AT + 70; at++) {
            const said = await refusal(changed(updateOf(IMAGE), at))
            ok(/^4\.(00|03|09|12|13)/.test(said), `byte ${at}: ${said}`)
        }
    })

    it("is refused when it is older than the running program, the same, or one that was rolled back", async () => {
        strictEqual(await refusal(updateOf(IMAGE, 4)), "4.09 Version 4 is not newer than 5")
        strictEqual(await refusal(updateOf(IMAGE, 5)), "4.09 Version 5 is not newer than 5")
        const rolledBack = (flash: CutFlash): void => void (flash.otherNumber = 7)
        strictEqual(await refusal(updateOf(IMAGE, 7), rolledBack), "4.09 Version 7 was tried, or is about to be")
        strictEqual(
            await refusal(changed(updateOf(IMAGE, 4), VERSION_AT)),
            "4.03 The update is not signed by the key of this device's updates",
        )
    })

    it("is refused when it is for another product or board, too large, empty, or not an update", async () => {
        const notFor = `4.12 The update is not for ${TARGET}`
        for (const target of ["boiler/posix", "room-sensor/esp32c3", "room-sensor", `${TARGET}2`])
            strictEqual(await refusal(updateOf(IMAGE, 6, target)), notFor)
        strictEqual(await refusal(updateOf(Buffer.alloc(8193))), "4.13 A program has at most 8192 bytes")
        strictEqual(await refusal(updateOf(Buffer.alloc(0))), "4.00 The update has no program")
        strictEqual(await refusal(IMAGE), "4.00 This is no update for programs")
        strictEqual(await refusal(FILE.subarray(0, 100)), "4.00 This is no update for programs")
    })

    it("is refused while the running program is on trial, since it would overwrite the one to fall back to", async () => {
        const onTrial = (flash: CutFlash): void => void (flash.onTrial = true)
        strictEqual(await refusal(updateOf(IMAGE), onTrial), "5.03 The program that runs is itself still on trial")
    })

    it("is refused when its image was changed, truncated or lengthened, and the right one is accepted afterwards", async () => {
        const file = updateOf(IMAGE)
        const cases: [Buffer, string][] = [
            [changed(file, MANIFEST_BYTES + 4000), "4.22 The program is not the one that was signed"],
            [file.subarray(0, 4000), "4.00 The program is shorter than its manifest says"],
            [Buffer.concat([file, Buffer.alloc(1)]), "4.00 The program is longer than its manifest says"],
        ]
        for (const [broken, said] of cases) {
            const device = new UpdatedDevice()
            strictEqual(await device.push(broken), said)
            strictEqual(device.flash.otherNumber, 0)
            strictEqual(device.finished, 0)
            strictEqual(await device.push(file), "2.04")
        }
    })

    it("of two that arrive at the same time one is accepted, with no byte of the other in it", async () => {
        const pair = new CoapPair()
        const device = new UpdatedDevice()
        const update = device.start(pair)
        const [first, second] = [updateOf(Buffer.alloc(3000, 1), 6), updateOf(Buffer.alloc(3000, 2), 7)]
        const head = (file: Buffer): Buffer => file.subarray(0, MANIFEST_BYTES)
        strictEqual(await update.begin(head(first)), undefined)
        strictEqual(await update.write(head(first), 0, Buffer.alloc(1000, 1)), undefined)
        strictEqual(await update.begin(head(second)), undefined)
        strictEqual(
            (await update.write(head(first), 1000, Buffer.alloc(1000, 1)))?.code,
            CoapCode.REQUEST_ENTITY_INCOMPLETE,
        )
        strictEqual(await update.write(head(second), 0, Buffer.alloc(3000, 2)), undefined)
        strictEqual((await update.finish(head(first)))?.code, CoapCode.REQUEST_ENTITY_INCOMPLETE)
        strictEqual(await update.finish(head(second)), undefined)
        strictEqual(device.flash.otherNumber, 7)
    })

    it("leaves a device's other resources alone", async () => {
        const pair = new CoapPair()
        const other = { code: CoapCode.CONTENT, options: [], payload: Buffer.from("21.5") }
        const update = new UpdatedDevice().start(pair)
        const resource = new UpdateResource(
            update,
            "update",
            () => Promise.resolve(other),
            () => {},
        )
        await pair.serve(resource.asHandler(), resource.understood())
        const client = await pair.client()
        const ask = async (code: CoapCode, path: string): Promise<string> => {
            const response = await pair.settled(client.request(requestFor(code, path)))
            return `${codeText(response.code)} ${response.payload.toString()}`
        }
        strictEqual(await ask(CoapCode.GET, "room"), "2.05 21.5")
        strictEqual(await ask(CoapCode.GET, "update"), `2.05 {"target":"${TARGET}","version":5,"received":-1}`)
        strictEqual(await ask(CoapCode.DELETE, "update"), "4.05 GET and PUT are possible here")
    })
})
