import { Journal } from "./journal.js"

interface Entry {
    line: string
    /** told when it is delivered, or will not be */
    settle: ((error: Error | undefined) => void) | undefined
}

/**
 * Lines that wait for delivery, in order. With a folder they are on disk as well, and safe as soon as they are there; without
 * one a line is safe when it is delivered.
 */
export class DeliveryQueue {
    private entries: Entry[] = []
    private bytes = 0
    private wake: (() => void) | undefined

    private constructor(
        private maxBytes: number,
        private journal: Journal | undefined,
    ) {}

    /** @param maxBytes beyond them it takes no more; one line may go over */
    static async open(folder: string | undefined, maxBytes: number): Promise<DeliveryQueue> {
        if (folder === undefined) return new DeliveryQueue(maxBytes, undefined)
        const { journal, lines } = await Journal.open(folder)
        const queue = new DeliveryQueue(maxBytes, journal)
        for (const line of lines) queue.add({ line, settle: undefined })
        return queue
    }

    hasRoom(): boolean {
        return this.bytes < this.maxBytes
    }

    length(): number {
        return this.entries.length
    }

    /** Resolves when the line is safe; rejects when it is lost. */
    async append(line: string): Promise<void> {
        const { journal } = this
        if (journal === undefined) {
            await new Promise<void>((resolve, reject) => {
                this.add({ line, settle: (error) => (error === undefined ? resolve() : reject(error)) })
            })
            return
        }
        // Its room is taken at once: what is written together may be much.
        this.bytes += line.length
        try {
            await journal.append(line)
        } finally {
            this.bytes -= line.length
        }
        this.add({ line, settle: undefined })
    }

    private add(entry: Entry): void {
        this.entries.push(entry)
        this.bytes += entry.line.length
        this.wake?.()
    }

    /** The oldest lines; waits until there are some. @returns none when `signal` is aborted */
    async oldest(count: number, signal: AbortSignal): Promise<string[]> {
        while (this.entries.length === 0 && !signal.aborted)
            await new Promise<void>((resolve) => {
                this.wake = resolve
                signal.addEventListener("abort", () => resolve(), { once: true })
            })
        return signal.aborted ? [] : this.entries.slice(0, count).map(({ line }) => line)
    }

    /** The oldest lines are delivered. */
    delivered(count: number): void {
        const entries = this.entries.splice(0, count)
        for (const { line, settle } of entries) {
            this.bytes -= line.length
            settle?.(undefined)
        }
        this.journal?.delivered(entries.length)
    }

    /** @returns how many lines are lost: those that are not on disk */
    async close(): Promise<number> {
        const entries = this.entries.splice(0)
        for (const { settle } of entries) settle?.(new Error("the gateway ended before it was delivered"))
        await this.journal?.close(entries.map(({ line }) => line))
        return this.journal === undefined ? entries.length : 0
    }
}
