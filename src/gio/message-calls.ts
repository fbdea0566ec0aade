import { AssociationPhase } from "../dtls/association/association-state.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { type Cancellable } from "./cancellable.js"
import { closedError, ConnectionState } from "./connection-state.js"
import { type DatagramBased, type InputMessage, type OutputMessage } from "./datagram-based.js"
import { IOCondition } from "./enums.js"
import { type GError, ioError, IOErrorEnum } from "./errors.js"
import { Source } from "./source.js"
import { checkCondition, checkTimeout, checkTransfer, gather, givenCancellable } from "./vectors.js"
import { deadlineAfter, Waited, waitUntil } from "./waiting.js"

/**
 * Gio.DatagramBased over an association: each message is one record. The first receive or send performs the handshake, within the timeout
 * of that call.
 * @devsWhenUsed
 */
export abstract class MessageCalls extends ConnectionState implements DatagramBased {
    /** a receive is in progress; further ones wait for it */
    private reading = false

    async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        checkTransfer(messages, flags, timeout)
        const stop = givenCancellable(cancellable)
        if (messages.length === 0) return 0
        if (stop !== undefined) stop.setErrorIfCancelled()
        const deadline = deadlineAfter(this.services, timeout)
        await this.beginUnlessOver()
        // A loop of non-blocking calls must not keep other tasks from running.
        if (timeout === 0 && this.queue.isEmpty() && !this.noMoreToRead()) await this.changed.wait(0)
        const self = this
        let count = 0
        let holding = false
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => {
                if (!holding && self.reading) return false
                self.reading = true
                holding = true
                if (!self.readClosed) count = self.queue.fill(messages, count)
                return count === messages.length || self.noMoreToRead()
            },
            deadline,
            stop,
        )
        if (holding) this.releaseRead()
        if (count > 0) return count
        return this.nothingRead(waited, timeout)
    }

    /**
     * Takes the oldest received message without copying it. Never blocks.
     * @returns undefined: there is no message, or another receive is in progress
     */
    takeMessage(): Buffer | undefined {
        return this.reading || this.readClosed ? undefined : this.queue.takeOldest()
    }

    /** Ends this receive, so that the next waiting one can start. */
    private releaseRead(): void {
        this.reading = false
        this.changed.notify()
    }

    private noMoreToRead(): boolean {
        return this.readClosed || this.error !== undefined || this.baseError !== undefined || this.ended
    }

    /** The result of a receive that got no message. */
    private nothingRead(waited: Waited, timeout: number): number {
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (this.readClosed) throw closedError()
        this.throwError()
        if (this.ended) return 0
        throw timeoutError(timeout)
    }

    async sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        checkTransfer(messages, flags, timeout)
        const stop = givenCancellable(cancellable)
        if (messages.length === 0) return 0
        if (stop !== undefined) stop.setErrorIfCancelled()
        if (this.writeClosed) throw closedError()
        if (!this.isConnected()) await this.connected(timeout, stop)
        return await this.transmit(messages)
    }

    private async connected(timeout: number, stop: Cancellable | undefined): Promise<void> {
        const deadline = deadlineAfter(this.services, timeout)
        await this.beginUnlessOver()
        const self = this
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => self.isConnected() || self.writeClosed || self.error !== undefined,
            deadline,
            stop,
        )
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (this.writeClosed) throw closedError()
        if (this.error !== undefined) throw this.error
        if (waited === Waited.timedOut) throw timeoutError(timeout)
    }

    private async transmit(messages: OutputMessage[]): Promise<number> {
        const peer = this.peer as Peer
        const maximum = peer.association.maxMessage()
        const bodies: Buffer[] = []
        for (const message of messages) {
            const body = gather(message)
            if (body.length > maximum) {
                if (bodies.length === 0) throw tooLarge(body.length, maximum)
                break
            }
            bodies.push(body)
        }
        const taken = peer.association.send(bodies, this.settings.coalesce)
        const lost = await this.touch(peer)
        if (lost !== undefined) throw lost
        for (let i = 0; i < taken; i++) {
            const message = messages[i] as OutputMessage
            message.bytesSent = (bodies[i] as Buffer).length
        }
        if (taken === 0) this.throwError()
        if (taken === 0 && this.outOfNumbers !== undefined) throw this.outOfNumbers
        return taken
    }

    createSource(condition: number, cancellable?: Cancellable): Source {
        checkCondition(condition)
        return new Source(this.services, this, condition, cancellable)
    }

    conditionCheck(condition: number): number {
        checkCondition(condition)
        if (this.readClosed && this.writeClosed) return IOCondition.HUP
        let holds = 0
        if (!this.readClosed && (!this.queue.isEmpty() || this.ended)) holds = holds | (condition & IOCondition.IN)
        if (this.canWrite()) holds = holds | (condition & IOCondition.OUT)
        if (this.error !== undefined || this.baseError !== undefined) holds = holds | IOCondition.ERR
        return holds
    }

    /** Whether the requested condition can never hold, because this side has closed that direction. */
    private isHalfClosed(condition: number): boolean {
        const hopes = (this.readClosed ? 0 : IOCondition.IN) | (this.writeClosed ? 0 : IOCondition.OUT)
        return (condition & (IOCondition.IN | IOCondition.OUT)) !== 0 && (condition & hopes) === 0
    }

    /** True also before the handshake, because a send starts it. */
    private canWrite(): boolean {
        if (this.writeClosed || this.error !== undefined) return false
        const association = this.association()
        return association === undefined || association.phase === AssociationPhase.idle || association.canSend()
    }

    async conditionWait(condition: number, timeout: number, cancellable?: Cancellable): Promise<boolean> {
        checkCondition(condition)
        checkTimeout(timeout)
        const stop = givenCancellable(cancellable)
        const deadline = deadlineAfter(this.services, timeout)
        if (this.conditionCheck(condition) === 0) await this.beginUnlessOver()
        const self = this
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => self.conditionCheck(condition) !== 0 || self.isHalfClosed(condition),
            deadline,
            stop,
        )
        if (waited === Waited.ready && this.conditionCheck(condition) === 0) throw closedError()
        if (waited === Waited.ready) return true
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        throw ioError(IOErrorEnum.TIMED_OUT, "Socket I/O timed out")
    }
}

function timeoutError(timeout: number): GError {
    if (timeout === 0) return ioError(IOErrorEnum.WOULD_BLOCK, "Operation would block")
    return ioError(IOErrorEnum.TIMED_OUT, "Socket I/O timed out")
}

function tooLarge(length: number, maximum: number): GError {
    const sizes = length + " bytes is too large for DTLS connection (maximum is " + maximum + " bytes)"
    return ioError(IOErrorEnum.MESSAGE_TOO_LARGE, "Message of size " + sizes)
}
