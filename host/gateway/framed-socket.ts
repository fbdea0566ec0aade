import { type Cancellable } from "../../src/gio/cancellable.js"
import { type InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { gather, scatter } from "../../src/gio/vectors.js"
import { type UdpSocket } from "../../src/platform/services.js"
import { ForwardingSocket, receivedData } from "../trace/forwarding-socket.js"

/* A frame between processes: one byte with the length of the text "address|port|local", that text, and the datagram. */

export function framed(datagram: Buffer, { address, port, local }: SocketAddress): Buffer {
    const header = Buffer.from(`${address}|${port}|${local ?? ""}`)
    return Buffer.concat([Buffer.from([header.length]), header, datagram])
}

/** Decodes the result of `framed`. */
export function unframed(frame: Buffer): { datagram: Buffer; address: SocketAddress } {
    const end = 1 + frame[0]
    const [address, port, local] = frame.toString("latin1", 1, end).split("|")
    const from = { address, port: Number(port) }
    return { datagram: frame.subarray(end), address: local === "" ? from : { ...from, local } }
}

/** A worker's socket: another process owns the port, and exchanges frames with the worker. */
export class FramedSocket extends ForwardingSocket {
    /**
     * @param inner connected to that process
     * @param address of the port
     */
    constructor(
        inner: UdpSocket,
        private address: SocketAddress,
    ) {
        super(inner)
    }

    override async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        const count = await this.inner.receiveMessages(messages, flags, timeout, cancellable)
        for (const message of messages.slice(0, count)) {
            const { datagram, address } = unframed(receivedData(message))
            scatter(message, datagram, datagram.length, address)
        }
        return count
    }

    override async sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        const frames = messages.map((message) => {
            const datagram = gather(message)
            message.bytesSent = datagram.length
            return new OutputMessage([framed(datagram, message.address ?? this.address)])
        })
        return await this.inner.sendMessages(frames, flags, timeout, cancellable)
    }

    override localAddress(): SocketAddress {
        return this.address
    }
}
