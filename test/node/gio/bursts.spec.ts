import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"

/** A plain socket on loopback and what it has received, as texts. */
async function receiver(): Promise<{ socket: Socket; texts: string[]; until: (count: number) => Promise<void> }> {
    const socket = createSocket("udp4")
    const texts: string[] = []
    socket.on("message", (data) => void texts.push(String(data)))
    socket.bind(0, "127.0.0.1")
    await once(socket, "listening")
    const until = async (count: number): Promise<void> => {
        while (texts.length < count) await once(socket, "message")
    }
    return { socket, texts, until }
}

async function senderTo(socket: Socket, isConnected: boolean): Promise<(text: string, data?: Buffer) => Promise<void>> {
    const remote = { address: "127.0.0.1", port: socket.address().port }
    const services = new NodeServices()
    const udp = await services.openUdp({
        remote: isConnected ? remote : undefined,
        localHost: "127.0.0.1",
        localPort: 0,
    })
    sockets.push(udp)
    return async (text, data = Buffer.from(text)) => {
        data.write(text)
        const message = new OutputMessage([data])
        message.address = isConnected ? undefined : remote
        strictEqual(await udp.sendMessages([message], 0, -1), 1)
        strictEqual(message.bytesSent, data.length)
    }
}

const sockets: UdpSocket[] = []

describe("datagrams that are sent in one turn of the event loop", () => {
    afterEach(() => {
        for (const socket of sockets.splice(0)) socket.close()
    })

    for (const isConnected of [true, false])
        it(`arrive in order, though the caller reuses its Buffer: a ${isConnected ? "connected" : "free"} socket`, async () => {
            const { socket, texts, until } = await receiver()
            const send = await senderTo(socket, isConnected)
            const data = Buffer.alloc(3)
            const sent = Array.from({ length: 150 }, (_, index) => String(100 + index))
            for (const text of sent) await send(text, data)
            await until(sent.length)
            deepStrictEqual(texts, sent)
            socket.close()
        })

    it("are sent even when the socket is closed at once", async () => {
        const { socket, texts, until } = await receiver()
        const send = await senderTo(socket, true)
        await Promise.all(["1", "2", "3"].map((text) => send(text)))
        sockets[0].close()
        await until(3)
        deepStrictEqual(texts, ["1", "2", "3"])
        socket.close()
    })

    it("are sent even when the program ends at once", async () => {
        const { socket, texts, until } = await receiver()
        const source = `
            import { connectedTo } from "${join(root, "test", "support", "udp.ts")}"
            const send = await connectedTo(${socket.address().port})
            for (const text of ["1", "2", "3"]) await send(text)
            process.exit()`
        const tsx = join(root, "host", "build", "tsx.mjs")
        execFileSync(process.execPath, ["--import", tsx, "--input-type=module", "--eval", source])
        await until(3)
        deepStrictEqual(texts, ["1", "2", "3"])
        socket.close()
    })

    it("report a missing destination, the later ones too", async () => {
        const udp = await new NodeServices().openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        sockets.push(udp)
        const nowhere = new OutputMessage([Buffer.from("lost")])
        for (let i = 0; i < 3; i++) await rejects(udp.sendMessages([nowhere], 0, -1), /each needs an address/)
        await rejects(udp.receiveMessages([new InputMessage([Buffer.alloc(9)])], 0, 0), /block/)
    })
})
