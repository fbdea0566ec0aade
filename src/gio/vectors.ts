import { blit, EMPTY, join } from "../dtls/bytes/bytes.js"
import { Cancellable } from "./cancellable.js"
import { type InputMessage, type OutputMessage } from "./datagram-based.js"
import { MSG_TRUNC } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { type SocketAddress } from "./socket-address.js"

/** Joins a message's vectors into one Buffer. A single vector is returned as it is. */
export function gather(message: OutputMessage | InputMessage): Buffer {
    if (message.vectors.length === 0) return EMPTY
    return message.vectors.length === 1 ? (message.vectors[0] as Buffer) : join(message.vectors)
}

/** Copies the first `length` bytes of `data` into the message's vectors and sets the message's fields accordingly. */
export function scatter(message: InputMessage, data: Buffer, length: number, address: SocketAddress | undefined): void {
    let at = 0
    for (const vector of message.vectors) {
        const take = Math.min(vector.length, length - at)
        if (take > 0) blit(vector, 0, data, at, take)
        at += take
    }
    message.bytesReceived = at
    message.flags = at < length ? MSG_TRUNC : 0
    message.address = address
    message.numControlMessages = 0
}

/** Throws INVALID_ARGUMENT, which names the argument. Needed because plain JavaScript can pass values of any type. */
export function checkTransfer(messages: (InputMessage | OutputMessage)[], flags: number, timeout: number): void {
    if (!Array.isArray(messages)) throw invalidArgument("messages", "an array is needed")
    for (const message of messages) checkVectors(message)
    if (flags !== 0) throw invalidArgument("flags", "only 0 is supported")
    checkTimeout(timeout)
}

function checkVectors(message: InputMessage | OutputMessage): void {
    if (message === undefined || message === null || !Array.isArray(message.vectors))
        throw invalidArgument("messages", "each has an array of Buffers, `vectors`")
    for (const vector of message.vectors) {
        if (!(vector instanceof Buffer)) throw invalidArgument("messages", "each has an array of Buffers, `vectors`")
    }
}

/** Accepts null and undefined as "none". Throws INVALID_ARGUMENT for anything else that is not a Cancellable. */
export function givenCancellable(cancellable: Cancellable | undefined | null): Cancellable | undefined {
    if (cancellable === undefined || cancellable === null) return undefined
    if (!(cancellable instanceof Cancellable)) throw invalidArgument("cancellable", "a Cancellable, or none")
    return cancellable
}

export function checkTimeout(timeout: number): void {
    if (typeof timeout !== "number" || timeout !== timeout) throw invalidArgument("timeout", "microseconds are needed")
}

export function checkBoolean(value: boolean, argument: string): void {
    if (typeof value !== "boolean") throw invalidArgument(argument, "true or false is needed")
}

export function checkCondition(condition: number): void {
    if (typeof condition !== "number" || condition !== condition)
        throw invalidArgument("condition", "a number made of IOCondition is needed")
}
