import { setMaxListeners } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { type QueueConfig } from "./config.js"
import { DeliveryQueue } from "./delivery-queue.js"
import { type Log } from "./log.js"
import { type ReadingRecord, type Sink } from "./sink.js"

/** Sends records to another computer. */
export interface Target {
    readonly name: string
    /** records that `send` takes at most */
    readonly batch: number
    /** Resolves when the other side has them all; rejects when that is not known: they are sent again. */
    send(records: string[], signal: AbortSignal): Promise<void>
    close(): Promise<void>
}

/** Records that can never be delivered: sending them again is of no use. */
export class UndeliverableError extends Error {}

/** Pauses after failures, each twice the one before, ms. */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30000

/** When the log says that a target takes records but does not confirm them, ms. */
const SILENCE = 30000

/** How long the end of the gateway waits for what can still be delivered, ms. */
const LAST_CHANCE = 2000

/** A sink that delivers in order, from a queue, as soon as its target takes it. */
export class Forwarder implements Sink {
    private queue: DeliveryQueue | undefined
    private stopping = new AbortController()
    private running: Promise<void> | undefined
    private closing = false
    private isAway = false
    /** of a batch that was refused: each is sent by itself, so that one which cannot be delivered costs no other */
    private alone = 0

    /** @param silence ms without a confirmation until the log says so */
    constructor(
        private target: Target,
        private config: QueueConfig,
        private log: Log,
        private silence = SILENCE,
    ) {
        // Every record of a batch listens to it; a warning in the log would be wrong.
        setMaxListeners(0, this.stopping.signal)
    }

    get name(): string {
        return this.target.name
    }

    async begin(): Promise<void> {
        try {
            this.queue = await DeliveryQueue.open(this.config.folder, this.config.maxBytes)
        } catch (error) {
            this.log.error(`${this.name}: its queue cannot be used: ${(error as Error).message}`)
            return
        }
        if (this.queue.length() > 0) this.log.info(`${this.name}: ${this.queue.length()} records wait from before`)
        this.running = this.run(this.queue)
    }

    hasRoom(): boolean {
        return !this.closing && this.queue !== undefined && this.queue.hasRoom()
    }

    async put(_record: ReadingRecord, line: string): Promise<void> {
        await this.queue?.append(line)
    }

    waiting(): number {
        return this.queue?.length() ?? 0
    }

    private async run(queue: DeliveryQueue): Promise<void> {
        const { signal } = this.stopping
        let pause = FIRST_PAUSE
        for (;;) {
            const records = await queue.oldest(this.alone > 0 ? 1 : this.target.batch, signal)
            if (records.length === 0) return
            const failure = await this.attempt(records)
            const isRefused = failure instanceof UndeliverableError
            if (isRefused && records.length > 1) {
                this.alone = records.length
                continue
            }
            if (failure === undefined || isRefused) {
                queue.delivered(records.length)
                this.alone = Math.max(this.alone - 1, 0)
                pause = FIRST_PAUSE
            } else {
                // Aborted: the gateway ends.
                await sleep(pause, undefined, { signal }).catch(() => undefined)
                pause = Math.min(pause * 2, LONGEST_PAUSE)
            }
            this.tell(failure)
        }
    }

    private async attempt(records: string[]): Promise<Error | undefined> {
        const seconds = this.silence / 1000
        const late = setTimeout(() => this.tell(new Error(`no confirmation for ${seconds} s`)), this.silence)
        try {
            await this.target.send(records, this.stopping.signal)
            return undefined
        } catch (error) {
            return error as Error
        } finally {
            clearTimeout(late)
        }
    }

    /** When it begins and ends, not for every attempt. */
    private tell(failure: Error | undefined): void {
        if (this.stopping.signal.aborted) return
        if (failure instanceof UndeliverableError)
            this.log.error(`${this.name} refuses a record for good, it is lost: ${failure.message}`)
        else if (failure !== undefined && !this.isAway)
            this.log.warn(`${this.name}: ${failure.message}; readings wait for it`)
        else if (failure === undefined && this.isAway) this.log.info(`${this.name} takes readings again`)
        this.isAway = failure !== undefined && !(failure instanceof UndeliverableError)
    }

    async close(): Promise<void> {
        this.closing = true
        const until = Date.now() + LAST_CHANCE
        while (this.waiting() > 0 && !this.isAway && Date.now() < until) await sleep(20)
        this.stopping.abort()
        await this.target.close()
        await this.running
        const lost = (await this.queue?.close()) ?? 0
        if (lost > 0) this.log.error(`${this.name}: ${lost} records are lost: its queue is in memory only`)
    }
}
