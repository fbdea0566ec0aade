import { connect, type Socket } from "@devicescript/net"
import { copyOf } from "../../dtls/bytes/bytes.js"
import { type InputMessage, type OutputMessage } from "../../gio/datagram-based.js"
import { DatagramSocket } from "../../gio/datagram-socket.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { gather, scatter } from "../../gio/vectors.js"
import { type Services, type UdpSocket } from "../services.js"

/**
 * The only TCP stream of the official VM, connected to host/simulator/stock.ts. Frames: length (2 bytes, big-endian)
 * and bytes. An empty frame asks for the settings, which come as the first frame; all others are datagrams. The host
 * must not send first, because @devicescript/net takes data that arrives with the connection for a failure.
 * @devsWhenUsed
 */
export class Bridge {
    private buffered = Buffer.alloc(0)

    constructor(private socket: Socket) {}

    static async open(port: number): Promise<Bridge> {
        const bridge = new Bridge(await connect({ host: "127.0.0.1", port }))
        await bridge.send(Buffer.alloc(0))
        return bridge
    }

    async send(bytes: Buffer): Promise<void> {
        const frame = Buffer.alloc(2 + bytes.length)
        frame[0] = bytes.length >> 8
        frame[1] = bytes.length
        frame.blitAt(2, bytes, 0, bytes.length)
        await this.socket.send(frame)
    }

    /** The next frame; undefined if the host has closed. */
    async receive(): Promise<Buffer | undefined> {
        while (true) {
            const has = this.buffered.length
            const length = has < 2 ? 0 : (this.buffered[0] << 8) | this.buffered[1]
            if (has >= 2 && has >= 2 + length) {
                const frame = copyOf(this.buffered, 2, 2 + length)
                this.buffered = copyOf(this.buffered, 2 + length, has)
                return frame
            }
            const more = await this.socket.recv()
            if (more === undefined || more === null) return undefined
            this.buffered = Buffer.concat(this.buffered, more)
        }
    }
}

/**
 * A datagram socket through the bridge, connected to the only peer that the host talks to.
 * @devsWhenUsed
 */
export class BridgedSocket extends DatagramSocket implements UdpSocket {
    private queue: Buffer[] = []

    constructor(
        services: Services,
        private bridge: Bridge,
        private remote: SocketAddress,
    ) {
        super(services)
        const self = this
        services.spawn(async () => await self.pump())
    }

    private async pump(): Promise<void> {
        while (!this.closed) {
            const frame = await this.bridge.receive()
            if (frame === undefined) return
            this.queue.push(frame)
            this.changed.notify()
        }
    }

    localAddress(): SocketAddress {
        return { address: "", port: 0 }
    }

    protected takeOne(message: InputMessage): boolean {
        const next = this.queue.shift()
        if (next === undefined) return false
        scatter(message, next, next.length, this.remote)
        return true
    }

    protected isReadable(): boolean {
        return this.queue.length > 0
    }

    protected async sendAll(messages: OutputMessage[]): Promise<number> {
        for (const message of messages) {
            const data = gather(message)
            await this.bridge.send(data)
            message.bytesSent = data.length
        }
        return messages.length
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.changed.notify()
    }
}
