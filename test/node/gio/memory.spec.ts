import { deepStrictEqual, ok } from "node:assert/strict"
import { connect, type DtlsSocket, listen } from "../../../src/index.js"

const psk = { identity: "device", key: Buffer.alloc(16, 5) }

/** What lasts as long as the association. */
function lasting(socket: DtlsSocket): Buffer[] {
    const peer = socket.dtls.getPeer()
    const parameters = peer?.association.parameters
    if (peer === undefined || parameters === undefined) throw new Error("not connected")
    const { clientRandom, serverRandom, identity, firstFinished } = parameters
    return [clientRandom, serverRandom, identity, firstFinished, peer.clientRandom]
}

describe("what a server keeps of an association", () => {
    for (const minVersion of ["1.2", "1.3"] as const)
        it(`has memory of its own, and is what the handshake agreed on: DTLS ${minVersion}`, async () => {
            await using server = await listen(0, { psk, minVersion }, "127.0.0.1")
            await using client = await connect("127.0.0.1", server.port, { psk, minVersion })
            const accepted = await server.accept({ timeout: 2000 })
            const kept = lasting(accepted)
            for (const { buffer } of kept) ok(buffer.byteLength < 256, `${buffer.byteLength} bytes are kept`)
            deepStrictEqual(kept.slice(0, 4), lasting(client).slice(0, 4))
            const label = "EXPORTER-test"
            const [ours, theirs] = [accepted, client].map(({ dtls }) => dtls.exportKeyingMaterial(label, undefined, 32))
            deepStrictEqual(ours, theirs)
            await client.send("21.5")
            deepStrictEqual(String(await accepted.receive({ timeout: 2000 })), "21.5")
        })

    it("is what a message shows, too: nothing else lies around it", async () => {
        for (const minVersion of ["1.2", "1.3"] as const) {
            await using server = await listen(0, { psk, minVersion }, "127.0.0.1")
            await using client = await connect("127.0.0.1", server.port, { psk, minVersion })
            const accepted = await server.accept({ timeout: 2000 })
            for (let i = 0; i < 8; i++) {
                await client.send("21.5")
                const message = await accepted.receive({ timeout: 2000 })
                ok(
                    message !== undefined && message.buffer.byteLength < 100,
                    `${message?.buffer.byteLength} bytes around`,
                )
            }
        }
    })
})
