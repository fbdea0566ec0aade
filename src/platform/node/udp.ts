import { type RemoteInfo, type Socket } from "node:dgram"
import { type InputMessage, type OutputMessage } from "../../gio/datagram-based.js"
import { DatagramSocket } from "../../gio/datagram-socket.js"
import { type GError, invalidArgument } from "../../gio/errors.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { gather, scatter } from "../../gio/vectors.js"
import { type Services, type UdpOptions, type UdpSocket } from "../services.js"
import { asGError, openSocket, text } from "./dgram.js"

interface Received {
    data: Buffer
    address: SocketAddress
}

/** Datagrams that wait in the process before the oldest is kept and new ones are dropped, as a kernel does. */
const QUEUE_LIMIT = 4096

/** Datagrams sent before others get a turn. */
const SENDS_PER_TURN = 32

/** One or several sockets of node:dgram as one DatagramBased: the queue of what they received, and sending in order. */
export abstract class NodeDatagramSocket extends DatagramSocket implements UdpSocket {
    private queue: Received[] = []
    private sentInTurn = 0

    constructor(
        services: Services,
        protected remote: SocketAddress | undefined,
    ) {
        super(services)
    }

    abstract localAddress(): SocketAddress
    /** System-wide receive buffer, bytes; for load tests and busy gateways. */
    abstract setReceiveBufferSize(size: number): void
    /** The socket that a datagram to this address leaves from. Throws GError. */
    protected abstract socketTo(address: SocketAddress): Socket | Promise<Socket>
    protected abstract closeSockets(): void

    /** @param local what `SocketAddress.local` of its senders is */
    protected listenTo(socket: Socket, local: string | undefined): void {
        socket.on("message", (data: Buffer, info: RemoteInfo) => this.received(data, info, local))
        socket.on("error", (error: NodeJS.ErrnoException) => {
            this.error = asGError(error, this.remote === undefined ? (local ?? "socket") : text(this.remote))
            this.changed.notify()
        })
    }

    private received(data: Buffer, info: RemoteInfo, local: string | undefined): void {
        if (this.queue.length >= QUEUE_LIMIT) return
        const address = { address: info.address, port: info.port }
        this.queue.push({ data, address: local === undefined ? address : { ...address, local } })
        this.changed.notify()
    }

    protected takeOne(message: InputMessage): boolean {
        const next = this.queue.shift()
        if (next === undefined) return false
        scatter(message, next.data, next.data.length, next.address)
        return true
    }

    protected isReadable(): boolean {
        return this.queue.length > 0
    }

    /** All are handed to the system before the first is waited for, so that their order stays. */
    protected async sendAll(messages: OutputMessage[]): Promise<number> {
        const results = await Promise.all(messages.map((message) => this.send(message)))
        // Sends finish without a turn of the event loop: a program that only sends would never hear of anything.
        this.sentInTurn += messages.length
        if (this.sentInTurn >= SENDS_PER_TURN) {
            this.sentInTurn = 0
            await new Promise((resolve) => setImmediate(resolve))
        }
        const failed = results.findIndex((error) => error !== undefined)
        if (failed === 0) throw results[0] as GError
        return failed < 0 ? messages.length : failed
    }

    /** @returns what went wrong */
    private async send(message: OutputMessage): Promise<GError | undefined> {
        const to = this.remote ?? message.address
        if (to === undefined) return invalidArgument("messages", "each needs an address: not connected")
        // Port 0 is no place to send to, and node:dgram throws over it; an address can come from a forged datagram.
        if (to.port === 0) return invalidArgument("messages", "port 0 is no place to send to")
        try {
            const found = this.socketTo(to)
            return await this.sendFrom(found instanceof Promise ? await found : found, message, to)
        } catch (error) {
            return error as GError
        }
    }

    private sendFrom(socket: Socket, message: OutputMessage, to: SocketAddress): Promise<GError | undefined> {
        const data = gather(message)
        return new Promise((resolve) => {
            const done = (error: Error | null): void => {
                if (error === null) message.bytesSent = data.length
                resolve(error === null ? undefined : asGError(error, text(to)))
            }
            if (this.remote !== undefined) socket.send(data, done)
            else socket.send(data, to.port, to.address, done)
        })
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.closeSockets()
        this.changed.notify()
    }
}

/** One socket of node:dgram, bound to one address or connected to one peer. */
export class NodeUdpSocket extends NodeDatagramSocket {
    private constructor(
        services: Services,
        private socket: Socket,
        remote: SocketAddress | undefined,
    ) {
        super(services, remote)
        this.listenTo(socket, undefined)
    }

    static async open(services: Services, options: UdpOptions): Promise<NodeUdpSocket> {
        return new NodeUdpSocket(services, await openSocket(options), options.remote)
    }

    localAddress(): SocketAddress {
        const { address, port } = this.socket.address()
        return { address, port }
    }

    setReceiveBufferSize(size: number): void {
        this.socket.setRecvBufferSize(size)
    }

    protected socketTo(): Socket {
        return this.socket
    }

    protected closeSockets(): void {
        this.socket.close()
    }
}
