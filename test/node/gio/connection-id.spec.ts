import { ok, rejects, strictEqual } from "node:assert"
import { connect, type DtlsSocket, listen } from "../../../src/index.js"
import { Nat } from "../../support/nat.js"

const psk = { identity: "sensor1", key: Buffer.from("000102030405060708090a0b0c0d0e0f", "hex") }

/** Echoes until the client closes. */
async function echo(socket: DtlsSocket): Promise<void> {
    for (let message = await socket.receive(); message !== undefined; message = await socket.receive())
        await socket.send(message)
}

describe("connection ids over real sockets", () => {
    it("keep a session over ten new NAT bindings with the first handshake only, and answers find the way back", async () => {
        const server = await listen(0, { psk, connectionId: 8 }, "127.0.0.1")
        const nat = await Nat.open(server.port)
        const client = await connect("127.0.0.1", nat.port, { psk, connectionId: 0 })
        const accepted = await server.accept()
        const echoing = echo(accepted)
        const ports = new Set<number>()
        for (let i = 0; i < 10; i++) {
            await client.send(Buffer.from(`reading ${i}`))
            strictEqual((await client.receive({ timeout: 2000 }))?.toString(), `reading ${i}`)
            ports.add(nat.outsidePort)
            await nat.rebind()
        }
        // The system may assign an earlier port again.
        ok(ports.size >= 8, `${ports.size} ports`)
        await client.close()
        await echoing
        await server.close()
        nat.close()
    })

    it("are what keeps it: without them the first new binding ends the session", async () => {
        const server = await listen(0, { psk }, "127.0.0.1")
        const nat = await Nat.open(server.port)
        const client = await connect("127.0.0.1", nat.port, { psk, connectionId: 0 })
        const echoing = echo(await server.accept())
        await nat.rebind()
        await client.send(Buffer.from("lost"))
        await rejects(client.receive({ timeout: 300 }))
        await client.close()
        await server.close()
        await echoing.catch(() => undefined)
        nat.close()
    })

    for (const version of ["1.2", "1.3"] as const)
        it(`DTLS ${version}, returnRoutability enhanced: after a new binding the server probes the old address for a second, then follows`, async () => {
            const options = { psk, minVersion: version, maxVersion: version, returnRoutability: "enhanced" as const }
            const server = await listen(0, { ...options, connectionId: 8 }, "127.0.0.1")
            const nat = await Nat.open(server.port)
            const client = await connect("127.0.0.1", nat.port, { ...options, connectionId: 0 })
            const accepted = await server.accept()
            await nat.rebind()
            await client.send("up")
            strictEqual(String(await accepted.receive({ timeout: 2000 })), "up")
            ok(accepted.remotePort !== nat.outsidePort)
            await accepted.send("to the old address")
            await rejects(client.receive({ timeout: 1500 }))
            strictEqual(accepted.remotePort, nat.outsidePort)
            await accepted.send("x".repeat(1000))
            strictEqual((await client.receive({ timeout: 2000 }))?.length, 1000)
            await client.close()
            await server.close()
            nat.close()
        })

    it("support return routability, basic and enhanced, and plain ids", async () => {
        const wrong = { psk, connectionId: 4, returnRoutability: "both" as "basic" }
        await rejects(listen(0, wrong, "127.0.0.1"), /returnRoutability/)
        await rejects(listen(0, { psk, returnRoutability: "basic" }, "127.0.0.1"), /returnRoutability/)
    })

    it("have a length from 0 to 255", async () => {
        for (const connectionId of [-1, 256, 1.5, NaN])
            await rejects(listen(0, { psk, connectionId }, "127.0.0.1"), /connectionId/)
    })
})
