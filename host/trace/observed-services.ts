import { type Cancellable } from "../../src/gio/cancellable.js"
import { type InputMessage, type OutputMessage, type DatagramSource } from "../../src/gio/datagram-based.js"
import { type LogLevel } from "../../src/gio/log-level.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { gather } from "../../src/gio/vectors.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type UdpOptions, type UdpSocket } from "../../src/platform/services.js"
import { type Direction } from "./tracer.js"

/** Told of every datagram that passes a socket. */
export type DatagramObserver = (direction: Direction, peer: SocketAddress | undefined, data: Buffer) => void

/** Node's services with sockets that tell an observer what passes; for traces and byte counts. */
export class ObservedServices extends NodeServices {
    /** @param onOpen told of each socket that is opened; @param log where log lines go */
    constructor(
        private observe: DatagramObserver,
        private onOpen: () => void,
        log: (level: LogLevel, message: string) => void,
    ) {
        super({ log })
    }

    override async openUdp(options: UdpOptions): Promise<UdpSocket> {
        this.onOpen()
        return new ObservedSocket(await super.openUdp(options), options.remote, this.observe)
    }
}

class ObservedSocket implements UdpSocket {
    constructor(
        private inner: UdpSocket,
        private remote: SocketAddress | undefined,
        private observe: DatagramObserver,
    ) {}

    async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        const count = await this.inner.receiveMessages(messages, flags, timeout, cancellable)
        for (const message of messages.slice(0, count)) {
            const data = Buffer.concat(message.vectors).subarray(0, message.bytesReceived)
            this.observe("received", message.address, data)
        }
        return count
    }

    sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        for (const message of messages) this.observe("sent", message.address ?? this.remote, gather(message))
        return this.inner.sendMessages(messages, flags, timeout, cancellable)
    }

    createSource(condition: number, cancellable?: Cancellable): DatagramSource {
        return this.inner.createSource(condition, cancellable)
    }

    conditionCheck(condition: number): number {
        return this.inner.conditionCheck(condition)
    }

    conditionWait(condition: number, timeout: number, cancellable?: Cancellable): Promise<boolean> {
        return this.inner.conditionWait(condition, timeout, cancellable)
    }

    localAddress(): SocketAddress {
        return this.inner.localAddress()
    }

    close(): void {
        this.inner.close()
    }
}
