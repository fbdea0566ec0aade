import { AssociationState } from "../dtls/association/association.js"
import { type Diagnostic, type Output, OutputKind } from "../dtls/association/output.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { type Failure, FailureReason } from "../dtls/handshake/failure.js"
import { Discard } from "../dtls/record/discard.js"
import { type Services, type Signal } from "../platform/services.js"
import { AsyncResult, checkResult } from "./async-result.js"
import { type Cancellable } from "./cancellable.js"
import { type DatagramBased, type InputMessage, type OutputMessage } from "./datagram-based.js"
import { checkSettings } from "./check-settings.js"
import { DtlsProperties } from "./dtls-properties.js"
import { IOCondition } from "./enums.js"
import { type GError, invalidArgument, ioError, IOErrorEnum, isIoError } from "./errors.js"
import { failureError } from "./failure-error.js"
import { guarded } from "./guarded.js"
import { ReceiveQueue } from "./receive-queue.js"
import { type DtlsSettings } from "./settings.js"
import { Source } from "./source.js"
import { type Transport } from "./transport.js"
import { checkBoolean, checkCondition, checkTimeout, checkTransfer, gather, givenCancellable } from "./vectors.js"
import { deadlineAfter, Waited, waitUntil } from "./waiting.js"

export type AsyncReadyCallback = (source: DtlsConnection, result: AsyncResult) => void

/**
 * Gio.DtlsConnection: DTLS over a DatagramBased, itself a DatagramBased. One message is one record.
 * A handshake is done by the first receive or send, under that call's timeout, or by `handshake`.
 * @devsWhenUsed
 */
export abstract class DtlsConnection extends DtlsProperties implements DatagramBased {
    protected transport: Transport | undefined
    /** notified whenever anything changed that a waiting call may wait for */
    protected changed: Signal
    private queue: ReceiveQueue
    private readClosed = false
    private writeClosed = false
    private ended = false
    private error: GError | undefined
    private baseError: GError | undefined
    private handshakeRunning = false
    private reading = false

    constructor(
        protected services: Services,
        base: DatagramBased,
        protected settings: DtlsSettings,
    ) {
        super(base)
        checkSettings(settings)
        this.changed = services.newSignal()
        this.queue = new ReceiveQueue(settings.limits)
    }

    /** Makes whatever is needed for a handshake, and begins it. Called again and again. */
    protected abstract begin(): Promise<void>

    // Gio.DatagramBased

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
        // A loop of calls that never block must not keep others from running.
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

    /** The next receive, if any waits behind this one, gets its turn. */
    private releaseRead(): void {
        this.reading = false
        this.changed.notify()
    }

    private noMoreToRead(): boolean {
        return this.readClosed || this.error !== undefined || this.baseError !== undefined || this.ended
    }

    /** What a receive that got no message answers. */
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
        return await this.transmit(messages)
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
        await this.touch(peer)
        for (let i = 0; i < taken; i++) {
            const message = messages[i] as OutputMessage
            message.bytesSent = (bodies[i] as Buffer).length
        }
        if (taken === 0) this.throwError()
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

    /** Whether what was asked for can never come, because this side closed that direction. */
    private isHalfClosed(condition: number): boolean {
        const hopes = (this.readClosed ? 0 : IOCondition.IN) | (this.writeClosed ? 0 : IOCondition.OUT)
        return (condition & (IOCondition.IN | IOCondition.OUT)) !== 0 && (condition & hopes) === 0
    }

