import { createSocket, type Socket } from "node:dgram"

async function bound(): Promise<Socket> {
    const socket = createSocket("udp4")
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve))
    return socket
}

/** A NAT on this host between one client and a server: the server sees the address of the newest binding. */
export class Nat {
    private client: { address: string; port: number } | undefined

    private constructor(
        private inside: Socket,
        private outside: Socket,
        private serverPort: number,
    ) {
        inside.on("message", (data, from) => {
            this.client = from
            this.outside.send(data, serverPort, "127.0.0.1")
        })
        this.listen()
    }

    static async open(serverPort: number): Promise<Nat> {
        return new Nat(await bound(), await bound(), serverPort)
    }

    /** The port to which the client sends. */
    get port(): number {
        return this.inside.address().port
    }

    /** The port that the server sees. */
    get outsidePort(): number {
        return this.outside.address().port
    }

    private listen(): void {
        this.outside.on("message", (data) => {
            if (this.client !== undefined) this.inside.send(data, this.client.port, this.client.address)
        })
    }

    /** Drops the binding: later datagrams get a new port, and nothing reaches the old one. */
    async rebind(): Promise<void> {
        const old = this.outside
        this.outside = await bound()
        old.close()
        this.listen()
    }

    close(): void {
        this.inside.close()
        this.outside.close()
    }
}
