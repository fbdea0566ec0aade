import { rejects, strictEqual } from "node:assert/strict"
import { UsageError } from "../../../host/credentials.js"
import { connect, DtlsError } from "../../../src/index.js"
import { type ConnectOptions } from "../../../src/platform/node/connect/options.js"
import { Nat } from "../../support/nat.js"
import { eventually, KEY, type RunningGateway, TestDevice, withGateway } from "../../support/running-gateway.js"

const psk = { identity: "one", key: Buffer.from(KEY, "hex") }

describe("handshake extensions in mote-gateway's configuration", function () {
    this.timeout(30000)
    let gateway: RunningGateway

    withGateway((fresh) => (gateway = fresh))

    async function refusal(config: object): Promise<string> {
        let message = ""
        await rejects(gateway.start(config), (error: Error) => {
            message = error.message
            return error instanceof UsageError
        })
        return message.replace(/^.*gateway\.json:\d+:\d+: /, "")
    }

    it("importedPsk: only devices that import their keys for the same context and hash connect, with their own identity", async () => {
        await gateway.start({
            minVersion: "1.3",
            importedPsk: { context: "plant 7" },
            rights: { write: ["/{identity}"] },
        })
        const device = async (importedPsk: ConnectOptions["importedPsk"]): Promise<TestDevice> =>
            await gateway.connect({ psk, minVersion: "1.3", importedPsk, timeout: 10000 })
        strictEqual(await (await device({ context: "plant 7" })).post("/one", "1"), "2.01")
        const wrong = [undefined, {}, { context: "plant 8" }, { context: "plant 7", hash: "SHA-384" as const }]
        await Promise.all(wrong.map((imported) => rejects(device(imported), DtlsError)))
    })

    it("importedPsk: {identity} in the context is each device's own", async () => {
        await gateway.start({ minVersion: "1.3", importedPsk: { context: "{identity} and gateway" } })
        const device = async (context: string): Promise<TestDevice> =>
            await gateway.connect({ psk, minVersion: "1.3", importedPsk: { context }, timeout: 10000 })
        strictEqual(await (await device(`${psk.identity} and gateway`)).post("/readings", "1"), "2.01")
        await Promise.all(["{identity} and gateway", "two and gateway"].map((one) => rejects(device(one), DtlsError)))
    })

    it("importedPsk is refused beside DTLS 1.2, and with another hash than the two; returnRoutability without connection ids", async () => {
        strictEqual(await refusal({ importedPsk: {} }), 'importedPsk: needs "minVersion": "1.3"')
        strictEqual(
            await refusal({ minVersion: "1.3", importedPsk: { hash: "SHA-512" } }),
            'importedPsk.hash: one of "SHA-256", "SHA-384"',
        )
        strictEqual(
            await refusal({ returnRoutability: "enhanced", connectionId: 0 }),
            "returnRoutability: needs connection ids",
        )
    })

    for (const form of ["basic", "enhanced"])
        it(`returnRoutability ${form}: a device at a new address is ${form === "basic" ? "followed at once" : "asked at the old one first"}`, async () => {
            await gateway.start({ returnRoutability: form })
            const nat = await Nat.open(gateway.port)
            const device = new TestDevice(await connect("127.0.0.1", nat.port, { psk, connectionId: 0 }))
            await device.post("/t", "1")
            await nat.rebind()
            const sent = performance.now()
            await device.connection.send("no CoAP")
            const isThere = (): boolean => {
                const [{ connection }] = gateway.service.listeners.peers()
                return connection.getRemoteAddress()?.port === nat.outsidePort
            }
            await eventually("the new address", () => (isThere() ? true : undefined))
            // The old address has one second to answer.
            strictEqual(performance.now() - sent < 900, form === "basic")
            await device.connection.close()
            nat.close()
        })

    it("apply from the next start on when they are changed, which the log says", async () => {
        await gateway.start({ minVersion: "1.3" })
        gateway.configure({ minVersion: "1.3", importedPsk: {}, returnRoutability: "enhanced" })
        strictEqual(await gateway.service.reload(), true)
        for (const name of ["importedPsk", "returnRoutability"])
            await gateway.expectLogged(`${name} counts from the next start on`)
        const device = await gateway.connect({ psk, minVersion: "1.3" })
        strictEqual(await device.post("/t", "1"), "2.01")
    })
})