    /** Before the handshake too: a send is what starts it. */
    private canWrite(): boolean {
        if (this.writeClosed || this.error !== undefined) return false
        const association = this.association()
        return association === undefined || association.state === AssociationState.idle || association.canSend()
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

    // Handshake

    /**
     * Does the handshake, or waits for the one under way; true at once when it is done.
     * Ends by the retransmission profile's deadline. Throws PENDING while another explicit handshake runs,
     * TIMED_OUT, CONNECTION_REFUSED, CLOSED, CANCELLED, or a TlsError; a failed handshake stays failed.
     */
    async handshake(cancellable?: Cancellable): Promise<boolean> {
        const stop = givenCancellable(cancellable)
        if (stop !== undefined) stop.setErrorIfCancelled()
        this.reserveHandshake()
        try {
            return await this.waitForHandshake(stop)
        } finally {
            this.handshakeRunning = false
        }
    }

    /** One explicit handshake at a time: the mark is set before anything is waited for. */
    private reserveHandshake(): void {
        if (this.handshakeRunning) throw ioError(IOErrorEnum.PENDING, "Another handshake is under way")
        this.handshakeRunning = true
    }

    private async waitForHandshake(stop: Cancellable | undefined): Promise<boolean> {
        if (this.readClosed || this.writeClosed) throw closedError()
        if (this.error !== undefined) throw this.error
        if (this.isConnected()) return true
        const self = this
        const patience = this.settings.retransmission.deadline + 1000
        await this.beginUnlessOver()
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => self.isConnected() || self.error !== undefined || self.readClosed || self.writeClosed,
            this.services.now() + patience,
            stop,
        )
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (this.error !== undefined) throw this.error
        if (this.readClosed || this.writeClosed) throw closedError()
        if (waited === Waited.timedOut) throw ioError(IOErrorEnum.TIMED_OUT, "No peer has come")
        return true
    }

    /** @param ioPriority accepted and not used */
    handshakeAsync(ioPriority: number, cancellable: Cancellable | undefined, callback: AsyncReadyCallback): void {
        checkCallback(ioPriority, callback)
        const stop = givenCancellable(cancellable)
        const self = this
        if (this.handshakeRunning) {
            const refuse = async () => await self.handshake(stop)
            return this.finishLater("handshakeAsync", refuse, callback)
        }
        this.handshakeRunning = true
        const run = async () => {
            self.handshakeRunning = false
            return await self.handshake(stop)
        }
        this.finishLater("handshakeAsync", run, callback)
    }

    handshakeFinish(result: AsyncResult): boolean {
        checkResult(result)
        return result.take("handshakeAsync")
    }

    /** The callback comes in a later turn, never before the call that started it returns. */
    private finishLater(operation: string, run: () => Promise<boolean>, callback: AsyncReadyCallback): void {
        const self = this
        this.services.spawn(async () => {
            let result = new AsyncResult(operation, true, undefined)
            try {
                await run()
            } catch (error) {
                result = new AsyncResult(operation, false, error as GError)
            }
            guarded(self.services, "The callback of " + operation, () => callback(self, result), undefined)
        })
    }

    private async beginUnlessOver(): Promise<void> {
        if (this.error === undefined && !this.isConnected() && !(this.readClosed && this.writeClosed))
            await this.begin()
    }

    // Shutdown

    /**
     * Stops reception, sending or both; never waits for others, who get CLOSED. The base socket stays open.
     * @returns true; throws CANCELLED, and then nothing was shut down
     */
    async shutdown(shutdownRead: boolean, shutdownWrite: boolean, cancellable?: Cancellable): Promise<boolean> {
        checkBoolean(shutdownRead, "shutdown_read")
        checkBoolean(shutdownWrite, "shutdown_write")
        const stop = givenCancellable(cancellable)
        if (stop !== undefined) stop.setErrorIfCancelled()
        if (shutdownRead) this.readClosed = true
        if (shutdownWrite) this.writeClosed = true
        this.changed.notify()
        const peer = this.peer
        if (peer !== undefined) {
            peer.association.shutdown(shutdownRead, shutdownWrite)
            await this.touch(peer)
        }
        if (this.readClosed) this.queue.clear()
        if (this.readClosed && this.writeClosed) this.release()
        return true
    }

