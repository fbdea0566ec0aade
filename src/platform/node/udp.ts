import { type RemoteInfo, type Socket } from "node:dgram"
import { type InputMessage, OutputMessage } from "../../gio/datagram-based.js"
import { DatagramSocket } from "../../gio/datagram-socket.js"
import { type Cancellable } from "../../gio/cancellable.js"
import { type GError, invalidArgument, ioError, IOErrorEnum } from "../../gio/errors.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { checkTransfer, gather, givenCancellable, scatter } from "../../gio/vectors.js"
import { type Services, type UdpOptions, type UdpSocket } from "../services.js"
import { Burst, type Datagram } from "./burst.js"
import { asGError, boundSocket, openSocket, text } from "./dgram.js"

interface Received {
    data: Buffer
    address: SocketAddress
}

/** A call that waits for one datagram, however long that takes. */
interface Reader {
    message: InputMessage
    done: (count: number) => void
    failed: (error: GError) => void
}

/** Datagrams that wait in the process before the oldest is kept and new ones are dropped, as a kernel does. */
const QUEUE_LIMIT = 4096

/** One or several sockets of node:dgram as one DatagramBased: the queue of what they received, and sending in order. */
export abstract class NodeDatagramSocket extends DatagramSocket implements UdpSocket {
    readonly handsOver = true
    private queue: Received[] = []
    private reader: Reader | undefined
    private burst = new Burst((datagram) => this.pass(datagram))

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
    /** As dgram.Socket: whether an open socket keeps the process alive. */
    abstract ref(): void
    abstract unref(): void

    /** @param local what `SocketAddress.local` of its senders is */
    protected listenTo(socket: Socket, local: string | undefined): void {
        socket.on("message", (data: Buffer, info: RemoteInfo) => this.received(data, info, local))
        socket.on("error", (error: NodeJS.ErrnoException) => {
            const told = asGError(error, this.remote === undefined ? (local ?? "socket") : text(this.remote))
            const reader = this.takeReader()
            if (reader === undefined) this.error = told
            else reader.failed(told)
            this.changed.notify()
        })
    }

    private received(data: Buffer, info: RemoteInfo, local: string | undefined): void {
        const from = { address: info.address, port: info.port }
        const address = local === undefined ? from : { ...from, local }
        const reader = this.takeReader()
        if (reader !== undefined) {
            fill(reader.message, data, address)
            return reader.done(1)
        }
        if (this.queue.length >= QUEUE_LIMIT) return
        this.queue.push({ data, address })
        this.changed.notify()
    }

