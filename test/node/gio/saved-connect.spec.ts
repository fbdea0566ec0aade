import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { type AssociationStore, connect, type DtlsServer, FolderStore, listen } from "../../../src/index.js"
import { type DtlsSocket } from "../../../src/platform/node/connect/dtls-socket.js"
import { type ListenOptions } from "../../../src/platform/node/connect/options.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpOptions, type UdpSocket } from "../../../src/platform/services.js"
import { type OutputMessage } from "../../../src/gio/datagram-based.js"

const psk = { identity: "sensor1", key: Buffer.alloc(16, 1) }
const key = Buffer.alloc(16, 3)

/** Stores in memory; a copy of it represents the state after a crash. */
class MemoryStore implements AssociationStore {
    failing = false

    constructor(private entries = new Map<string, Buffer>()) {}

    load(name: string): Buffer | undefined {
        return this.entries.get(name)
    }

    save(name: string, value: Buffer): void {
        if (this.failing) throw new Error("the disk is full")
        this.entries.set(name, value)
    }

    remove(name: string): void {
        this.entries.delete(name)
    }

    names(): string[] {
        return [...this.entries.keys()]
    }

    copy(): MemoryStore {
        return new MemoryStore(new Map(this.entries))
    }
}

/** Records the number (epoch and sequence) of every protected record that its sockets send, and the log. */
class RecordingServices extends NodeServices {
    numbers: string[] = []
    logged: string[] = []
    sockets: UdpSocket[] = []

    override async openUdp(options: UdpOptions): Promise<UdpSocket> {
        const socket = await super.openUdp(options)
        const send = socket.sendMessages.bind(socket)
        socket.sendMessages = async (messages, ...rest) => {
            for (const message of messages) this.record(message)
            return await send(messages, ...rest)
        }
        this.sockets.push(socket)
        return socket
    }

    private record({ vectors }: OutputMessage): void {
        const number = Buffer.concat(vectors).subarray(3, 11).toString("hex")
        if (!number.startsWith("0000")) this.numbers.push(number)
    }

    override log = (_level: number, message: string): void => void this.logged.push(message)

    /** Stops as if the process had ended: no close_notify, and the stored state stays unchanged. */
    crash(): void {
        for (const socket of this.sockets.splice(0)) socket.close()
    }
}

async function serving(more: Partial<ListenOptions> = {}, port = 0): Promise<DtlsServer> {
    return await listen(port, { psk, connectionId: 8, ...more }, "127.0.0.1")
}

