import { type DeviceClock, Outside } from "../simulator/device-clock.js"

interface Timer {
    at: number
    callback: () => void
}

/** Turns of the event loop without activity after which nothing is under way any more. */
const QUIET_TURNS = 3

/** Time that passes only when a test says so. Everything that waits on it waits for no real time. */
export class VirtualClock {
    private time = 0
    private timers: Timer[] = []
    private activity = 0
    private devices = new Set<SimulatedDeviceClock>()

    /** ms since the clock was made */
    now(): number {
        return this.time
    }

    /** Calls back when `time` ms have passed. @returns a function that takes it back */
    after(time: number, callback: () => void): () => void {
        const timer = { at: this.time + Math.max(0, time), callback }
        this.timers.push(timer)
        this.noticeActivity()
        return () => void (this.timers = this.timers.filter((other) => other !== timer))
    }

    /** Something goes on: time does not pass yet. */
    noticeActivity(): void {
        this.activity++
    }

    /** A device's view of this clock; while the device works, time does not pass. */
    deviceClock(): SimulatedDeviceClock {
        const clock = new SimulatedDeviceClock(this)
        this.devices.add(clock)
        return clock
    }

    /** Lets `time` ms pass, with all that happens meanwhile. */
    async advance(time: number): Promise<void> {
        const end = this.time + time
        await this.run(() => false, end)
        this.time = end
    }

    /** Lets time pass until `ready`, at most `limit` ms. @returns whether it is */
    async advanceUntil(ready: () => boolean, limit: number): Promise<boolean> {
        await this.run(ready, this.time + limit)
        return ready()
    }

    private async run(ready: () => boolean, end: number): Promise<void> {
        for (;;) {
            await this.settle()
            const next = this.timers.reduce<Timer | undefined>(
                (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
                undefined,
            )
            if (ready() || next === undefined || next.at > end) return
            this.timers = this.timers.filter((timer) => timer !== next)
            this.time = next.at
            next.callback()
        }
    }

    /** Until everybody waits for time to pass. */
    private async settle(): Promise<void> {
        let seen = this.activity
        for (let quiet = 0; quiet < QUIET_TURNS || this.isBusy(); quiet++) {
            await new Promise((resolve) => setImmediate(resolve))
            if (this.activity !== seen) quiet = 0
            seen = this.activity
        }
    }

    private isBusy(): boolean {
        return [...this.devices].some((device) => device.isBusy())
    }
}

/** The clock of one simulated device. */
export class SimulatedDeviceClock implements DeviceClock {
    private woken = false
    private wakeUp: (() => void) | undefined
    private busy = true
    private stopped = false

    constructor(private clock: VirtualClock) {}

    now(): number {
        return Math.floor(this.clock.now())
    }

    async sleep(time: number | undefined, outside: Outside): Promise<void> {
        // A native works in real time.
        this.busy = outside === Outside.natives
        await new Promise<void>((resolve) => {
            if (this.woken) return void setImmediate(resolve)
            const target = time === undefined ? undefined : this.now() + time - this.clock.now()
            const forget = target === undefined ? undefined : this.clock.after(target, () => this.wake())
            this.wakeUp = () => {
                forget?.()
                resolve()
            }
        })
        this.wakeUp = undefined
        this.woken = false
        this.busy = true
        this.clock.noticeActivity()
    }

    wake(): void {
        this.woken = true
        this.busy = true
        this.wakeUp?.()
    }

    /** The device does nothing any more. */
    stop(): void {
        this.stopped = true
    }

    isBusy(): boolean {
        return this.busy && !this.stopped
    }
}
