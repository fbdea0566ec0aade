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

/** A call that waits for one datagram, without a time limit. */
interface Reader {
    message: InputMessage
    done: (count: number) => void
    failed: (error: GError) => void
    stop: Cancellable | undefined
    /** id of its cancellation handler */
    id: number
}

/** Gets the result of sending one datagram; undefined: success. */
type Told = (error: GError | undefined) => void

/** Limit on datagrams that wait in the process. Like a kernel, keeps the oldest and drops new ones. */
const QUEUE_LIMIT = 4096

/** One or several sockets of node:dgram as one DatagramBased: a queue of received datagrams, and sending in order. */
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
    /** The socket from which a datagram to this address is sent. Throws GError. */
    protected abstract socketTo(address: SocketAddress): Socket | Promise<Socket>
    protected abstract closeSockets(): void
    /** Like dgram.Socket: whether an open socket keeps the process alive. */
    abstract ref(): void
    abstract unref(): void

    /** @param local value of `SocketAddress.local` for its senders */
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

    /**
     * Fast path for a pump's call, which waits for one datagram without a time limit: it gets the datagram at once,
     * while other calls take several turns of the event loop more.
     */
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
        if (stop?.isCancelled() === true) throw CANCELLED
        return await this.read(message, stop)
    }

    private read(message: InputMessage, stop: Cancellable | undefined): Promise<number> {
        return new Promise((done, failed) => {
            const cancel = (): void => {
                if (this.reader?.message === message) this.takeReader()?.failed(CANCELLED)
            }
            this.reader = { message, done, failed, stop, id: stop?.connect(cancel) ?? 0 }
        })
    }

    /** Removes and returns the waiting call; undefined: there is none. */
    private takeReader(): Reader | undefined {
        const { reader } = this
        this.reader = undefined
        reader?.stop?.disconnect(reader.id)
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
     * The first call of a turn reports the system's result. Datagrams of later calls wait for the end of the turn; one
     * that the system does not take then is lost, as on any path.
     */
    protected sendAll(messages: OutputMessage[]): Promise<number> {
        const sent = this.burst.hasBegun() ? Promise.resolve(this.sendLater(messages)) : this.sendNow(messages)
        const pause = this.burst.pace(messages.length)
        return pause === undefined ? sent : Promise.all([sent, pause]).then(([count]) => count)
    }

    /** Passes all messages to the system before waiting for the first, so that they stay in order. */
    private sendNow(messages: OutputMessage[]): Promise<number> {
        return new Promise((resolve, reject) => {
            const { length } = messages
            let failed = length
            let failure: GError | undefined
            let left = length
            const tell = (index: number, error: GError | undefined): void => {
                if (error !== undefined && index < failed) {
                    failed = index
                    failure = error
                }
                if (--left > 0) return
                if (failed === 0 && failure !== undefined) reject(failure)
                else resolve(failed)
            }
            for (let i = 0; i < length; i++) this.send(messages[i], (error) => tell(i, error))
        })
    }

    private sendLater(messages: OutputMessage[]): number {
        for (let i = 0; i < messages.length; i++) {
            const message = messages[i]
            const to = this.remote ?? message.address
            const wrong = destinationError(to)
            if (wrong !== undefined && i === 0) throw wrong
            if (to === undefined || wrong !== undefined) return i
            // A copy, because the caller may reuse its Buffers.
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
            // The address to send from is gone, so the datagram is lost.
        }
    }

    /** @param done without it errors are ignored, and node:dgram needs no callback */
    private hand(socket: Socket, data: Buffer, to: SocketAddress, done?: (error: Error | null) => void): void {
        if (this.remote !== undefined) socket.send(data, done)
        else socket.send(data, to.port, to.address, done)
    }

    private send(message: OutputMessage, told: Told): void {
        const to = this.remote ?? message.address
        const wrong = destinationError(to)
        if (to === undefined || wrong !== undefined) return told(wrong)
        try {
            const found = this.socketTo(to)
            if (!(found instanceof Promise)) return this.sendFrom(found, message, to, told)
            found.then((socket) => this.sendFrom(socket, message, to, told)).catch(told)
        } catch (error) {
            told(error as GError)
        }
    }

    private sendFrom(socket: Socket, message: OutputMessage, to: SocketAddress, told: Told): void {
        const data = gather(message)
        this.hand(socket, data, to, (error) => {
            if (error === null) message.bytesSent = data.length
            told(error === null ? undefined : asGError(error, text(to)))
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

/** Hands over the Buffer of node:dgram: each datagram has its own, of its size. */
function fill(message: InputMessage, data: Buffer, address: SocketAddress): void {
    const { mostHandedOver } = message
    if (mostHandedOver !== undefined)
        message.vectors = [data.length > mostHandedOver ? data.subarray(0, mostHandedOver) : data]
    scatter(message, data, data.length, address)
}

/**
 * Shared: this error occurs once for every connection, and creating one, even without a stack, takes longer than the
 * rest of a cancellation. The caller that cancels knows where.
 */
const CANCELLED = withoutStack(() => ioError(IOErrorEnum.CANCELLED, "Operation was cancelled"))

function withoutStack(make: () => GError): GError {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const error = make()
    Error.stackTraceLimit = stackTraceLimit
    return error
}

function ignore(): void {
    // The datagram is lost, as on any path.
}

/** Why nothing can be sent to that address. */
function destinationError(to: SocketAddress | undefined): GError | undefined {
    if (to === undefined) return invalidArgument("messages", "each needs an address: not connected")
    // node:dgram throws for port 0, and the address may be from a forged datagram.
    return to.port === 0 ? invalidArgument("messages", "port 0 is not a valid destination") : undefined
}

/** A single socket of node:dgram, bound to one address or connected to one peer. */
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

    /** A socket that is not connected, opened synchronously. Throws GError. */
    static bindNow(services: Services, options: UdpOptions): NodeUdpSocket {
        return new NodeUdpSocket(services, boundSocket(options), undefined)
    }

    /** Keeps its value after the socket is closed. */
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

/**
 * Sets whether an open socket keeps the process alive; no effect on sockets from a program's own `services` that do not
 * support it.
 */
export function keepAlive(socket: UdpSocket, isReferenced: boolean): void {
    if (!(socket instanceof NodeDatagramSocket)) return
    if (isReferenced) socket.ref()
    else socket.unref()
}