describe("connect and listen with save", () => {
    /** Closed after each test. */
    let open: (DtlsSocket | DtlsServer)[]

    beforeEach(() => (open = []))

    afterEach(async () => {
        for (const end of open.reverse()) await end.close().catch(() => undefined)
    })

    const kept = <T extends DtlsSocket | DtlsServer>(end: T): T => {
        open.push(end)
        return end
    }

    const client = async (
        port: number,
        store: MemoryStore,
        services = new RecordingServices(),
        send = 8,
    ): Promise<DtlsSocket> =>
        kept(await connect("127.0.0.1", port, { psk, connectionId: 0, services, save: { store, key, send } }))

    it("a suspended client continues without a handshake, from another port", async () => {
        const server = kept(await serving())
        const store = new MemoryStore()
        const first = await client(server.port, store)
        await first.send("before")
        const accepted = await server.accept()
        strictEqual(String(await accepted.receive()), "before")
        await first.suspend()
        const second = await client(server.port, store)
        deepStrictEqual([first.isRestored(), second.isRestored()], [false, true])
        await second.send("after")
        strictEqual(String(await accepted.receive()), "after")
        await accepted.send("answer")
        strictEqual(String(await second.receive()), "answer")
        await second.close()
        deepStrictEqual(store.names(), [], "what is closed does not go on")
        strictEqual((await client(server.port, store)).isRestored(), false)
    })

    it("[P01] a client that crashes again and again, after any number of messages, never uses a number twice", async () => {
        const server = kept(await serving())
        const services = new RecordingServices()
        let store = new MemoryStore()
        await client(server.port, store, services)
        const accepted = await server.accept()
        for (let run = 0; run < 25; run++) {
            store = store.copy()
            const one = await client(server.port, store, services)
            ok(one.isRestored())
            for (let i = 0; i < (run * 7) % 23; i++) await one.send(`${run} ${i}`)
            await one.send("last")
            for (let text = ""; text !== "last";) text = String(await accepted.receive())
        }
        strictEqual(new Set(services.numbers).size, services.numbers.length)
    })

    it("a suspended server has its clients back, before anything else, and they notice nothing", async () => {
        const [store, services] = [new MemoryStore(), new RecordingServices()]
        const server = await serving({ save: { store, key }, services })
        const one = kept(await connect("127.0.0.1", server.port, { psk, connectionId: 0 }))
        await server.accept()
        const { port } = server
        await server.suspend()
        const again = kept(await serving({ save: { store, key } }, port))
        const accepted = await again.accept()
        deepStrictEqual([accepted.isRestored(), String(accepted.peerIdentity)], [true, "sensor1"])
        await one.send("up")
        strictEqual(String(await accepted.receive()), "up")
        await accepted.send("down")
        strictEqual(String(await one.receive()), "down")
        await accepted.close()
        deepStrictEqual(store.names(), [])
    })

    it("[P01] a server that crashes continues after the numbers it had, however many it sent", async () => {
        const services = new RecordingServices()
        let store = new MemoryStore()
        let server = await serving({ save: { store, key, send: 4 }, services })
        const { port } = server
        const one = kept(await connect("127.0.0.1", port, { psk, connectionId: 0 }))
        for (let run = 0; run < 10; run++) {
            const accepted = await server.accept()
            strictEqual(accepted.isRestored(), run > 0)
            for (let i = 0; i <= run; i++) await accepted.send(`${run} ${i}`)
            for (let i = 0; i <= run; i++) strictEqual(String(await one.receive()), `${run} ${i}`)
            store = store.copy()
            services.crash()
            server = await serving({ save: { store, key, send: 4 }, services }, port)
        }
        kept(server)
        strictEqual(new Set(services.numbers).size, services.numbers.length)
    })

    it("accepts records beyond the reserved numbers when they are saved: nothing is lost while both live", async () => {
        const server = kept(await serving())
        const store = new MemoryStore()
        const one = kept(
            await connect("127.0.0.1", server.port, { psk, connectionId: 0, save: { store, key, receive: 2 } }),
        )
        const accepted = await server.accept()
        for (let i = 0; i < 20; i++) {
            await accepted.send(`${i}`)
            strictEqual(String(await one.receive()), `${i}`)
        }
    })

    it("sends nothing under numbers that the store failed to save, and continues when it saves them", async () => {
        const server = kept(await serving())
        const [store, services] = [new MemoryStore(), new RecordingServices()]
        const one = await client(server.port, store, services, 2)
        await one.send("1")
        await one.send("2")
        const sent = services.numbers.length
        store.failing = true
        for (let i = 0; i < 2; i++) await rejects(one.send("3"), /the disk is full/)
        strictEqual(services.numbers.length, sent)
        store.failing = false
        await one.send("4")
        strictEqual(services.numbers.length, sent + 1)
    })

    it("makes a handshake where the saved state cannot be used, and says so", async () => {
        const server = kept(await serving())
        const [store, services] = [new MemoryStore(), new RecordingServices()]
        await (await client(server.port, store)).suspend()
        const options = { psk, connectionId: 0, services, save: { store, key: Buffer.alloc(32, 9) } }
        const one = kept(await connect("127.0.0.1", server.port, options))
        strictEqual(one.isRestored(), false)
        ok(
            services.logged.some((line) => line.includes("a handshake follows")),
            services.logged.join(),
        )
        await rejects((await connect("127.0.0.1", server.port, { psk })).suspend(), { argument: "save" })
    })

    it("keeps to the record limits that the handshake negotiated", async () => {
        const server = kept(await serving({ recordSizeLimit: 200 }))
        const save = { store: new MemoryStore(), key }
        const options = { psk, connectionId: 0, recordSizeLimit: 16384, save }
        await (await connect("127.0.0.1", server.port, options)).suspend()
        const one = kept(await connect("127.0.0.1", server.port, options))
        strictEqual(one.isRestored(), true)
        await rejects(one.send(Buffer.alloc(201)), { code: "ERR_DTLS_MESSAGE_TOO_LARGE" })
    })

    it("FolderStore keeps each entry in a file of its own that nobody else can read", () => {
        const folder = join(temporaryFolder("saved"), "new")
        const store = new FolderStore(folder)
        store.save("gateway|::1|5684", Buffer.from("one"))
        store.save("gateway|::1|5684", Buffer.from("two"))
        deepStrictEqual([store.names(), String(store.load("gateway|::1|5684"))], [["gateway|::1|5684"], "two"])
        const [file] = readdirSync(folder)
        strictEqual(statSync(join(folder, file)).mode & 0o077, 0)
        store.remove("gateway|::1|5684")
        deepStrictEqual([store.names(), store.load("gateway|::1|5684")], [[], undefined])
    })

    for (const versions of [{ minVersion: "1.3" }, { maxVersion: "1.3" }] as const) {
        const title = `DTLS 1.3, ${Object.keys(versions)[0]}`

        it(`a client that is suspended, or crashes, continues without a handshake: ${title}`, async () => {
            const server = kept(await serving({ ...versions, spareConnectionIds: 1 }))
            let store = new MemoryStore()
            const more = { ...versions, connectionId: 4, spareConnectionIds: 2 }
            const open = async (): Promise<DtlsSocket> =>
                kept(await connect("127.0.0.1", server.port, { psk, save: { store, key, send: 3 }, ...more }))
            const first = await open()
            strictEqual(first.negotiated.version, "DTLSv1.3")
            const accepted = await server.accept()
            await first.send("before")
            strictEqual(String(await accepted.receive()), "before")
            await first.suspend()
            for (let run = 0; run < 5; run++) {
                store = store.copy()
                const again = await open()
                strictEqual(again.isRestored(), true)
                for (let i = 0; i <= run; i++) await again.send(`${run} ${i}`)
                for (let i = 0; i <= run; i++) strictEqual(String(await accepted.receive()), `${run} ${i}`)
            }
        })

        it(`a server that is suspended, or crashes, has its clients back: ${title}`, async () => {
            const services = new RecordingServices()
            let store = new MemoryStore()
            const more = { ...versions, services }
            let server = await serving({ save: { store, key, send: 4, receive: 1 }, ...more })
            const { port } = server
            const one = kept(await connect("127.0.0.1", port, { psk, connectionId: 0, ...versions }))
            for (let run = 0; run < 4; run++) {
                const accepted = await server.accept()
                strictEqual(accepted.isRestored(), run > 0)
                for (let i = 0; i <= run; i++) await accepted.send(`${run} ${i}`)
                for (let i = 0; i <= run; i++) strictEqual(String(await one.receive()), `${run} ${i}`)
                // Numbers that were reserved when the server crashed count as received.
                await one.send("perhaps")
                await one.send("up")
                while (String(await accepted.receive()) !== "up");
                store = store.copy()
                if (run === 0) await server.suspend()
                else services.crash()
                server = await serving({ save: { store, key, send: 4, receive: 1 }, ...more }, port)
            }
            kept(server)
        })
    }

    const store = new MemoryStore()
    const wrong: [string, object, string][] = [
        ["an object that is not a store", { save: { store: {}, key } }, "save.store"],
        ["a short key", { save: { store, key: Buffer.alloc(8) } }, "save.key"],
        ["a reserve of 0 numbers", { save: { store, key, send: 0 } }, "save.send"],
        ["a reserve of 1.5 records", { save: { store, key, receive: 1.5 } }, "save.receive"],
        ["a misspelt option", { save: { store, key, sends: 1 } }, "sends"],
        ["records of 63 bytes", { recordSizeLimit: 63 }, "recordSizeLimit"],
        ["a fragment length that RFC 6066 does not have", { maxFragmentLength: 1000 }, "maxFragmentLength"],
    ]
    for (const [what, options, argument] of wrong)
        it(`refuses ${what}, and names the option`, async () => {
            const refused = { code: "ERR_DTLS_INVALID_ARGUMENT", argument }
            await rejects(connect("127.0.0.1", 9, { psk, ...options }), refused)
            await rejects(listen(0, { psk, ...options }, "127.0.0.1"), refused)
        })

    it("keeps records as small as either side asks, by recordSizeLimit and by maxFragmentLength", async () => {
        for (const [ofClient, ofServer, largest] of [
            [{ recordSizeLimit: 200 }, { recordSizeLimit: 4096 }, 200],
            [{ maxFragmentLength: 512 }, { maxFragmentLength: 0 }, 512],
            [{ recordSizeLimit: 200, maxFragmentLength: 512 }, { recordSizeLimit: 300, maxFragmentLength: 0 }, 200],
        ] as const) {
            const server = kept(await serving(ofServer))
            const one = kept(await connect("127.0.0.1", server.port, { psk, ...ofClient }))
            const accepted = await server.accept()
            await accepted.send(Buffer.alloc(largest))
            strictEqual((await one.receive())?.length, largest)
            await rejects(accepted.send(Buffer.alloc(largest + 1)), { code: "ERR_DTLS_MESSAGE_TOO_LARGE" })
        }
    })
})
