import { Aedes } from "aedes"
import { createServer, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"

export interface Published {
    topic: string
    payload: Record<string, unknown>
    qos: number
}

/** An MQTT 3.1.1 broker on loopback that records what gateways publish. */
export class TestBroker {
    readonly published: Published[] = []
    private sockets = new Set<Socket>()

    private constructor(
        private aedes: Aedes,
        private server: Server,
    ) {
        aedes.on("publish", ({ topic, payload, qos }, client) => {
            if (client === null) return
            this.published.push({ topic, payload: JSON.parse(payload.toString()) as Record<string, unknown>, qos })
        })
        server.on("connection", (socket: Socket) => this.sockets.add(socket))
    }

    /** @param tls certificate and key, PEM */
    static async listen(port = 0, tls?: { cert: Buffer; key: Buffer }): Promise<TestBroker> {
        const aedes = await Aedes.createBroker()
        const server = tls === undefined ? createServer(aedes.handle) : createTlsServer(tls, aedes.handle)
        await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
        return new TestBroker(aedes, server)
    }

    get port(): number {
        return (this.server.address() as { port: number }).port
    }

    async close(): Promise<void> {
        for (const socket of this.sockets) socket.destroy()
        await new Promise((resolve) => this.server.close(resolve))
        await new Promise<void>((resolve) => this.aedes.close(resolve))
    }
}
