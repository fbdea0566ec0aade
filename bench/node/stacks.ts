import { createSocket } from "node:dgram"
import { type EventEmitter, once } from "node:events"
import { createRequire } from "node:module"
import { connect, TLS_PSK_WITH_AES_128_CCM_8 } from "./published.js"

/** An open connection of some stack. */
export interface Link {
    send(message: Buffer): Promise<void>
    /** Messages that share datagrams, where the stack can do that. */
    sendAll?: (messages: Buffer[]) => Promise<void>
    /** The next message that comes. */
    receive(): Promise<Buffer>
    close(): Promise<void>
}

/** A stack under measurement. */
export interface Stack {
    name: "mote" | "node-dtls-client" | "werift-dtls" | "udp"
    /** of the far end: OpenSSL's name, or "udp" */
    suite: string
    open(port: number): Promise<Link>
    /** messages that the far end drops at the beginning, because the stack repeats a record number there */
    lost: number
}

const HOST = "127.0.0.1"
const KEY = Buffer.alloc(16, 7)
const CCM_8 = "PSK-AES128-CCM8"

/** Hands messages, as they come, to whoever waits for the next one. */
class Inbox {
    private messages: Buffer[] = []
    private waiting: ((message: Buffer) => void)[] = []

    readonly put = (message: Buffer): void => {
        const next = this.waiting.shift()
        if (next === undefined) this.messages.push(message)
        else next(message)
    }

    next(): Promise<Buffer> {
        const message = this.messages.shift()
        if (message !== undefined) return Promise.resolve(message)
        return new Promise((resolve) => this.waiting.push(resolve))
    }
}

const mote: Stack = {
    name: "mote",
    suite: CCM_8,
    lost: 0,
    open: async (port) => {
        const suites = [TLS_PSK_WITH_AES_128_CCM_8()]
        const socket = await connect(HOST, port, { psk: { identity: "bench", key: KEY }, suites, coalesce: true })
        return {
            send: (message) => socket.send(message),
            sendAll: (messages) => socket.sendAll(messages),
            receive: async () => (await socket.receive()) ?? Buffer.alloc(0),
            close: () => socket.close(),
        }
    },
}

/** npm run bench:node installs the other stacks into this folder of their own: nothing else here needs them. */
const requirePeer = createRequire(new URL("peers/package.json", import.meta.url))

/** What is used of node-dtls-client. */
interface NodeDtlsClientSocket extends EventEmitter {
    send(message: Buffer, done: () => void): void
    close(done: () => void): void
}

const { dtls } = requirePeer("node-dtls-client") as {
    dtls: { createSocket(options: object): NodeDtlsClientSocket }
}

const nodeDtlsClient: Stack = {
    name: "node-dtls-client",
    suite: CCM_8,
    lost: 0,
    open: async (port) => {
        const socket = dtls.createSocket({
            type: "udp4",
            address: HOST,
            port,
            psk: { bench: KEY },
            ciphers: ["TLS_PSK_WITH_AES_128_CCM_8"],
        })
        const inbox = new Inbox()
        socket.on("message", inbox.put)
        await once(socket, "connected")
        return {
            send: (message) => new Promise((resolve) => void socket.send(message, () => void resolve())),
            receive: () => inbox.next(),
            close: () => new Promise((resolve) => void socket.close(() => void resolve())),
        }
    },
}

/** What is used of werift-dtls, whose package cannot be imported by its name. */
interface WeriftClient {
    onConnect: { subscribe(handler: () => void): void }
    onData: { subscribe(handler: (message: Buffer) => void): void }
    connect(): Promise<void>
    send(message: Buffer): Promise<void>
    close(): void
}

const { DtlsClient } = requirePeer("werift-dtls/lib/dtls/src/index.js") as {
    DtlsClient: new (options: { transport: object }) => WeriftClient
}

const werift: Stack = {
    name: "werift-dtls",
    suite: "ECDHE-ECDSA-AES128-GCM-SHA256",
    // It numbers its records from 0 again after its Finished, and OpenSSL drops what looks like a replay.
    lost: 8,
    open: async (port) => {
        const socket = createSocket("udp4")
        socket.connect(port, HOST)
        await once(socket, "connect")
        const transport = {
            type: "udp",
            onData: (_data: Buffer, _from: [string, number]): void => undefined,
            send: (data: Buffer) =>
                new Promise<void>((resolve, reject) => {
                    socket.send(data, (error) => {
                        if (error === null) resolve()
                        else reject(error)
                    })
                }),
            close: () => Promise.resolve(),
        }
        socket.on("message", (data) => void transport.onData(data, [HOST, port]))
        const client = new DtlsClient({ transport })
        const inbox = new Inbox()
        client.onData.subscribe(inbox.put)
        const connected = new Promise<void>((resolve) => void client.onConnect.subscribe(resolve))
        await client.connect()
        await connected
        return {
            send: (message) => client.send(message),
            receive: () => inbox.next(),
            close: async () => {
                client.close()
                socket.close()
                await once(socket, "close")
            },
        }
    },
}

const udp: Stack = {
    name: "udp",
    suite: "udp",
    lost: 0,
    open: async (port) => {
        const socket = createSocket("udp4")
        socket.connect(port, HOST)
        await once(socket, "connect")
        const inbox = new Inbox()
        socket.on("message", inbox.put)
        return {
            send: (message) => new Promise((resolve) => void socket.send(message, () => void resolve())),
            receive: () => inbox.next(),
            close: async () => {
                socket.close()
                await once(socket, "close")
            },
        }
    },
}

export const stacks: Stack[] = [mote, nodeDtlsClient, werift, udp]
