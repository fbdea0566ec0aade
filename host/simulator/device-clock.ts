import { performance } from "node:perf_hooks"

/** External events that a waiting program may receive. */
export enum Outside {
    /** none: only the program's own timers */
    nothing,
    /** a datagram, or bytes of a stream */
    datagrams,
    /** the result of a native that the program waits for */
    natives,
}

/** The clock of a simulated device. */
export interface DeviceClock {
    /** ms since the device was created, a whole number */
    now(): number
    /** Returns after `time` ms, or at once if it was woken since it last slept. @param time undefined: no limit */
    sleep(time: number | undefined, outside: Outside): Promise<void>
    /** Ends `sleep`, because something happened. */
    wake(): void
}

/** Waits in real time. */
class Pause {
    private woken = false
    private wakeUp: (() => void) | undefined

    wake(): void {
        this.woken = true
        this.wakeUp?.()
    }

    /** @returns whether it was woken before the time was over */
    async sleep(time: number | undefined): Promise<boolean> {
        await new Promise<void>((resolve) => {
            let timer: NodeJS.Timeout | undefined
            const done = (): void => {
                clearTimeout(timer)
                this.wakeUp = undefined
                resolve()
            }
            if (this.woken || (time !== undefined && time <= 0)) return void setImmediate(done)
            this.wakeUp = done
            if (time !== undefined) timer = setTimeout(done, Math.min(time, 0x7fffffff))
        })
        const { woken } = this
        this.woken = false
        return woken
    }
}

/** The clock of this computer. */
export class RealClock implements DeviceClock {
    private pause = new Pause()
    private start = performance.now()

    now(): number {
        return Math.floor(performance.now() - this.start)
    }

    async sleep(time: number | undefined): Promise<void> {
        await this.pause.sleep(time)
    }

    wake(): void {
        this.pause.wake()
    }
}

/**
 * Real time that a jumping clock waits for datagrams, ms, and the number of event loop turns over which it is spread.
 */
const GRACE = 20
const TURNS = 4

/**
 * Virtual time: sleeping takes no real time, or a little while sockets are open, because datagrams arrive in real time.
 * The wait is spread over several turns of the event loop, because within a turn timers run before I/O: a single timer
 * could expire in a long turn before anything has checked for datagrams.
 */
export class JumpingClock implements DeviceClock {
    private pause = new Pause()
    private time = 0

    now(): number {
        return this.time
    }

    async sleep(time: number | undefined, outside: Outside): Promise<void> {
        const target = time === undefined ? undefined : this.time + Math.max(0, time)
        const isEndless = target === undefined || outside === Outside.natives
        const woken = isEndless ? await this.pause.sleep(undefined) : await this.hasNews(outside)
        if (!woken && target !== undefined) this.time = target
    }

    /** Waits for external events before time jumps. */
    private async hasNews(outside: Outside): Promise<boolean> {
        if (outside === Outside.nothing) return await this.pause.sleep(0)
        for (let i = 0; i < TURNS; i++) if (await this.pause.sleep(GRACE / TURNS)) return true
        return false
    }

    wake(): void {
        this.pause.wake()
    }
}
