import { type SwarmMember, type SwarmParts, SwarmSensor } from "./swarm-sensor.js"

/** How far a swarm is. */
export interface SwarmState {
    sensors: number
    /** sensors with a session */
    connected: number
    /** sensors whose last reading may be anywhere: it is not acknowledged */
    open: number
}

/** Sensors that come, post for a while, and leave. */
export class Swarm {
    readonly sensors: SwarmSensor[]
    private ended = false

    constructor(
        private parts: SwarmParts,
        members: SwarmMember[],
    ) {
        this.sensors = members.map((member) => new SwarmSensor(parts, member))
    }

    /** Gives every sensor a session. @returns how many have one */
    async connect(): Promise<number> {
        const done = await Promise.all(this.sensors.map((sensor) => sensor.connect()))
        return done.filter(Boolean).length
    }

    /** Posts until it is ended, and until the last reading under way is answered or given up. */
    async run(): Promise<void> {
        await Promise.all(this.sensors.map((sensor) => sensor.run()))
    }

    /** Waits until the time is over or the swarm is ended. @param time ms; 0: for ever */
    async untilEnded(time: number): Promise<void> {
        if (!this.ended) await this.parts.ending.wait(time === 0 ? -1 : time)
    }

    /** @param now readings under way are given up */
    end(now: boolean): void {
        this.ended = true
        for (const sensor of this.sensors) sensor.end(now)
        this.parts.ending.notify()
    }

    async close(): Promise<void> {
        for (const sensor of this.sensors) await sensor.close()
    }

    state(): SwarmState {
        return {
            sensors: this.sensors.length,
            connected: this.sensors.filter((sensor) => sensor.isConnected()).length,
            open: this.sensors.filter((sensor) => sensor.isOpen).length,
        }
    }
}
