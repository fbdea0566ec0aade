import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict"
import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import { Cancellable } from "../../../src/gio/cancellable.js"
import { InputMessage } from "../../../src/gio/datagram-based.js"
import { IOCondition, MSG_TRUNC } from "../../../src/gio/enums.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"

describe("a read of a UDP socket that waits for one datagram, as long as it takes", () => {
    let socket: UdpSocket
    let peer: Socket

    beforeEach(async () => {
        socket = await new NodeServices().openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        peer = createSocket("udp4")
        peer.connect(socket.localAddress().port, "127.0.0.1")
        await once(peer, "connect")
    })
    afterEach(() => {
        socket.close()
        peer.close()
    })

    async function read(stop?: Cancellable): Promise<string> {
        const message = new InputMessage([Buffer.alloc(10)])
        strictEqual(await socket.receiveMessages([message], 0, -1, stop), 1)
        strictEqual(message.address?.port, peer.address().port)
        return String(message.vectors[0]?.subarray(0, message.bytesReceived))
    }

    it("gets the next one, and another read the one after; unread datagrams stay in order", async () => {
        const reads = [read(), read()]
        for (const text of ["1", "2", "3", "4"]) peer.send(text)
        deepStrictEqual(await Promise.all(reads), ["1", "2"])
        deepStrictEqual([await read(), await read()], ["3", "4"])
    })

    it("is handed the datagram itself when it asks for that, at most as much of it as it says, whether it waited or not", async () => {
        strictEqual(socket.handsOver, true)
        const message = new InputMessage([])
        message.mostHandedOver = 4
        const waiting = socket.receiveMessages([message], 0, -1)
        peer.send("1234")
        await waiting
        const [whole] = message.vectors
        deepStrictEqual([String(whole), whole?.buffer.byteLength, message.flags], ["1234", 4, 0])
        peer.send("12345")
        await socket.conditionWait(IOCondition.IN, -1)
        await socket.receiveMessages([message], 0, 0)
        deepStrictEqual([String(message.vectors[0]), message.bytesReceived, message.flags], ["1234", 4, MSG_TRUNC])
    })

    it("that is cancelled consumes none, and cancels no other read", async () => {
        const [first, second] = [new Cancellable(), new Cancellable()]
        const cancelled = { code: IOErrorEnum.CANCELLED }
        const stopped = rejects(read(first), cancelled)
        first.cancel()
        await stopped
        await rejects(read(first), cancelled)
        const waiting = read(second)
        first.reset()
        first.cancel()
        peer.send("1")
        strictEqual(await waiting, "1")
        const late = rejects(read(second), cancelled)
        second.cancel()
        await late
    })

    it("ends when the socket closes", async () => {
        const ended = rejects(read(), { code: IOErrorEnum.CLOSED })
        socket.close()
        await ended
        await rejects(read(), { code: IOErrorEnum.CLOSED })
    })

    it("of a connected socket reports that nobody listens", async () => {
        const gone = createSocket("udp4").bind(0, "127.0.0.1")
        await once(gone, "listening")
        const remote = { address: "127.0.0.1", port: gone.address().port }
        gone.close()
        await once(gone, "close")
        const connected = await new NodeServices().openUdp({ remote, localHost: undefined, localPort: 0 })
        const refused = rejects(connected.receiveMessages([new InputMessage([Buffer.alloc(10)])], 0, -1), {
            code: IOErrorEnum.CONNECTION_REFUSED,
        })
        await connected
            .sendMessages([{ vectors: [Buffer.from("1")], address: undefined, bytesSent: 0 }], 0, -1)
            .catch(() => undefined)
        await refused
        connected.close()
    })
})
