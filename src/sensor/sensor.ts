import { CoapCode, codeText } from "../coap/code-points.js"
import { type CoapParameters } from "../coap/parameters.js"
import { type CoapUri } from "../coap/uri.js"
import { Cancellable } from "../gio/cancellable.js"
import { GError, IOErrorEnum } from "../gio/errors.js"
import { errorText } from "../gio/guarded.js"
import { LogLevel } from "../gio/log-level.js"
import { type NewClientConnection } from "../gio/dtls-client-connection.js"
import { type DtlsSettings } from "../gio/settings.js"
import { type Services, type Signal } from "../platform/services.js"
import { type PayloadFormat } from "./payload.js"
import { type Reading, type ReadingSource, type Sample } from "./reading.js"
import { sampleRequest } from "./request.js"
import { type CoapsSession, openSession } from "./session.js"

/** Times in ms. */
export interface SensorConfig {
    target: CoapUri
    format: PayloadFormat
    interval: number
    /** number of samples to take; 0: no limit */
    count: number
    /** number of samples to keep while the gateway is unreachable; beyond it the oldest is dropped and reported */
    queueLimit: number
    /** UDP port to send from; 0: any free port */
    localPort: number
    /**
     * first pause before a new attempt, ms; doubles up to the maximum, and each pause is lengthened randomly by up to
     * half
     */
    retryInitial: number
    retryMaximum: number
    /** creates a connection for the configured versions */
    newConnection: NewClientConnection
    dtls: DtlsSettings
    coap: CoapParameters
}

/** Callbacks for events of a sensor. If a method throws, that is logged and has no other effect. */
export interface SensorObserver {
    connected(session: CoapsSession): void
    posted(sample: Sample, time: number): void
    /**
     * the sample is dropped: it cannot be encoded, it does not fit into a datagram, or the gateway's response is an
     * error
     */
    rejected(sample: Sample, why: string): void
    /** the queue was full */
    dropped(sample: Sample): void
    /** an attempt failed; the next one follows after `pause` ms */
    trouble(error: Error, pause: number): void
}

/**
 * Takes samples at an interval and posts them. Survives an unreachable gateway, and exceptions from source, format and
 * observer.
 * @devsWhenUsed
 */
export class Sensor {
    private queue: Sample[] = []
    private measured = 0
    private changed: Signal
    private session: CoapsSession | undefined
    private attempts = 0
    private pause: number
    private stopped = false
    private stopping = new Cancellable()
    /** the last sample sent: the queue does not drop it, so that it is not reported as both dropped and posted */
    private underWay: Sample | undefined

    constructor(
        private services: Services,
        private config: SensorConfig,
        private source: ReadingSource,
        private observer: SensorObserver,
    ) {
        this.changed = services.newSignal()
        this.pause = config.retryInitial
    }

    /** Ends when `count` samples are delivered or dropped, or after `stop`. */
    async run(): Promise<void> {
        const self = this
        this.services.spawn(async () => {
            await self.measureLoop()
        })
        while (!this.isDone()) {
            if (this.queue.length === 0) await this.changed.wait(-1)
            else await this.turn(false)
        }
        await this.endSession()
    }

    /** Stops taking samples; queued ones are not sent. */
    stop(): void {
        this.stopped = true
        this.stopping.cancel()
        this.changed.notify()
    }

    /** Number of samples taken but not delivered. */
    unsent(): number {
        return this.queue.length
    }

    private isDone(): boolean {
        return this.stopped || (this.isMeasured() && this.queue.length === 0)
    }

    private isMeasured(): boolean {
        return this.config.count > 0 && this.measured >= this.config.count
    }

    private async measureLoop(): Promise<void> {
        while (!this.stopped) {
            await this.turn(true)
            if (this.isMeasured()) return
            await this.sleep(this.config.interval)
        }
    }

