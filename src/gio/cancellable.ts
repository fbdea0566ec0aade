import { ioError, IOErrorEnum } from "./errors.js"

interface Handler {
    id: number
    run: () => void
}

/**
 * Gio.Cancellable: one may stop any number of operations, from anywhere.
 * @devsWhenUsed
 */
export class Cancellable {
    private cancelled = false
    private handlers: Handler[] = []
    private nextId = 1

    /** Ends every operation that was given this object, with IOErrorEnum.CANCELLED. */
    cancel(): void {
        if (this.cancelled) return
        this.cancelled = true
        const handlers = this.handlers
        for (const handler of handlers) handler.run()
    }

    isCancelled(): boolean {
        return this.cancelled
    }

    /** Makes it usable again. Not while operations use it. */
    reset(): void {
        this.cancelled = false
    }

    /** Calls `run` on cancellation, at once when that was before. @returns an id for `disconnect` */
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

    /** Throws IOErrorEnum.CANCELLED after cancellation. */
    setErrorIfCancelled(): void {
        if (this.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
    }
}
