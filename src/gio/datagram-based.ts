import { type Cancellable } from "./cancellable.js"
import { type IOCondition } from "./enums.js"
import { type SocketAddress } from "./socket-address.js"

/**
 * Gio.InputMessage: where one received message goes.
 * @devsWhenUsed
 */
export class InputMessage {
    /** bytes that were filled in */
    bytesReceived = 0
    /** MSG_TRUNC when the message was longer than the vectors */
    flags = 0
    /** the sender, where the socket knows it */
    address: SocketAddress | undefined
    numControlMessages = 0
    /** with a DatagramBased that hands its messages over: instead of filling vectors it puts up to so many bytes of its own there */
    mostHandedOver?: number

    /** @param vectors filled one after the other */
    constructor(public vectors: Buffer[]) {}
}

/**
 * Gio.OutputMessage: one message to send.
 * @devsWhenUsed
 */
export class OutputMessage {
    /** bytes that were sent */
    bytesSent = 0
    /** receiver; a connected socket and a DTLS connection ignore it */
    address: SocketAddress | undefined

    /** @param vectors gathered into one message */
    constructor(public vectors: Buffer[]) {}
}

/** Called with the conditions that hold. @returns true to be called again, false to end the source */
export type SourceCallback = (datagramBased: DatagramBased, condition: number) => boolean

/** GLib.Source over the conditions of a datagram object. */
export interface DatagramSource {
    setCallback(callback: SourceCallback): void
    /** Starts dispatching, beside the caller. */
    attach(): void
    destroy(): void
    isDestroyed(): boolean
}

/**
 * Gio.DatagramBased (Seam 3). Timeouts are microseconds: negative waits, 0 never blocks, positive waits that long for the
 * whole call. Errors are GError; after a partial success the count is returned and the error, if it lasts, comes with the next call.
 */
export interface DatagramBased {
    /** see `InputMessage.mostHandedOver`: who receives needs no Buffer of its own, for the largest message that could come */
    handsOver?: boolean
    /**
     * Receives up to `messages.length` messages, each into its vectors.
     * @param flags 0; anything else is INVALID_ARGUMENT
     * @returns how many; 0 when the peer has closed (or none were asked for)
     * Throws WOULD_BLOCK (timeout 0), TIMED_OUT, CANCELLED, CLOSED after a local shutdown.
     */
    receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number>
    /**
     * Sends each message whole.
     * @param flags 0; anything else is INVALID_ARGUMENT
     * @returns how many were sent
     * Throws WOULD_BLOCK, TIMED_OUT, CANCELLED, CLOSED, MESSAGE_TOO_LARGE.
     */
    sendMessages(messages: OutputMessage[], flags: number, timeout: number, cancellable?: Cancellable): Promise<number>
    /** A source that calls back as long as `condition` holds. */
    createSource(condition: number, cancellable?: Cancellable): DatagramSource
    /** Which of the conditions hold now; ERR and HUP always when true. Never blocks. */
    conditionCheck(condition: IOCondition | number): number
    /** Waits until one of the conditions holds. @returns true; throws TIMED_OUT or CANCELLED */
    conditionWait(condition: IOCondition | number, timeout: number, cancellable?: Cancellable): Promise<boolean>
}
