import { type AddressInfo } from "node:net"
import { type RemoteInfo, Socket } from "node:dgram"
import { call } from "./call.js"
import { type DtlsSocket } from "./dtls-socket.js"
import { isClosed, wrongArgument } from "./errors.js"

type Sent = (error: Error | null, bytes: number) => void

/**
 * A DTLS connection with the interface of node:dgram's Socket, for libraries that were written for UDP. Everything the library sends is
 * encrypted and goes to the peer, whatever address the library names. Each received message is a "message" event. The socket is bound and
 * connected from the beginning. It is an instance of dgram.Socket because some libraries (such as the npm package coap) check for that.
 */
export class DtlsDgramSocket extends Socket {
    private ended = false
    private isClosed = false

    constructor(readonly connection: DtlsSocket) {
        // The base class creates a handle for this address family, which is never bound. Node's type declarations omit this parameter.
        super("udp4" as never)
        // Starts later, so that the creator of this object can add its listeners first.
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

    /** send(message[, offset, length][, port][, address][, callback]). Port and address are ignored: every message goes to the peer. */
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

    /** The socket is already bound, so this only calls the callback. */
    override bind(...rest: unknown[]): this {
        const callback = rest.find((value): value is () => void => typeof value === "function")
        if (callback !== undefined) setImmediate(callback)
        return this
    }

    /** The socket is already connected, so this only emits the event "connect" and calls the callback. */
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

    /** Sends close_notify to the peer, then emits the event "close". A further call only runs its callback once the socket is closed. */
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
