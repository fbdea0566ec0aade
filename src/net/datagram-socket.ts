import { copyOf } from "../dtls/bytes/bytes.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { GError, IOErrorEnum } from "../gio/errors.js"

/** Bytes of the largest datagram that is taken. */
const LARGEST_MESSAGE = 1500

/**
 * Datagrams of one peer, in the shape of the Socket of @devicescript/net: what is sent in one call arrives in one, or not at all.
 * @devsWhenUsed
 */
export class DatagramSocket {
    /**
     * @param name for error messages, "dtls://host:port"
     * @param datagrams connected to the peer
     * @param closeAll closes it, and what is beneath it
     */
    constructor(
        public name: string,
        private datagrams: DatagramBased,
        private closeAll: () => Promise<void>,
    ) {}

    /** Throws Error when the socket is closed, the message is too long, or the network refuses it. */
    async send(data: Buffer | string): Promise<void> {
        const bytes = typeof data === "string" ? Buffer.from(data) : data
        try {
            await this.datagrams.sendMessages([new OutputMessage([bytes])], 0, -1)
        } catch (error) {
            throw this.named(error as Error)
        }
    }

    /**
     * The next message.
     * @param timeout ms; default: no limit
     * @returns undefined when the time is over, null when the peer has closed. Throws Error when the connection failed.
     */
    async recv(timeout?: number): Promise<Buffer | undefined | null> {
        const message = new InputMessage([Buffer.alloc(LARGEST_MESSAGE)])
        try {
            const count = await this.datagrams.receiveMessages(
                [message],
                0,
                timeout === undefined ? -1 : timeout * 1000,
            )
            return count === 0 ? null : copyOf(message.vectors[0], 0, message.bytesReceived)
        } catch (error) {
            if (error instanceof GError && isOver(error)) return undefined
            throw this.named(error as Error)
        }
    }

    /** DTLS tells the peer. */
    async close(): Promise<void> {
        await this.closeAll()
    }

    private named(error: Error): Error {
        return new Error("socket " + this.name + ": " + error.message)
    }
}

function isOver(error: GError): boolean {
    return error.code === IOErrorEnum.TIMED_OUT || error.code === IOErrorEnum.WOULD_BLOCK
}
