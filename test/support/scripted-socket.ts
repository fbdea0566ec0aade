import { type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { DatagramSocket } from "../../src/gio/datagram-socket.js"
import { gather, scatter } from "../../src/gio/vectors.js"

/** A datagram object whose peer is the test. */
export class ScriptedSocket extends DatagramSocket {
    /** datagrams sent, oldest first, with the time, ms */
    sent: { data: Buffer; at: number }[] = []
    /** called with each datagram sent */
    onSend: (data: Buffer) => void = () => undefined
    private waiting: Buffer[] = []

    /** Lets a datagram arrive. */
    arrive(data: Buffer): void {
        this.waiting.push(data)
        this.changed.notify()
    }

    protected takeOne(message: InputMessage): boolean {
        const data = this.waiting.shift()
        if (data === undefined) return false
        scatter(message, data, data.length, undefined)
        return true
    }

    protected isReadable(): boolean {
        return this.waiting.length > 0
    }

    protected sendAll(messages: OutputMessage[]): Promise<number> {
        for (const message of messages) {
            const data = Buffer.from(gather(message))
            this.sent.push({ data, at: this.services.now() })
            this.onSend(data)
        }
        return Promise.resolve(messages.length)
    }

    close(): void {
        this.closed = true
        this.changed.notify()
    }
}
