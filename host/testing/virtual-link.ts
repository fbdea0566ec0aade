import { isIP } from "node:net"
import { type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { DatagramSocket } from "../../src/gio/datagram-socket.js"
import { ioError, IOErrorEnum } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { gather, scatter } from "../../src/gio/vectors.js"
import { type Services, type UdpOptions, type UdpSocket } from "../../src/platform/services.js"
import {
    type DatagramListener,
    type DatagramPort,
    type DeviceNetwork,
    type StreamListener,
    type StreamOptions,
    type StreamPort,
} from "../simulator/device-network.js"
import { type VirtualClock } from "./virtual-clock.js"

/** Addresses for documentation (RFC 5737): the device's and the gateway's. */
const DEVICE = "192.0.2.2"
export const GATEWAY = "192.0.2.1"

/** First port of those that nobody chose (RFC 6335 §6). */
const FIRST_DYNAMIC_PORT = 49152

interface Bound {
    remote: SocketAddress | undefined
    listener: Pick<DatagramListener, "received">
}

/** The link between a simulated device and its gateway. Every name is the gateway's. */
export class VirtualLink implements DeviceNetwork {
    /** how long a datagram is under way, ms */
    delay = 10
    /** probability that a datagram is lost, 0 to 1; 1: the link is down */
    loss = 0
    /** probability that a datagram arrives a second time, after twice the delay; 0 to 1 */
    duplication = 0
    /** datagrams sent so far, both ways, lost ones included */
    datagrams = 0
    private bound = new Map<string, Bound>()
    private nextPort = FIRST_DYNAMIC_PORT

    /** @param random a number from 0 to below 1, each time it is called */
    constructor(
        private clock: VirtualClock,
        private random: () => number = Math.random,
    ) {}

    /** A socket of the device. */
    open(options: UdpOptions, listener: DatagramListener): Promise<DatagramPort> {
        return new Promise((resolve) => resolve(this.bind(DEVICE, options, listener)))
    }

    /** The link carries datagrams alone. */
    connect(_options: StreamOptions, listener: StreamListener): StreamPort {
        setImmediate(() => listener.failed(ioError(IOErrorEnum.NETWORK_UNREACHABLE, "the virtual link has no streams")))
        const nothing = (): void => undefined
        return { send: nothing, pause: nothing, resume: nothing, close: nothing }
    }

    resolve(host: string): Promise<string[]> {
        return Promise.resolve([isIP(host) === 0 ? GATEWAY : host])
    }

    /** Throws GError (ADDRESS_IN_USE). */
    bind(address: string, { localPort, remote }: UdpOptions, listener: Bound["listener"]): DatagramPort {
        const port = localPort === 0 ? this.nextPort++ : localPort
        const key = `${address}|${port}`
        if (this.bound.has(key)) throw ioError(IOErrorEnum.ADDRESS_IN_USE, `port ${port} is in use on the virtual link`)
        this.bound.set(key, { remote, listener })
        return {
            port: () => port,
            send: (datagram, to = remote) => {
                if (to !== undefined) this.carry(Buffer.from(datagram), { address, port }, to)
            },
            close: () => void this.bound.delete(key),
        }
    }

    private carry(datagram: Buffer, from: SocketAddress, to: SocketAddress): void {
        this.datagrams++
        this.clock.noticeActivity()
        if (this.random() < this.loss) return
        const arrive = (): void => {
            const target = this.bound.get(`${to.address}|${to.port}`)
            const { remote } = target ?? {}
            const wanted = remote === undefined || (remote.address === from.address && remote.port === from.port)
            if (wanted) target?.listener.received(Buffer.from(datagram), from)
        }
        this.clock.after(this.delay, arrive)
        if (this.random() < this.duplication) this.clock.after(2 * this.delay, arrive)
    }
}

/** A socket of the gateway. */
export class VirtualUdpSocket extends DatagramSocket implements UdpSocket {
    private queue: { data: Buffer; from: SocketAddress }[] = []
    private port: DatagramPort

    constructor(services: Services, link: VirtualLink, options: UdpOptions) {
        super(services)
        this.port = link.bind(GATEWAY, options, {
            received: (data, from) => {
                this.queue.push({ data, from })
                this.changed.notify()
            },
        })
    }

    localAddress(): SocketAddress {
        return { address: GATEWAY, port: this.port.port() }
    }

    protected takeOne(message: InputMessage): boolean {
        const next = this.queue.shift()
        if (next !== undefined) scatter(message, next.data, next.data.length, next.from)
        return next !== undefined
    }

    protected isReadable(): boolean {
        return this.queue.length > 0
    }

    protected sendAll(messages: OutputMessage[]): Promise<number> {
        for (const message of messages) {
            const data = gather(message)
            this.port.send(data, message.address)
            message.bytesSent = data.length
        }
        return Promise.resolve(messages.length)
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.port.close()
        this.changed.notify()
    }
}
