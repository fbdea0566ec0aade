import { type AddressInfo } from "node:net"
import { type RemoteInfo, Socket } from "node:dgram"
import { call } from "./call.js"
import { type DtlsSocket } from "./dtls-socket.js"
import { isClosed, wrongArgument } from "./errors.js"

type Sent = (error: Error | null, bytes: number) => void

/**
 * A connection in the shape of node:dgram's Socket, for libraries that were written for UDP: what they send goes to the
 * peer encrypted, whatever address they name; each message comes as event "message". It is bound and connected from the
 * beginning. An instance of dgram.Socket, because some libraries (npm: coap) check that.
 */
export class DtlsDgramSocket extends Socket {
    private ended = false
    private isClosed = false

    constructor(readonly connection: DtlsSocket) {
        // The base class makes a handle for this family, which is never bound; node's declarations leave the parameter out.
        super("udp4" as never)
        // After whoever made it has added its listeners.
        setImmediate(() => void this.pump())
    }

    private async pump(): Promise<void> {
        this.emit("listening")
        try {
            for await (const message of this.connection) {
                const info = { ...this.remoteAddress(), size: message.length } as RemoteInfo
                call((data: Buffer) => void this.emit("message", data, info), message)
            }
            this.close()
        } catch (error) {
            if (!this.ended) this.emit("error", error)
        }
    }

    /** send(message[, offset, length][, port][, address][, callback]): port and address are the peer's, whatever is given. */
    override send(message: string | NodeJS.ArrayBufferView | readonly unknown[], ...rest: unknown[]): void {
        const [offset, length] = rest
        const callback = rest.find((value): value is Sent => typeof value === "function")
        const whole = bytesOf(message)
        const isPart = typeof offset === "number" && typeof length === "number"
        const bytes = isPart ? whole.subarray(offset, offset + length) : whole
        this.connection.send(bytes).then(
            () => callback?.(null, bytes.length),
            (error: unknown) => {
                if (callback !== undefined) callback(error as Error, 0)
                else if (!isClosed(error)) this.emit("error", error)
            },
        )
    }

    override address(): AddressInfo {
        const { localAddress: address, localPort: port } = this.connection
        return { address, family: familyOf(address), port }
    }

    override remoteAddress(): AddressInfo {
        const { remoteAddress: address = "", remotePort: port = 0 } = this.connection
        return { address, family: familyOf(address), port }
    }

    /** It is bound already: only tells so. */
    override bind(...rest: unknown[]): this {
        const callback = rest.find((value): value is () => void => typeof value === "function")
        if (callback !== undefined) setImmediate(callback)
        return this
    }

    /** It is connected already: only tells so, by the event "connect" and to the callback. */
    override connect(...rest: unknown[]): void {
        const callback = rest.find((value): value is () => void => typeof value === "function")
        if (callback !== undefined) this.once("connect", callback)
        setImmediate(() => this.emit("connect"))
    }

    override ref(): this {
        this.connection.ref()
        return this
    }

    override unref(): this {
        this.connection.unref()
        return this
    }

    /** Says close_notify to the peer; then the event "close". Once more: only calls the callback when that is done. */
    override close(callback?: () => void): this {
        if (this.isClosed && callback !== undefined) setImmediate(callback)
        else if (callback !== undefined) this.once("close", callback)
        if (this.ended) return this
        this.ended = true
        this.connection.close().then(
            () => this.finish(),
            (error: unknown) => {
                this.emit("error", error)
                this.finish()
            },
        )
        return this
    }

    private finish(): void {
        this.isClosed = true
        super.close()
    }
}

function familyOf(address: string): "IPv4" | "IPv6" {
    return address.includes(":") ? "IPv6" : "IPv4"
}

function bytesOf(message: string | NodeJS.ArrayBufferView | readonly unknown[]): Buffer {
    if (typeof message === "string") return Buffer.from(message)
    if (ArrayBuffer.isView(message)) return Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    if (!Array.isArray(message)) throw wrongArgument("message", "a text, bytes, or an array of these")
    return Buffer.concat(message.map(bytesOf))
}
