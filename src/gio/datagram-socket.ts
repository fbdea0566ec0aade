import { type Services, type Signal } from "../platform/services.js"
import { type Cancellable } from "./cancellable.js"
import { type DatagramBased, type InputMessage, type OutputMessage } from "./datagram-based.js"
import { IOCondition } from "./enums.js"
import { type GError, ioError, IOErrorEnum } from "./errors.js"
import { Source } from "./source.js"
import { checkCondition, checkTimeout, checkTransfer, givenCancellable } from "./vectors.js"
import { deadlineAfter, Waited, waitUntil } from "./waiting.js"

/**
 * The common part of all datagram sockets. A platform only implements how to take one received datagram and how to send. Sending never
 * blocks: if the system cannot take a datagram, it is lost, as is usual with UDP.
 * @devsWhenUsed
 */
export abstract class DatagramSocket implements DatagramBased {
    protected closed = false
    /** notified on arrival of a datagram, on an error, and on close */
    protected changed: Signal
    /** error that is thrown by one call and then forgotten */
    protected error: GError | undefined

    constructor(protected services: Services) {
        this.changed = services.newSignal()
    }

    /** Moves the oldest received datagram into `message`. @returns false if there is none */
    protected abstract takeOne(message: InputMessage): boolean
    protected abstract isReadable(): boolean
    /** Sends the messages in order. @returns the number sent; throws if not even the first could be sent */
    protected abstract sendAll(messages: OutputMessage[]): Promise<number>

    async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        checkTransfer(messages, flags, timeout)
        if (messages.length === 0) return 0
        const self = this
        const stop = givenCancellable(cancellable)
        if (timeout === 0 && !this.isReadable()) await this.changed.wait(0)
        let count = 0
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => {
                while (count < messages.length && self.takeOne(messages[count] as InputMessage)) count++
                return count === messages.length || self.closed || self.error !== undefined
            },
            deadlineAfter(this.services, timeout),
            stop,
        )
        if (count > 0) return count
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        this.throwError()
        if (timeout === 0) throw ioError(IOErrorEnum.WOULD_BLOCK, "Operation would block")
        throw ioError(IOErrorEnum.TIMED_OUT, "Socket I/O timed out")
    }

    private throwError(): void {
        if (this.closed) throw ioError(IOErrorEnum.CLOSED, "Socket is already closed")
        const error = this.error
        this.error = undefined
        if (error !== undefined) throw error
    }

    async sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        checkTransfer(messages, flags, timeout)
        if (messages.length === 0) return 0
        const stop = givenCancellable(cancellable)
        if (stop !== undefined) stop.setErrorIfCancelled()
        if (this.closed) throw ioError(IOErrorEnum.CLOSED, "Socket is already closed")
        return await this.sendAll(messages)
    }

    createSource(condition: number, cancellable?: Cancellable): Source {
        return new Source(this.services, this, condition, cancellable)
    }

    conditionCheck(condition: number): number {
        if (this.closed) return IOCondition.HUP
        let holds = condition & IOCondition.OUT
        if (this.isReadable()) holds = holds | (condition & IOCondition.IN)
        if (this.error !== undefined) holds = holds | IOCondition.ERR
        return holds
    }

    async conditionWait(condition: number, timeout: number, cancellable?: Cancellable): Promise<boolean> {
        checkCondition(condition)
        checkTimeout(timeout)
        const self = this
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => self.conditionCheck(condition) !== 0,
            deadlineAfter(this.services, timeout),
            givenCancellable(cancellable),
        )
        if (waited === Waited.ready) return true
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        throw ioError(IOErrorEnum.TIMED_OUT, "Socket I/O timed out")
    }
}
