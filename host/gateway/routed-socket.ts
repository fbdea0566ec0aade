import { type InputMessage, type OutputMessage, InputMessage as Message } from "../../src/gio/datagram-based.js"
import { DatagramSocket } from "../../src/gio/datagram-socket.js"
import { type GError } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { scatter } from "../../src/gio/vectors.js"
import { type Services, type UdpSocket } from "../../src/platform/services.js"
import { receivedData } from "../trace/forwarding-socket.js"

/** Sees every datagram first. @returns false: the socket's owner does not get it, unless by `inject` later */
export type Route = (datagram: Buffer, from: SocketAddress) => boolean

/** Limit on datagrams that wait in the process, as for a socket of Node. */
const QUEUE_LIMIT = 4096

/** A socket whose datagrams can be inspected, held back and delivered later. */
export class RoutedSocket extends DatagramSocket implements UdpSocket {
    private queue: { data: Buffer; from: SocketAddress }[] = []

    /** @param bytes of the largest datagram */
    constructor(
        services: Services,
        private inner: UdpSocket,
        private route: Route,
        bytes: number,
    ) {
        super(services)
        const batch = [new Message([Buffer.alloc(bytes)])]
        services.spawn(() => this.receiveAll(batch))
    }

    private async receiveAll(batch: InputMessage[]): Promise<void> {
        while (!this.closed)
            try {
                await this.inner.receiveMessages(batch, 0, -1)
                const [message] = batch
                const { address } = message
                const data = receivedData(message)
                if (address !== undefined && this.route(data, address)) this.inject(data, address)
            } catch (error) {
                this.error = error as GError
                this.changed.notify()
                // The socket's owner decides what an error means. The pause prevents a persistent error from using all
                // CPU time.
                await this.services.newSignal().wait(50)
            }
    }

    /** Delivers a datagram as if it had just arrived, bypassing the route. */
    inject(data: Buffer, from: SocketAddress): void {
        if (this.queue.length >= QUEUE_LIMIT) return
        this.queue.push({ data, from })
        this.changed.notify()
    }

    localAddress(): SocketAddress {
        return this.inner.localAddress()
    }

    protected takeOne(message: InputMessage): boolean {
        const next = this.queue.shift()
        if (next === undefined) return false
        scatter(message, next.data, next.data.length, next.from)
        return true
    }

    protected isReadable(): boolean {
        return this.queue.length > 0
    }

    protected sendAll(messages: OutputMessage[]): Promise<number> {
        return this.inner.sendMessages(messages, 0, 0)
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.inner.close()
        this.changed.notify()
    }
}
