import { isIP } from "node:net"
import { GError, IOErrorEnum } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type UdpOptions } from "../../src/platform/services.js"
import { type DatagramObserver } from "../trace/observed-services.js"
import { type DatagramListener, type DatagramPort, type DeviceNetwork } from "./device-network.js"
import { minusCode } from "./io-result.js"
import { type Machine } from "./machine.js"
import { type NativeCall } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

/** Limit on datagrams that wait at a socket; more are dropped, as by a small device's network stack. */
const QUEUE_LIMIT = 16

/** Length of the largest UDP datagram over IPv4, bytes. */
const HIGHEST_DATAGRAM = 65507

interface Waiting {
    data: Uint8Array
    address: string
    port: number
}

/** A socket of one device. Errors are minus an IOErrorEnum code, see natives.ts. */
class DeviceSocket implements DatagramListener {
    private outward: DatagramPort | undefined
    private queue: Waiting[] = []
    private error = 0
    private onReadable = 0
    private from: Waiting = { data: new Uint8Array(0), address: "", port: 0 }

    constructor(
        private machine: Machine,
        private remote: SocketAddress | undefined,
        private observe: DatagramObserver,
    ) {}

    /** Throws GError. */
    static async open(
        machine: Machine,
        network: DeviceNetwork,
        options: UdpOptions,
        observe: DatagramObserver,
    ): Promise<DeviceSocket> {
        const socket = new DeviceSocket(machine, options.remote, observe)
        socket.outward = await network.open(options, socket)
        return socket
    }

    received(data: Buffer, { address, port }: SocketAddress): void {
        if (this.queue.length >= QUEUE_LIMIT) return
        this.observe("received", { address, port }, data, this.local())
        this.queue.push({ data, address, port })
        if (this.queue.length === 1) this.notify()
    }

    failed(error: GError): void {
        this.error = minusCode(error)
        this.notify()
    }

    private notify(): void {
        if (this.onReadable !== 0) this.machine.startPinned(this.onReadable)
    }

    listen(callback: number): undefined {
        this.machine.values.unpin(this.onReadable)
        this.onReadable = callback
        if (this.isReadable()) this.notify()
    }

    isReadable(): boolean {
        return this.queue.length > 0 || this.error !== 0
    }

    receive(target: Uint8Array): number {
        const next = this.queue.shift()
        if (next === undefined) {
            const error = this.error
            this.error = 0
            return error !== 0 ? error : -IOErrorEnum.WOULD_BLOCK
        }
        this.from = next
        target.set(next.data.subarray(0, target.length))
        return next.data.length
    }

    sender(): string {
        return this.from.address
    }

    senderPort(): number {
        return this.from.port
    }

    private local(): SocketAddress {
        return { address: "::", port: this.port() }
    }

    port(): number {
        return this.outward?.port() ?? 0
    }

    send(datagram: Uint8Array, host: string, port: number): number {
        if (datagram.length > HIGHEST_DATAGRAM) return -IOErrorEnum.MESSAGE_TOO_LARGE
        const copy = Buffer.from(datagram)
        if (this.remote === undefined && (port === 0 || isIP(host.replace(/%.*/, "")) === 0))
            return -IOErrorEnum.INVALID_ARGUMENT
        const to = { address: host, port }
        this.observe("sent", this.remote ?? to, copy, this.local())
        this.outward?.send(copy, this.remote === undefined ? to : undefined)
        return copy.length
    }

    close(): void {
        this.machine.values.unpin(this.onReadable)
        this.onReadable = 0
        this.queue = []
        this.outward?.close()
    }
}

/** All sockets of one device; closed with it. */
export class DeviceSockets {
    private sockets = new Map<number, DeviceSocket>()
    private last = 0

    constructor(
        private network: DeviceNetwork,
        private observe: DatagramObserver,
    ) {}

    private get(call: NativeCall): DeviceSocket {
        const socket = this.sockets.get(call.integer(0, "socket", 1, 0x3fffffff))
        if (socket === undefined) throw call.rangeError("socket", "an open socket")
        return socket
    }

    /** Checks the arguments synchronously, so that an exception has the call's position. */
    private open(call: NativeCall): Promise<number> {
        const localHost = call.text(0, "localHost")
        const localPort = call.integer(1, "localPort", 0, 65535)
        const address = call.text(2, "remoteHost")
        const port = call.integer(3, "remotePort", 0, 65535)
        const remote = address === "" ? undefined : { address, port }
        return this.bind(call.machine, { localHost: localHost === "" ? undefined : localHost, localPort, remote })
    }

    private async bind(machine: Machine, options: UdpOptions): Promise<number> {
        try {
            const socket = await DeviceSocket.open(machine, this.network, options, this.observe)
            this.sockets.set(++this.last, socket)
            return this.last
        } catch (error) {
            if (error instanceof GError) return minusCode(error)
            throw error
        }
    }

    private close(call: NativeCall): undefined {
        const socket = this.get(call)
        this.sockets.delete(call.integer(0, "socket", 1, 0x3fffffff))
        socket.close()
    }

    get size(): number {
        return this.sockets.size
    }

    closeAll(): void {
        for (const socket of this.sockets.values()) socket.close()
        this.sockets.clear()
    }

    natives(): NativesNamed<"_moteUdp" | "_moteResolve"> {
        return {
            _moteResolve: (call) => this.network.resolve(call.text(0, "host")),
            _moteUdpOpen: (call) => this.open(call),
            _moteUdpPort: (call) => this.get(call).port(),
            _moteUdpSend: (call) => {
                const socket = this.get(call)
                const datagram = call.buffer(1, "datagram")
                const host = call.text(2, "host")
                return socket.send(datagram, host, call.integer(3, "port", 0, 65535))
            },
            _moteUdpReceive: (call) => this.get(call).receive(call.target(1, "target")),
            _moteUdpSender: (call) => this.get(call).sender(),
            _moteUdpSenderPort: (call) => this.get(call).senderPort(),
            _moteUdpOnReadable: (call) => this.get(call).listen(call.callback(1, "callback")),
            _moteUdpIsReadable: (call) => this.get(call).isReadable(),
            _moteUdpClose: (call) => this.close(call),
        }
    }
}
