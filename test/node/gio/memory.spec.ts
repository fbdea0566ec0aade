import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { PskStore } from "../../../host/credentials.js"
import { Gateway } from "../../../host/gateway/gateway.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { ReceiveQueue } from "../../../src/gio/receive-queue.js"
import { newSettings } from "../../../src/gio/settings.js"
import { connect, type DtlsSocket, listen } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { into } from "../../support/gio.js"
import { sleep } from "../../interop/process.js"

const psk = { identity: "device", key: Buffer.alloc(16, 5) }

/** Buffers that are kept for the association's lifetime. */
function lasting(socket: DtlsSocket): Buffer[] {
    const peer = socket.dtls.getPeer()
    const parameters = peer?.association.parameters
    if (peer === undefined || parameters === undefined) throw new Error("not connected")
    const { clientRandom, serverRandom, identity, firstFinished } = parameters
    return [clientRandom, serverRandom, identity, firstFinished, peer.clientRandom]
}

/** Lengths of Buffers reachable from `value` that keep other memory alive, too. */
function pooled(value: unknown, seen = new Set<unknown>()): number[] {
    if (typeof value !== "object" || value === null || seen.has(value)) return []
    seen.add(value)
    if (ArrayBuffer.isView(value)) return value.buffer.byteLength > 256 ? [value.byteLength] : []
    return Object.values(value).flatMap((field) => pooled(field, seen))
}

describe("messages that have not been read", () => {
    it("are kept up to exactly the limits, and each that is read makes room again, however it is read", () => {
        const queue = new ReceiveQueue({ ...gatewayLimits(), receiveQueueMessages: 3, receiveQueueBytes: 8 })
        const push = (bytes: number): boolean => queue.push(Buffer.alloc(bytes))
        deepStrictEqual([push(4), push(4), push(1)], [true, true, false])
        strictEqual(queue.takeOldest()?.length, 4)
        deepStrictEqual([push(5), push(4), push(0), push(0)], [false, true, true, false])
        strictEqual(queue.fill([into()], 0), 1)
        deepStrictEqual([push(5), push(4)], [false, true])
        queue.clear()
        ok(push(8))
    })
})

describe("what either side stores of an association", () => {
    for (const minVersion of ["1.2", "1.3"] as const)
        it(`has memory of its own, and is what the handshake negotiated: DTLS ${minVersion}`, async () => {
            await using server = await listen(0, { psk, minVersion }, "127.0.0.1")
            await using client = await connect("127.0.0.1", server.port, { psk, minVersion })
            const accepted = await server.accept({ timeout: 2000 })
            const kept = lasting(accepted)
            for (const { buffer } of [...kept, ...lasting(client)])
                ok(buffer.byteLength < 256, `${buffer.byteLength} bytes are kept`)
            deepStrictEqual(kept.slice(0, 4), lasting(client).slice(0, 4))
            const label = "EXPORTER-test"
            const [ours, theirs] = [accepted, client].map(({ dtls }) => dtls.exportKeyingMaterial(label, undefined, 32))
            deepStrictEqual(ours, theirs)
            await client.send("21.5")
            deepStrictEqual(String(await accepted.receive({ timeout: 2000 })), "21.5")
        })

    it("is nothing but that in DTLS 1.2, for a gateway too: no slice of a pool, which would keep all of it", async () => {
        const store = new PskStore([{ identity: Buffer.from(psk.identity), key: psk.key }])
        const settings = newSettings(allSuites(), store, wifi(), gatewayLimits())
        const events = { connected: () => {}, readings: () => {}, ended: () => {} }
        const local = { host: "127.0.0.1", port: 0 }
        const gateway = await Gateway.start(new NodeServices(), settings, local, events, () => {})
        await using client = await connect("127.0.0.1", gateway.localAddress().port, { psk })
        for (let i = 0; i < 200 && gateway.connectedPeers().length === 0; i++) await sleep(10)
        const [{ identity, connection }] = gateway.connectedPeers()
        deepStrictEqual(identity.toString(), psk.identity)
        deepStrictEqual(pooled([identity, connection.getAssociation()]), [])
        await client.close()
        await gateway.close()
    })

    it("reserves no room for future datagrams, nor does what a client stores", async () => {
        const { alloc } = Buffer
        const sizes: number[] = []
        Buffer.alloc = (size, ...rest) => {
            sizes.push(size)
            return alloc(size, ...rest)
        }
        try {
            await using server = await listen(0, { psk }, "127.0.0.1")
            await using client = await connect("127.0.0.1", server.port, { psk })
            await client.send("21.5")
            deepStrictEqual(String(await (await server.accept()).receive({ timeout: 2000 })), "21.5")
        } finally {
            Buffer.alloc = alloc
        }
        ok(sizes.length > 0 && Math.max(...sizes) < 2000, `${Math.max(...sizes)} bytes`)
    })

    it("is no more than a message shows, either: nothing else lies around it", async () => {
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
