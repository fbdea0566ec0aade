import { type Cancellable } from "../../src/gio/cancellable.js"
import { type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { type LogLevel } from "../../src/gio/log-level.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { gather } from "../../src/gio/vectors.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type UdpOptions, type UdpSocket } from "../../src/platform/services.js"
import { ForwardingSocket, receivedData } from "./forwarding-socket.js"
import { type Impairment } from "./impaired-path.js"
import { ImpairedSocket } from "./impaired-socket.js"
import { type Direction } from "./tracer.js"

/** Told of every datagram that passes a socket. @param local the socket's own address */
export type DatagramObserver = (
    direction: Direction,
    peer: SocketAddress | undefined,
    data: Buffer,
    local: SocketAddress,
) => void

/** Node's services with sockets that tell an observer what passes, for traces and byte counts, and may be on a bad path. */
export class ObservedServices extends NodeServices {
    /**
     * @param impairment of what is sent; undefined: none
     * @param onOpen told of each socket that is opened
     * @param log where log lines go
     */
    constructor(
        private observe: DatagramObserver,
        private impairment: Impairment | undefined,
        private onOpen: () => void,
        log: (level: LogLevel, message: string) => void,
    ) {
        super({ log })
    }

    override async openUdp(options: UdpOptions): Promise<UdpSocket> {
        this.onOpen()
        const socket = await super.openUdp(options)
        // A datagram that is lost on the way has been sent all the same: the observer is told of it.
        const path = this.impairment === undefined ? socket : new ImpairedSocket(socket, this.impairment)
        return new ObservedSocket(path, options.remote, this.observe)
    }
}

class ObservedSocket extends ForwardingSocket {
    constructor(
        inner: UdpSocket,
        private remote: SocketAddress | undefined,
        private observe: DatagramObserver,
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
            this.observe("received", message.address ?? this.remote, receivedData(message), this.localAddress())
        }
        return count
    }

    override sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        for (const message of messages)
            this.observe("sent", message.address ?? this.remote, gather(message), this.localAddress())
        return this.inner.sendMessages(messages, flags, timeout, cancellable)
    }
}
