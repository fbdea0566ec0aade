/**
 * The sliding window of received sequence numbers (RFC 6347 §4.1.2.6): 64 wide, in two int32 halves.
 * Check first, mark only what has verified.
 * @devsWhenUsed
 */
export class ReplayWindow {
    /** highest number marked, -1 before the first */
    top = -1
    low = 0
    high = 0

    /** Whether a record of this number may still be accepted. */
    isFresh(sequence: number): boolean {
        const age = this.top - sequence
        // Shifts are by the count modulo 32.
        return age < 0 || (age < 64 && (((age < 32 ? this.low : this.high) >> age) & 1) === 0)
    }

    /** Marks the number that follows the highest one: in order, none missing. */
    markNext(): void {
        this.top++
        this.high = (this.high << 1) | (this.low >>> 31)
        this.low = (this.low << 1) | 1
    }

    mark(sequence: number): void {
        // So many steps take out what was in the window.
        if (sequence - this.top > 64) this.top = sequence - 64
        while (sequence > this.top) {
            this.markNext()
            // It is missing, unless it is this one.
            this.low = this.low & ~1
        }
        const age = this.top - sequence
        if (age < 32) this.low = this.low | (1 << age)
        else this.high = this.high | (1 << age)
    }
}
