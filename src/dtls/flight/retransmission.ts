/** A time that never comes, ms. */
export const NEVER = 0xfffffffffffff

/** How long to wait for an answer, and how often to retransmit (RFC 6347 §4.2.4.1). All times in ms. */
export interface RetransmissionProfile {
    /** first timeout of a flight */
    initial: number
    /** upper limit; the timeout doubles each time up to it */
    maximum: number
    /** how often a flight is retransmitted */
    attempts: number
    /** random addition to each timeout, in 256ths of it: 0 (none) to 256 (up to double) */
    jitter: number
    /** time limit for the whole handshake */
    deadline: number
    /** timeouts of one flight after which the datagrams become smaller (RFC 6347 §4.1.1.1) */
    shrinkAfter: number
}

/** 1 s, doubling to 60 s: RFC 6347 §4.2.4.1. Gives up after 64 s. */
export function wifi(): RetransmissionProfile {
    return { initial: 1000, maximum: 60000, attempts: 7, jitter: 26, deadline: 64000, shrinkAfter: 2 }
}

/** 9 s for networks whose round trips take seconds: RFC 7925 §11. Gives up after 5 minutes. */
export function cellular(): RetransmissionProfile {
    return { initial: 9000, maximum: 60000, attempts: 7, jitter: 26, deadline: 300000, shrinkAfter: 2 }
}

/** Smaller payload sizes after repeated loss: those that fit IPv4 paths with an MTU of 576 and 256 bytes. */
export function smallerBudget(budget: number, timeouts: number, shrinkAfter: number): number {
    if (timeouts >= shrinkAfter + 2) return Math.min(budget, 228)
    if (timeouts >= shrinkAfter) return Math.min(budget, 548)
    return budget
}

/**
 * The retransmission timer of one flight.
 * @devsWhenUsed
 */
export class RetransmissionTimer {
    /** when it expires, ms; NEVER while stopped */
    at = NEVER
    /** timeouts of the current flight so far */
    timeouts = 0
    private timeout = 0

    constructor(private profile: RetransmissionProfile) {}

    /**
     * Starts the timer for a new flight.
     * @param jitterByte random, 0 to 255
     */
    start(now: number, jitterByte: number): void {
        this.timeouts = 0
        this.timeout = this.profile.initial
        this.at = now + this.lengthened(jitterByte)
    }

    /** @returns false if the flight has been sent often enough */
    expire(now: number, jitterByte: number): boolean {
        this.timeouts++
        if (this.timeouts > this.profile.attempts) {
            this.at = NEVER
            return false
        }
        this.timeout = Math.min(this.timeout * 2, this.profile.maximum)
        this.at = now + this.lengthened(jitterByte)
        return true
    }

    /** Starts the same timeout again: the flight was retransmitted for another reason. */
    restart(now: number, jitterByte: number): void {
        if (this.at < NEVER) this.at = now + this.lengthened(jitterByte)
    }

    stop(): void {
        this.at = NEVER
    }

    private lengthened(jitterByte: number): number {
        return this.timeout + ((((this.timeout * this.profile.jitter) >> 8) * jitterByte) >> 8)
    }
}
