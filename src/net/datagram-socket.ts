import { copyOf } from "../dtls/bytes/bytes.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { GError, IOErrorEnum } from "../gio/errors.js"

/** Length of the largest message to receive, bytes. */
const LARGEST_MESSAGE = 1500

/**
 * Datagrams to and from one peer, with the API of the Socket of @devicescript/net. The data of one `send` arrives in one `recv`, or not at
 * all.
 * @devsWhenUsed
 */
export class DatagramSocket {
    /**
     * @param name name for error messages, such as "dtls://host:port"
     * @param datagrams the connection, or the socket that is connected to the peer
     * @param closeAll closes `datagrams` and everything beneath
     */
    constructor(
        public name: string,
        private datagrams: DatagramBased,
        private closeAll: () => Promise<void>,
    ) {}

    /** Sends one message. Throws Error if the socket is closed, the message is too long, or the network refuses it. */
    async send(data: Buffer | string): Promise<void> {
        const bytes = typeof data === "string" ? Buffer.from(data) : data
        try {
            await this.datagrams.sendMessages([new OutputMessage([bytes])], 0, -1)
        } catch (error) {
            throw this.named(error as Error)
        }
    }

    /**
     * Waits for the next message.
     * @param timeout ms; default: no limit
     * @returns undefined after the timeout, null if the peer has closed. Throws Error if the connection has failed.
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

    /** Closes the socket. With DTLS the peer is notified. */
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
