import { type Totals } from "./metrics.js"

/** Between two samples, ms. */
const INTERVAL = 5000

/** Ten minutes of them. */
const SAMPLES = 120

/** One value for each interval: those that count are what came in it. */
export interface Sample extends Totals {
    /** s since 1970, the end of the interval */
    time: number
}

const COUNTED = ["handshakes", "failures", "retransmissions", "readings"] as const

/** The last minutes of the gateway. */
export class History {
    readonly samples: Sample[] = []
    private before: Totals
    private timer: NodeJS.Timeout

    constructor(private take: () => Totals) {
        this.before = take()
        this.timer = setInterval(() => this.sample(), INTERVAL)
        this.timer.unref()
    }

    sample(): void {
        const now = this.take()
        const sample = { ...now, time: Date.now() / 1000 }
        for (const name of COUNTED) sample[name] = now[name] - this.before[name]
        this.before = now
        this.samples.push(sample)
        if (this.samples.length > SAMPLES) this.samples.shift()
    }

    stop(): void {
        clearInterval(this.timer)
    }
}
