import { createSocket, type Socket } from "node:dgram"
import { seededRandom } from "./spy-crypto.js"

/** Probabilities of faults on a path. */
export interface Roughness {
    loss: number
    /** a datagram is delivered after the next one */
    reorder: number
    duplicate: number
    seed: number
}

/** A path without faults. */
export const SMOOTH: Roughness = { loss: 0, reorder: 0, duplicate: 0, seed: 1 }

/**
 * A path of real UDP sockets to a server on this host that loses, duplicates and reorders datagrams in both directions.
 */
export class RoughPath {
    /** number of datagrams that were lost, reordered or duplicated */
    mishaps = 0
    /** asked before each datagram: whether the path is cut */
    isCut: () => boolean = () => false
    private outward = new Map<string, Socket>()
    private held = new Map<string, () => void>()
    private draw: () => number

    private constructor(
        private inward: Socket,
        private serverPort: number,
        private roughness: Roughness,
    ) {
        this.draw = seededRandom(roughness.seed)
        inward.on("message", (data, from) => {
            const socket = this.socketFor(`${from.address}|${from.port}`)
            this.pass(`out ${from.port}`, () => socket.send(data, this.serverPort, "127.0.0.1"))
        })
    }

    static async open(serverPort: number, roughness: Roughness): Promise<RoughPath> {
        const inward = createSocket("udp4")
        await new Promise<void>((resolve) => inward.bind(0, "127.0.0.1", resolve))
        return new RoughPath(inward, serverPort, roughness)
    }

    /** The port to which clients send. */
    get port(): number {
        return this.inward.address().port
    }

    /** Ends all faults. */
    calm(): void {
        this.roughness = { ...this.roughness, ...SMOOTH }
    }

    private socketFor(client: string): Socket {
        const known = this.outward.get(client)
        if (known !== undefined) return known
        const socket = createSocket("udp4")
        const [address, port] = client.split("|") as [string, string]
        socket.on("message", (data) => {
            this.pass(`in ${port}`, () => this.inward.send(data, Number(port), address))
        })
        this.outward.set(client, socket)
        return socket
    }

    private pass(direction: string, send: () => void): void {
        if (this.isCut()) return
        const { loss, reorder, duplicate } = this.roughness
        const luck = this.draw()
        const waiting = this.held.get(direction)
        if (luck < loss + reorder + duplicate) this.mishaps++
        if (luck >= loss) {
            if (luck < loss + reorder && waiting === undefined) {
                this.held.set(direction, send)
                return
            }
            send()
            if (luck >= loss + reorder && luck < loss + reorder + duplicate) send()
        }
        if (waiting === undefined) return
        this.held.delete(direction)
        waiting()
    }

    close(): void {
        this.inward.close()
        for (const socket of this.outward.values()) socket.close()
    }
}
