import { deepStrictEqual, rejects } from "node:assert/strict"
import { connect, type DtlsError, type DtlsSocket } from "../../../src/index.js"
import { freePort } from "../../interop/process.js"
import { simulatedDevice } from "../../support/simulated-device.js"

const PSK = { identity: "sensor1", key: Buffer.from("c8a1f03b5e92d7446f1b80a95de3721c", "hex") }

/** Runs `body` with the port at which a device serves, in the simulator. */
async function serving(body: (port: number) => Promise<void>): Promise<void> {
    const port = await freePort()
    let listening: () => void = () => undefined
    const ready = new Promise<void>((resolve) => (listening = resolve))
    const settings = { identity: PSK.identity, key: PSK.key.toString("hex"), "listen-port": String(port) }
    const device = await simulatedDevice("test/device/size/psk13-server.ts", settings, { log: () => listening() })
    const running = device.run()
    try {
        await ready
        await body(port)
    } finally {
        device.stop()
        await running
    }
}

async function answerOf(client: DtlsSocket, text: string): Promise<string> {
    await client.send(text)
    return String(await client.receive())
}

describe("a device that serves DTLS 1.3 alone", function () {
    this.timeout(120000)

    it("answers each of its clients, and refuses one of DTLS 1.2 with protocol_version", async () => {
        await serving(async (port) => {
            const clients: DtlsSocket[] = []
            const answers: string[] = []
            for (const text of ["first", "second"]) {
                clients.push(await connect("127.0.0.1", port, { psk: PSK, minVersion: "1.3" }))
                for (const client of clients) answers.push(await answerOf(client, text))
            }
            deepStrictEqual(answers, ["first", "second", "second"])
            const refused = connect("127.0.0.1", port, { psk: PSK })
            await rejects(refused, (error: DtlsError) => /protocol_version/.test(error.message))
            for (const client of clients) await client.close()
        })
    })
})
