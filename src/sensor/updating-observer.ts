import { errorText } from "../gio/guarded.js"
import { LogLevel } from "../gio/log-level.js"
import { type Services } from "../platform/services.js"
import { type ProgramSlots } from "../update/program-slots.js"
import { type UpdatePull } from "../update/update-pull.js"
import { LogObserver } from "./program.js"
import { type Sample } from "./reading.js"
import { type SensorObserver } from "./sensor.js"
import { type CoapsSession } from "./session.js"

/**
 * Logs a sensor's events. After the gateway has answered the first sample, confirms the running program and asks the
 * gateway for an update, then again after each interval. A failed attempt is repeated with the next sample.
 * @devsWhenUsed
 */
export class UpdatingObserver implements SensorObserver {
    private log: LogObserver
    private session: CoapsSession | undefined
    private askAt = 0
    private isAsking = false

    /**
     * @param interval ms
     * @param restart called when there is a new program
     */
    constructor(
        private services: Services,
        private slots: ProgramSlots,
        private pull: UpdatePull,
        private interval: number,
        private restart: () => void,
    ) {
        this.log = new LogObserver(services)
    }

    connected(session: CoapsSession): void {
        this.session = session
        this.log.connected(session)
    }

    posted(sample: Sample, time: number): void {
        this.log.posted(sample, time)
        this.slots.confirm()
        const { services, session } = this
        if (session === undefined || this.isAsking || services.now() < this.askAt) return
        this.isAsking = true
        const self = this
        services.spawn(async () => await self.ask(session))
    }

    rejected(sample: Sample, why: string): void {
        this.log.rejected(sample, why)
    }

    dropped(sample: Sample): void {
        this.log.dropped(sample)
    }

    trouble(error: Error, pause: number): void {
        this.log.trouble(error, pause)
    }

    private async ask(session: CoapsSession): Promise<void> {
        const { services, pull, restart } = this
        try {
            const isNew = await pull.run(session.coap)
            this.askAt = services.now() + this.interval
            if (isNew) restart()
        } catch (error) {
            services.log(LogLevel.warning, "No update: " + errorText(error))
        }
        this.isAsking = false
    }
}
