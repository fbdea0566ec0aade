import { ioError, IOErrorEnum } from "./errors.js"

interface Handler {
    id: number
    run: () => void
}

/**
 * Gio.Cancellable: one object can cancel any number of operations, from anywhere in the program.
 * @devsWhenUsed
 */
export class Cancellable {
    private cancelled = false
    private handlers: Handler[] = []
    private nextId = 1

    /** Cancels every operation that uses this object: they throw IOErrorEnum.CANCELLED. */
    cancel(): void {
        if (this.cancelled) return
        this.cancelled = true
        const handlers = this.handlers
        for (const handler of handlers) handler.run()
    }

    isCancelled(): boolean {
        return this.cancelled
    }

    /** Makes this object usable again. Do not call it while operations use the object. */
    reset(): void {
        this.cancelled = false
    }

    /** Calls `run` on cancellation, or at once if this object is already cancelled. @returns an id for `disconnect` */
    connect(run: () => void): number {
        const id = this.nextId
        this.nextId++
        this.handlers.push({ id, run })
        if (this.cancelled) run()
        return id
    }

    disconnect(id: number): void {
        this.handlers = this.handlers.filter((handler) => handler.id !== id)
    }

    /** Throws IOErrorEnum.CANCELLED if this object is cancelled. */
    setErrorIfCancelled(): void {
        if (this.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
    }
}
