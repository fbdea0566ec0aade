import { isIP } from "node:net"
import { GError, IOErrorEnum } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type UdpOptions } from "../../src/platform/services.js"
import { type DatagramObserver } from "../trace/observed-services.js"
import { type DatagramListener, type DatagramPort, type DeviceNetwork } from "./device-network.js"
import { minusCode } from "./io-result.js"
import { type Machine, type Native, type NativeCall } from "./machine.js"

/** Datagrams that wait per socket; more are dropped, as a small device's network stack does. */
const QUEUE_LIMIT = 16

interface Waiting {
    data: Uint8Array
    address: string
    port: number
}

/** A socket of one device. Errors are minus an IOErrorEnum code, as natives.ts says. */
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
        this.observe("received", { address, port }, data)
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
        this.machine.unpin(this.onReadable)
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

    port(): number {
        return this.outward?.port() ?? 0
    }

    send(datagram: Uint8Array, host: string, port: number): number {
        const copy = Buffer.from(datagram)
        if (this.remote === undefined && (port === 0 || isIP(host.replace(/%.*/, "")) === 0))
            return -IOErrorEnum.INVALID_ARGUMENT
        const to = { address: host, port }
        this.observe("sent", this.remote ?? to, copy)
        this.outward?.send(copy, this.remote === undefined ? to : undefined)
        return copy.length
    }

    close(): void {
        this.machine.unpin(this.onReadable)
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

    /** Arguments are checked at once, so that the program's exception is that of the call. */
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

    natives(): Native[] {
        return [
            { name: "_moteResolve", numArgs: 1, run: (call) => this.network.resolve(call.text(0, "host")) },
            { name: "_moteUdpOpen", numArgs: 4, run: (call) => this.open(call) },
            { name: "_moteUdpPort", numArgs: 1, run: (call) => this.get(call).port() },
            {
                name: "_moteUdpSend",
                numArgs: 4,
                run: (call) => {
                    const socket = this.get(call)
                    const datagram = call.buffer(1, "datagram")
                    const host = call.text(2, "host")
                    return socket.send(datagram, host, call.integer(3, "port", 0, 65535))
                },
            },
            {
                name: "_moteUdpReceive",
                numArgs: 2,
                run: (call) => this.get(call).receive(call.target(1, "target")),
            },
            { name: "_moteUdpSender", numArgs: 1, run: (call) => this.get(call).sender() },
            { name: "_moteUdpSenderPort", numArgs: 1, run: (call) => this.get(call).senderPort() },
            {
                name: "_moteUdpOnReadable",
                numArgs: 2,
                run: (call) => this.get(call).listen(call.callback(1, "callback")),
            },
            { name: "_moteUdpIsReadable", numArgs: 1, run: (call) => this.get(call).isReadable() },
            { name: "_moteUdpClose", numArgs: 1, run: (call) => this.close(call) },
        ]
    }
}
