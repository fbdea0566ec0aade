import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import { hasConnectionId, HeaderBit } from "../../src/dtls/record/v13/unified-header.js"
import { ContentType, HandshakeType } from "../../src/dtls/wire/code-points.js"
import { HANDSHAKE_EPOCH } from "../../src/dtls/wire/v13/code-points.js"

/** Called with a datagram that a sensor sent. */
type Observer = (data: Buffer, gateway: number) => void

/**
 * One sensor's address: a socket towards the gateways, so that they all see the same address, and the gateway that
 * currently gets its datagrams.
 */
interface Flow {
    upstream: Socket
    gateway: number
}

/** A UDP load balancer for gateways on loopback, which moves sensors whose sessions have connection ids. */
export class Balancer {
    moves = 0
    /** whether the next datagram with a connection id goes to another gateway */
    moving: () => boolean = () => false
    /** whether this hello goes to another gateway; hellos of all sensors are counted */
    movesHello: () => boolean = () => false
    /** all gateways get what sensors send */
    sendsToAll = false
    /** whether a gateway's next datagram is lost */
    losesReply: (gateway: number) => boolean = () => false
    /** called with what sensors send, and its destination */
    onSent: Observer = () => undefined
    /** called with what gateways send */
    onReply: Observer = () => undefined
    private flows = new Map<string, Promise<Flow>>()

    private constructor(
        private socket: Socket,
        private gateways: number[],
    ) {
        socket.on("message", (data, { address, port }) => void this.forward(data, address, port))
    }

    /** @param gateways their ports */
    static async open(gateways: number[]): Promise<Balancer> {
        return new Balancer(await bound(), gateways)
    }

    get port(): number {
        return this.socket.address().port
    }

    private async forward(data: Buffer, address: string, port: number): Promise<void> {
        const key = `${address}|${port}`
        const opening = this.flows.get(key) ?? this.openFlow(address, port)
        this.flows.set(key, opening)
        const flow = await opening
        // A handshake stays at one gateway, as with any load balancer that distributes by address.
        const isHello = data[0] === ContentType.handshake && data[13] === HandshakeType.clientHello
        if (isHello ? this.movesHello() : isOfSession(data) && this.moving()) {
            flow.gateway = (flow.gateway + 1) % this.gateways.length
            this.moves++
        }
        this.onSent(data, flow.gateway)
        for (const gateway of this.gateways.keys())
            if (this.sendsToAll || gateway === flow.gateway) this.sendUp(flow, data, gateway)
    }

    private sendUp({ upstream }: Flow, data: Buffer, gateway: number): void {
        upstream.send(data, this.gateways[gateway], "127.0.0.1")
    }

    private async openFlow(address: string, port: number): Promise<Flow> {
        const first = this.flows.size % this.gateways.length
        const upstream = await bound()
        upstream.on("message", (data, from) => {
            const gateway = this.gateways.indexOf(from.port)
            this.onReply(data, gateway)
            if (!this.losesReply(gateway)) this.socket.send(data, port, address)
        })
        return { upstream, gateway: first }
    }

    /** Repeats a datagram of the first sensor, to a gateway chosen by the test. */
    async repeat(data: Buffer, gateway: number): Promise<void> {
        const [flow] = await Promise.all(this.flows.values())
        this.sendUp(flow, data, gateway)
    }

    async close(): Promise<void> {
        for (const flow of await Promise.all(this.flows.values())) flow.upstream.close()
        this.socket.close()
    }
}

/** Whether it is a record with a connection id, in DTLS 1.3 one that is not under the handshake keys. */
function isOfSession(data: Buffer): boolean {
    const epoch = data[0] & HeaderBit.epochMask
    return data[0] === ContentType.tls12Cid || (hasConnectionId(data[0]) && epoch !== HANDSHAKE_EPOCH)
}

async function bound(): Promise<Socket> {
    const socket = createSocket("udp4")
    socket.bind(0, "127.0.0.1")
    await once(socket, "listening")
    return socket
}
