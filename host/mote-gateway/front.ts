import { framed, ownerOf, unframed } from "mote-dtls/gateway"
import { type NodeServices } from "mote-dtls"
import { InputMessage, OutputMessage, type SocketAddress } from "mote-dtls/gio"
import { type ListenConfig } from "./config.js"

type UdpSocket = Awaited<ReturnType<NodeServices["openUdp"]>>

/** Largest frame: a datagram of UDP. */
const FRAME_BYTES = 65535

/** Pause after a receive error, ms: one that lasts must not fill the processor. */
const ERROR_PAUSE = 50

/**
 * A port that several workers serve: each datagram goes to the worker that its connection id names, or without one to the one that
 * follows from its source address, so that a handshake stays where it began.
 */
export class Front {
    private closed = false
    /** ports of the workers' sockets */
    private ports: (number | undefined)[] = []

    private constructor(
        private services: NodeServices,
        private socket: UdpSocket,
        private inner: UdpSocket[],
        private failed: (error: Error) => void,
    ) {
        void this.repeat(socket, (data, from) => this.toWorker(data, from))
        for (const [worker, link] of inner.entries())
            void this.repeat(link, (frame, from) => this.fromWorker(worker, frame, from))
    }

    /** Throws GError. @param failed told when it can serve no more */
    static async open(
        services: NodeServices,
        { host, port, fd }: ListenConfig,
        workers: number,
        failed: (error: Error) => void,
    ): Promise<Front> {
        const socket = await services.openUdp({ remote: undefined, localHost: host, localPort: port, fd })
        const inner: UdpSocket[] = []
        const link = { remote: undefined, localHost: "127.0.0.1", localPort: 0 }
        // One after the other: each takes a port that is free.
        while (inner.length < workers) inner.push(await services.openUdp(link))
        return new Front(services, socket, inner, failed)
    }

    localAddress(): SocketAddress {
        return this.socket.localAddress()
    }

    /** The port that a worker's socket is connected to. */
    linkPort(worker: number): number {
        return this.inner[worker].localAddress().port
    }

    /** @param port of the worker's socket: nothing else on this machine speaks for it */
    connect(worker: number, port: number): void {
        this.ports[worker] = port
    }

    private async repeat(
        socket: UdpSocket,
        take: (data: Buffer, from: SocketAddress) => Promise<unknown>,
    ): Promise<void> {
        const batch = [new InputMessage([Buffer.alloc(FRAME_BYTES)])]
        const [message] = batch
        while (!this.closed)
            try {
                await socket.receiveMessages(batch, 0, -1)
                const data = Buffer.from(message.vectors[0].subarray(0, message.bytesReceived))
                if (message.address !== undefined) await take(data, message.address)
            } catch (error) {
                if (!this.closed && socket.conditionCheck(0) !== 0) return this.failed(error as Error)
                await this.services.newSignal().wait(ERROR_PAUSE)
            }
    }

    private async toWorker(data: Buffer, from: SocketAddress): Promise<void> {
        const owner = ownerOf(data)
        const worker = owner !== undefined && owner < this.inner.length ? owner : this.byAddress(from)
        const port = this.ports[worker]
        if (port === undefined) return
        await send(this.inner[worker], framed(data, from), { address: "127.0.0.1", port })
    }

    private async fromWorker(worker: number, frame: Buffer, from: SocketAddress): Promise<void> {
        if (from.port !== this.ports[worker]) return
        const { datagram, address } = unframed(frame)
        await send(this.socket, datagram, address)
    }

    private byAddress({ address, port }: SocketAddress): number {
        let sum = port
        for (const byte of Buffer.from(address)) sum = (Math.imul(sum, 31) + byte) >>> 0
        return sum % this.inner.length
    }

    close(): void {
        this.closed = true
        this.socket.close()
        for (const link of this.inner) link.close()
    }
}

/** What the system does not take is lost, as UDP may be. */
async function send(socket: UdpSocket, data: Buffer, to: SocketAddress): Promise<void> {
    const message = new OutputMessage([data])
    message.address = to
    await socket.sendMessages([message], 0, 0).catch(() => undefined)
}
