import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { Socket } from "node:dgram"
import { once } from "node:events"
import { DtlsDgramSocket, type DtlsError } from "../../../src/index.js"
import { LOOPBACK, withPair } from "../../support/connect-pair.js"

/** The next uncaught exception, which would otherwise end the process. */
async function nextUncaught(): Promise<Error> {
    const error = await new Promise<Error>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
    process.setUncaughtExceptionCaptureCallback(null)
    return error
}

describe("a connection in the shape of dgram.Socket", () => {
    it("sends, receives, reports addresses and closes as node:dgram does", async () => {
        await withPair({}, async (client, accepted) => {
            const socket = new DtlsDgramSocket(client)
            ok(socket instanceof Socket)
            const sent = new Promise<number>((resolve, reject) => {
                socket.send("abcdef", 1, 3, 9, "192.0.2.1", (error: Error | null, bytes: number) => {
                    if (error === null) resolve(bytes)
                    else reject(error)
                })
            })
            strictEqual(await sent, 3)
            strictEqual(String(await accepted.receive()), "bcd")
            socket.send([Buffer.from("x"), "y"])
            strictEqual(String(await accepted.receive()), "xy")
            await accepted.send("answer")
            const [message, info] = (await once(socket, "message")) as [Buffer, { port: number; size: number }]
            deepStrictEqual([String(message), info.port, info.size], ["answer", client.remotePort, 6])
            strictEqual(socket.address().port, client.localPort)
            const closed = once(socket, "close")
            await accepted.close()
            await closed
        })
    })

    it("reports an error to the callback, or as an event", async () => {
        await withPair({}, async (client) => {
            const socket = new DtlsDgramSocket(client)
            const told = new Promise<Error | null>((resolve) => void socket.send(Buffer.alloc(20000), resolve))
            strictEqual(((await told) as DtlsError).code, "ERR_DTLS_MESSAGE_TOO_LARGE")
            socket.send(Buffer.alloc(20000))
            const [error] = (await once(socket, "error")) as [DtlsError]
            strictEqual(error.code, "ERR_DTLS_MESSAGE_TOO_LARGE")
        })
    })

    it("a listener that throws is an uncaught exception, and the next message still arrives", async () => {
        await withPair({}, async (client, accepted) => {
            const socket = new DtlsDgramSocket(client)
            const messages: string[] = []
            socket.on("message", (message) => {
                messages.push(String(message))
                if (messages.length === 1) throw new Error("of the listener")
            })
            const uncaught = nextUncaught()
            await accepted.send("one")
            strictEqual((await uncaught).message, "of the listener")
            await accepted.send("two")
            await once(socket, "message")
            deepStrictEqual(messages, ["one", "two"])
        })
    })

    it("connect and bind report that they are done already, and each close calls its callback", async () => {
        await withPair({}, async (client) => {
            const socket = new DtlsDgramSocket(client)
            await new Promise<void>((resolve) => void socket.bind(resolve))
            await new Promise<void>((resolve) => void socket.connect(5684, LOOPBACK, resolve))
            const { port } = socket.address()
            await Promise.all([1, 2].map(() => new Promise<void>((resolve) => void socket.close(resolve))))
            await new Promise<void>((resolve) => void socket.close(resolve))
            strictEqual(socket.address().port, port)
        })
    })

    it("unref lets the process exit while the connection is open, and ref keeps it alive", async () => {
        await withPair({}, (client, _accepted, server) => {
            const socket = new DtlsDgramSocket(client)
            const held = (): number => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length
            const before = held()
            socket.unref()
            server.unref()
            strictEqual(held(), before - 2)
            socket.ref()
            server.ref()
            strictEqual(held(), before)
            return Promise.resolve()
        })
    })
})