    /** One turn of either loop. Exceptions do not end the loop; those that arrive here come from the observer. */
    private async turn(measuring: boolean): Promise<void> {
        try {
            if (measuring) await this.measure()
            else if (this.session === undefined) await this.connect()
            else await this.deliver(this.session, this.queue[0] as Sample)
        } catch (error) {
            this.services.log(LogLevel.error, "The observer failed: " + errorText(error))
        }
    }

    private async measure(): Promise<void> {
        let readings: Reading[]
        try {
            readings = await this.source.read()
        } catch (error) {
            return this.observer.trouble(error as Error, this.config.interval)
        }
        this.measured++
        this.queue.push({ number: this.measured, time: this.services.wallClock(), readings })
        this.changed.notify()
        if (this.queue.length > this.config.queueLimit) this.dropOldest()
    }

    /** Drops the oldest sample, because new ones matter more. */
    private dropOldest(): void {
        const { underWay } = this
        const oldest = this.queue.find((sample) => sample !== underWay) as Sample
        this.remove(oldest)
        this.observer.dropped(oldest)
    }

    private async connect(): Promise<void> {
        const { target, dtls, coap, localPort, newConnection } = this.config
        const attempt = this.attempts
        this.attempts++
        try {
            const { services, stopping } = this
            this.session = await openSession(services, target, dtls, coap, localPort, attempt, stopping, newConnection)
        } catch (error) {
            return await this.retryLater(error as Error)
        }
        this.observer.connected(this.session)
    }

    /** Posts a sample. It stays in the queue until the gateway has answered, or further attempts are useless. */
    private async deliver(session: CoapsSession, sample: Sample): Promise<void> {
        const { target, format } = this.config
        const begun = this.services.now()
        this.underWay = sample
        let code: number
        try {
            const response = await session.coap.request(sampleRequest(target, format, sample), this.stopping)
            code = response.code
        } catch (error) {
            if (isOfSample(error)) return this.giveUp(sample, errorText(error))
            await this.endSession()
            return await this.retryLater(error as Error)
        }
        if (code >= CoapCode.INTERNAL_SERVER_ERROR)
            return await this.retryLater(new Error("The gateway answers " + codeText(code)))
        this.pause = this.config.retryInitial
        if (code >= CoapCode.BAD_REQUEST) return this.giveUp(sample, codeText(code))
        this.remove(sample)
        this.observer.posted(sample, this.services.now() - begun)
    }

    /** Drops a sample: sending it again would not help. */
    private giveUp(sample: Sample, why: string): void {
        this.remove(sample)
        this.observer.rejected(sample, why)
    }

    private remove(sample: Sample): void {
        this.queue = this.queue.filter((other) => other !== sample)
    }

    private async endSession(): Promise<void> {
        const session = this.session
        this.session = undefined
        if (session !== undefined) await session.close()
    }

    /** With jitter, so that a thousand sensors do not reconnect in the same second. */
    private async retryLater(error: Error): Promise<void> {
        if (this.stopped) return
        const random = this.services.crypto.random(1)[0] / 255
        const pause = Math.floor(this.pause * (1 + random / 2))
        this.pause = Math.min(this.pause * 2, this.config.retryMaximum)
        try {
            this.observer.trouble(error, pause)
        } finally {
            await this.sleep(pause)
        }
    }

    /** Ends early when the sensor is stopped. */
    private async sleep(time: number): Promise<void> {
        const until = this.services.now() + time
        let left = time
        // Reads the clock once per turn: a second reading may be past the end, and a negative time waits for ever.
        while (!this.stopped && left > 0) {
            await this.changed.wait(left)
            left = until - this.services.now()
        }
    }
}

/**
 * Whether an error means that this sample cannot be sent: it cannot be encoded, or does not fit into a datagram. All
 * other errors are the network's.
 */
function isOfSample(error: unknown): boolean {
    return (
        !(error instanceof GError) ||
        error.code === IOErrorEnum.MESSAGE_TOO_LARGE ||
        error.code === IOErrorEnum.INVALID_ARGUMENT
    )
}
