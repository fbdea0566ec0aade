/** What a path does to the datagrams that are sent; probabilities are 0 to 1. */
export interface Impairment {
    loss: number
    duplicate: number
    /** probability that a datagram is held back until the next one has gone, or for HELD_BACK ms */
    reorder: number
    /** ms that each takes longer */
    delay: number
    /** a number from 0 to below 1, each time it is called */
    random: () => number
}

/** Nothing may come after a datagram that is held back: it goes then, ms. */
const HELD_BACK = 100

/** Sends one datagram. */
type Send = () => void

/** One direction of a bad path, as netem makes it. */
export class ImpairedPath {
    private held: Send | undefined
    /** what is to go later, and its timer */
    private waiting = new Map<Send, NodeJS.Timeout>()

    constructor(private impairment: Impairment) {}

    /** @param send sends one datagram; called never, once or twice, at once or later */
    carry(send: Send): void {
        const { loss, duplicate, reorder, random } = this.impairment
        if (random() < loss) return
        if (random() < duplicate) this.later(() => send())
        const before = this.held
        if (random() < reorder && before === undefined) {
            this.held = send
            return this.goAfter(send, HELD_BACK)
        }
        this.later(send)
        if (before !== undefined) this.go(before)
    }

    /** What is still on its way, close_notify perhaps, arrives early instead of never. */
    flush(): void {
        for (const send of [...this.waiting.keys()]) this.go(send)
    }

    private later(send: Send): void {
        const { delay } = this.impairment
        if (delay === 0) send()
        else this.goAfter(send, delay)
    }

    private goAfter(send: Send, time: number): void {
        this.waiting.set(
            send,
            setTimeout(() => this.go(send), time),
        )
    }

    private go(send: Send): void {
        clearTimeout(this.waiting.get(send))
        this.waiting.delete(send)
        if (this.held === send) this.held = undefined
        send()
    }
}