    /** @param ioPriority accepted and not used */
    shutdownAsync(
        shutdownRead: boolean,
        shutdownWrite: boolean,
        ioPriority: number,
        cancellable: Cancellable | undefined,
        callback: AsyncReadyCallback,
    ): void {
        checkBoolean(shutdownRead, "shutdown_read")
        checkBoolean(shutdownWrite, "shutdown_write")
        checkCallback(ioPriority, callback)
        const self = this
        const run = async () => await self.shutdown(shutdownRead, shutdownWrite, cancellable)
        this.finishLater("shutdownAsync", run, callback)
    }

    shutdownFinish(result: AsyncResult): boolean {
        checkResult(result)
        return result.take("shutdownAsync")
    }

    /** `shutdown(true, true)`. */
    async close(cancellable?: Cancellable): Promise<boolean> {
        return await this.shutdown(true, true, cancellable)
    }

    closeAsync(ioPriority: number, cancellable: Cancellable | undefined, callback: AsyncReadyCallback): void {
        this.shutdownAsync(true, true, ioPriority, cancellable, callback)
    }

    closeFinish(result: AsyncResult): boolean {
        return this.shutdownFinish(result)
    }

    /** Both directions are closed: whatever this connection drives is stopped. */
    protected abstract release(): void

    protected async touch(peer: Peer): Promise<void> {
        if (this.transport !== undefined) await this.transport.touched(peer)
    }

    // What the transport reports

    onOutput(_peer: Peer, output: Output): void {
        this.take(output)
    }

    protected take(output: Output): void {
        if (output.kind === OutputKind.message) this.enqueue(output.data as Buffer)
        else if (output.kind === OutputKind.closed) this.ended = true
        else if (output.kind === OutputKind.failed)
            this.failWith(failureError(output.failure as Failure, this.services.describeFailure))
        else if (output.kind === OutputKind.diagnostic)
            this.diagnose(output.diagnostic as Diagnostic, output.detail as number)
        this.changed.notify()
    }

    /** Every later call throws the same; nothing is driven any more. */
    private failWith(error: GError): void {
        this.error = this.error ?? error
        const association = this.association()
        if (association !== undefined) association.drop(FailureReason.closedLocally)
        this.release()
    }

    private enqueue(message: Buffer): void {
        const association = this.association()
        if (!this.queue.push(message) && association !== undefined) association.counters.add(Discard.queueFull)
    }

    private diagnose(diagnostic: Diagnostic, detail: number): void {
        const report = this.settings.onDiagnostic
        if (report === undefined) return
        const self = this
        guarded(this.services, "The diagnostic handler", () => report(diagnostic, detail, self), undefined)
    }

    /** An error that passes is told to one call; a closed base, or nobody listening before there is a session, is the end. */
    onBaseError(error: GError, fatal: boolean): void {
        if (fatal || (!this.isConnected() && isIoError(error, IOErrorEnum.CONNECTION_REFUSED))) this.failWith(error)
        else this.baseError = error
        this.changed.notify()
    }

    private throwError(): void {
        if (this.error !== undefined) throw this.error
        const once = this.baseError
        this.baseError = undefined
        if (once !== undefined) throw once
    }
}

function closedError(): GError {
    return ioError(IOErrorEnum.CLOSED, "Connection is closed")
}

function timeoutError(timeout: number): GError {
    if (timeout === 0) return ioError(IOErrorEnum.WOULD_BLOCK, "Operation would block")
    return ioError(IOErrorEnum.TIMED_OUT, "Socket I/O timed out")
}

function tooLarge(length: number, maximum: number): GError {
    const sizes = length + " bytes is too large for DTLS connection (maximum is " + maximum + " bytes)"
    return ioError(IOErrorEnum.MESSAGE_TOO_LARGE, "Message of size " + sizes)
}

function checkCallback(ioPriority: number, callback: AsyncReadyCallback): void {
    if (typeof ioPriority !== "number") throw invalidArgument("io_priority", "a number is needed")
    if (typeof callback !== "function") throw invalidArgument("callback", "a function is needed")
}
