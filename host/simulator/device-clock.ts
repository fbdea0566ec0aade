import { performance } from "node:perf_hooks"

/** What may happen outside of a device while its program waits. */
export enum Outside {
    /** nothing: only the program's own timers */
    nothing,
    /** a datagram may come, or bytes of a stream */
    datagrams,
    /** a native works on what the program waits for */
    natives,
}

/** The time of a simulated device. */
export interface DeviceClock {
    /** ms since the device was made, a whole number */
    now(): number
    /** Returns when `time` ms are over, or at once when it was woken since it last slept. @param time undefined: for ever */
    sleep(time: number | undefined, outside: Outside): Promise<void>
    /** Something happened: it is time to look. */
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

    /** @returns whether it was woken, before the time was over */
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

/** Real milliseconds that a jumping clock waits for datagrams, and in how many turns of the event loop. */
const GRACE = 20
const TURNS = 4

/**
 * Sleeping takes no time; while sockets are open, a little, since datagrams come in real time. It waits in turns, since timers come
 * before datagrams in a turn: where a turn takes long, that time is over before anybody has looked whether something came.
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

    /** Whether something happens outside before time jumps. */
    private async hasNews(outside: Outside): Promise<boolean> {
        if (outside === Outside.nothing) return await this.pause.sleep(0)
        for (let i = 0; i < TURNS; i++) if (await this.pause.sleep(GRACE / TURNS)) return true
        return false
    }

    wake(): void {
        this.pause.wake()
    }
}
