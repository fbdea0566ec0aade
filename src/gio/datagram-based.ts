import { type Cancellable } from "./cancellable.js"
import { type IOCondition } from "./enums.js"
import { type SocketAddress } from "./socket-address.js"

/**
 * Gio.InputMessage: the buffers for one received message.
 * @devsWhenUsed
 */
export class InputMessage {
    /** number of bytes received */
    bytesReceived = 0
    /** MSG_TRUNC if the message was longer than the vectors */
    flags = 0
    /** address of the sender, if the socket knows it */
    address: SocketAddress | undefined
    numControlMessages = 0
    /**
     * for a DatagramBased with `handsOver`: instead of filling `vectors`, it replaces them with a Buffer of its own, of at most this many
     * bytes
     */
    mostHandedOver?: number

    /** @param vectors buffers, which are filled one after the other */
    constructor(public vectors: Buffer[]) {}
}

/**
 * Gio.OutputMessage: one message to send.
 * @devsWhenUsed
 */
export class OutputMessage {
    /** number of bytes sent */
    bytesSent = 0
    /** address of the receiver; ignored by a connected socket and by a DTLS connection */
    address: SocketAddress | undefined

    /** @param vectors buffers that together form one message */
    constructor(public vectors: Buffer[]) {}
}

/** Called with the conditions that hold. @returns true to be called again, false to destroy the source */
export type SourceCallback = (datagramBased: DatagramBased, condition: number) => boolean

/** GLib.Source that reports the conditions of a DatagramBased. */
export interface DatagramSource {
    setCallback(callback: SourceCallback): void
    /** Starts dispatching in the background. */
    attach(): void
    destroy(): void
    isDestroyed(): boolean
}

/**
 * Gio.DatagramBased (Seam 3). Timeouts are in µs: a negative timeout waits without limit, 0 never blocks, and a positive one limits the
 * whole call. Errors are GError. After a partial success the call returns the count; if the error persists, the next call throws it.
 */
export interface DatagramBased {
    /** whether this object supports `InputMessage.mostHandedOver`: then a receiver needs no Buffer for the largest possible message */
    handsOver?: boolean
    /**
     * Receives up to `messages.length` messages, each into its own vectors.
     * @param flags 0; any other value is INVALID_ARGUMENT
     * @returns the number of messages; 0 if the peer has closed, or if `messages` is empty
     * Throws WOULD_BLOCK (timeout 0), TIMED_OUT, CANCELLED, and CLOSED after a local shutdown.
     */
    receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number>
    /**
     * Sends the messages, each as a whole.
     * @param flags 0; any other value is INVALID_ARGUMENT
     * @returns the number of messages sent
     * Throws WOULD_BLOCK, TIMED_OUT, CANCELLED, CLOSED, MESSAGE_TOO_LARGE.
     */
    sendMessages(messages: OutputMessage[], flags: number, timeout: number, cancellable?: Cancellable): Promise<number>
    /** Creates a source that invokes its callback as long as `condition` holds. */
    createSource(condition: number, cancellable?: Cancellable): DatagramSource
    /** Returns the conditions that hold now. ERR and HUP are always reported. Never blocks. */
    conditionCheck(condition: IOCondition | number): number
    /** Waits until one of the conditions holds. @returns true. Throws TIMED_OUT or CANCELLED. */
    conditionWait(condition: IOCondition | number, timeout: number, cancellable?: Cancellable): Promise<boolean>
}