    /** A pump's call, of one datagram without a limit of time, gets it at once when it comes: others take several turns more. */
    override async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        checkTransfer(messages, flags, timeout)
        const [message] = messages
        const isIdle = this.queue.length === 0 && this.error === undefined && !this.closed && this.reader === undefined
        if (!isIdle || messages.length !== 1 || message === undefined || timeout >= 0)
            return await super.receiveMessages(messages, flags, timeout, cancellable)
        const stop = givenCancellable(cancellable)
        if (stop?.isCancelled() === true) throw cancelled()
        return await this.read(message, stop)
    }

    private async read(message: InputMessage, stop: Cancellable | undefined): Promise<number> {
        const coming = new Promise<number>((done, failed) => void (this.reader = { message, done, failed }))
        const id = stop?.connect(() => {
            if (this.reader?.message === message) this.takeReader()?.failed(cancelled())
        })
        try {
            return await coming
        } finally {
            if (id !== undefined) stop?.disconnect(id)
        }
    }

    /** @returns who waits, and does so no more; undefined: nobody */
    private takeReader(): Reader | undefined {
        const { reader } = this
        this.reader = undefined
        return reader
    }

    protected takeOne(message: InputMessage): boolean {
        const next = this.queue.shift()
        if (next === undefined) return false
        fill(message, next.data, next.address)
        return true
    }

    protected isReadable(): boolean {
        return this.queue.length > 0
    }

    /**
     * The first call of a turn says what the system said. The datagrams of further ones wait for the end of the turn, and one that
     * the system does not take then is lost, as on any path.
     */
    protected async sendAll(messages: OutputMessage[]): Promise<number> {
        const count = this.burst.hasBegun() ? this.sendLater(messages) : await this.sendNow(messages)
        const pause = this.burst.pace(count)
        if (pause !== undefined) await pause
        return count
    }

    /** All are handed to the system before the first is waited for, so that their order stays. */
    private async sendNow(messages: OutputMessage[]): Promise<number> {
        const [first, ...others] = messages.map((message) => this.send(message))
        // Of one datagram, as of a flight, without what waits for several.
        const results = others.length === 0 ? [await first] : await Promise.all([first, ...others])
        const failed = results.findIndex((error) => error !== undefined)
        if (failed === 0) throw results[0] as GError
        return failed < 0 ? messages.length : failed
    }

    private sendLater(messages: OutputMessage[]): number {
        for (let i = 0; i < messages.length; i++) {
            const message = messages[i]
            const to = this.remote ?? message.address
            const wrong = destinationError(to)
            if (wrong !== undefined && i === 0) throw wrong
            if (to === undefined || wrong !== undefined) return i
            // The caller may use its Buffers again.
            const data = Buffer.from(gather(message))
            this.burst.add({ data, to })
            message.bytesSent = data.length
        }
        return messages.length
    }

    private pass({ data, to }: Datagram): void {
        try {
            const found = this.socketTo(to)
            if (!(found instanceof Promise)) return this.hand(found, data, to)
            found.then((socket) => this.hand(socket, data, to)).catch(ignore)
        } catch {
            // The address that it would leave from is gone: it is lost.
        }
    }

    /** @param done without it an error is lost, and node:dgram need not come back to tell how it went */
    private hand(socket: Socket, data: Buffer, to: SocketAddress, done?: (error: Error | null) => void): void {
        if (this.remote !== undefined) socket.send(data, done)
        else socket.send(data, to.port, to.address, done)
    }

    /** @returns what went wrong */
    private async send(message: OutputMessage): Promise<GError | undefined> {
        const to = this.remote ?? message.address
        const wrong = destinationError(to)
        if (to === undefined || wrong !== undefined) return wrong
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
            this.hand(socket, data, to, done)
        })
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.burst.flush()
        this.closeSockets()
        this.takeReader()?.failed(ioError(IOErrorEnum.CLOSED, "Socket is already closed"))
        this.changed.notify()
    }
}

/** Each datagram of node:dgram has memory of its own, of its own size. */
function fill(message: InputMessage, data: Buffer, address: SocketAddress): void {
    const { mostHandedOver } = message
    if (mostHandedOver !== undefined)
        message.vectors = [data.length > mostHandedOver ? data.subarray(0, mostHandedOver) : data]
    scatter(message, data, data.length, address)
}

/** Who cancels knows where that was: of all errors only this one comes with every connection, and its stack would cost more than it. */
function cancelled(): GError {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const error = ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
    Error.stackTraceLimit = stackTraceLimit
    return error
}

function ignore(): void {
    // Lost, as on any path.
}

/** Why nothing can be sent there. */
function destinationError(to: SocketAddress | undefined): GError | undefined {
    if (to === undefined) return invalidArgument("messages", "each needs an address: not connected")
    // Port 0 is no place to send to, and node:dgram throws over it; an address can come from a forged datagram.
    return to.port === 0 ? invalidArgument("messages", "port 0 is no place to send to") : undefined
}

/** One socket of node:dgram, bound to one address or connected to one peer. */
export class NodeUdpSocket extends NodeDatagramSocket {
    private lastAddress: SocketAddress | undefined

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

    /** One that is connected to nobody, at once. Throws GError. */
    static bindNow(services: Services, options: UdpOptions): NodeUdpSocket {
        return new NodeUdpSocket(services, boundSocket(options), undefined)
    }

    /** After the end it is what it was. */
    localAddress(): SocketAddress {
        if (this.lastAddress !== undefined) return this.lastAddress
        const { address, port } = this.socket.address()
        return { address, port }
    }

    setReceiveBufferSize(size: number): void {
        this.socket.setRecvBufferSize(size)
    }

    ref(): void {
        this.socket.ref()
    }

    unref(): void {
        this.socket.unref()
    }

    protected socketTo(): Socket {
        return this.socket
    }

    protected closeSockets(): void {
        this.lastAddress = this.localAddress()
        this.socket.close()
    }
}

/** Whether an open socket keeps the process alive; one that `services` of a program opened may not be able to tell it. */
export function keepAlive(socket: UdpSocket, isReferenced: boolean): void {
    if (!(socket instanceof NodeDatagramSocket)) return
    if (isReferenced) socket.ref()
    else socket.unref()
}
