import { type Cancellable } from "./cancellable.js"
import { closedError } from "./connection-state.js"
import { ioError, IOErrorEnum } from "./errors.js"
import { MessageCalls } from "./message-calls.js"
import { givenCancellable } from "./vectors.js"
import { Waited, waitUntil } from "./waiting.js"

/**
 * The explicit handshake call.
 * @devsWhenUsed
 */
export abstract class HandshakeCall extends MessageCalls {
    protected handshakeRunning = false

    /**
     * Performs the handshake, or waits for one that has already started. Returns true at once if it is complete.
     * The retransmission profile sets the deadline. Throws PENDING while another explicit handshake runs, TIMED_OUT, CONNECTION_REFUSED,
     * CLOSED, CANCELLED, or a TlsError. A failed handshake cannot be repeated on this connection.
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

    /** Allows one explicit handshake at a time. The flag is set before the first wait. */
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
}
