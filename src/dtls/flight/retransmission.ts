/** A time that never comes, ms. */
export const NEVER = 0xfffffffffffff

/** How long to wait for an answer, and how often to ask again (RFC 6347 §4.2.4.1). All times in ms. */
export interface RetransmissionProfile {
    /** first timeout of a flight */
    initial: number
    /** each timeout doubles up to this */
    maximum: number
    /** how often a flight is sent again */
    attempts: number
    /** each timeout is lengthened by up to so many 256ths of it, at random: 0 (none) to 256 (up to double) */
    jitter: number
    /** the whole handshake ends after this */
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

/** Payload sizes to fall back to after repeated loss: what fits IPv4's 576-byte and 256-byte paths. */
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
    /** when it fires, ms; NEVER while stopped */
    at = NEVER
    /** timeouts of the current flight so far */
    timeouts = 0
    private timeout = 0

    constructor(private profile: RetransmissionProfile) {}

    /**
     * A new flight was sent.
     * @param jitterByte random, 0 to 255
     */
    start(now: number, jitterByte: number): void {
        this.timeouts = 0
        this.timeout = this.profile.initial
        this.at = now + this.lengthened(jitterByte)
    }

    /** @returns false when the flight has been sent often enough */
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

    /** The flight was sent again for another reason: the same timeout begins anew. */
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
