/**
 * Anti-replay window over received sequence numbers (RFC 6347 §4.1.2.6): 64 wide, in two int32 halves. Check before
 * opening a record, mark after it has verified.
 * @devsWhenUsed
 */
export class ReplayWindow {
    /** highest number marked, -1 before the first */
    top = -1
    low = 0
    high = 0

    /** Whether a record with this number may still be accepted. */
    isFresh(sequence: number): boolean {
        const age = this.top - sequence
        // `>>` takes its count modulo 32.
        return age < 0 || (age < 64 && (((age < 32 ? this.low : this.high) >> age) & 1) === 0)
    }

    /** Whether no number in the window is missing, so that it stays as it is when the next one is marked. */
    isFull(): boolean {
        return this.low === -1 && this.high === -1
    }

    /** Marks the number after the highest one. */
    markNext(): void {
        this.top++
        this.high = (this.high << 1) | (this.low >>> 31)
        this.low = (this.low << 1) | 1
    }

    mark(sequence: number): void {
        // A jump further than the window clears it, so at most 64 steps are needed.
        if (sequence - this.top > 64) this.top = sequence - 64
        while (sequence > this.top) {
            this.markNext()
            // `markNext` has marked it; it is missing unless it is `sequence`.
            this.low = this.low & ~1
        }
        const age = this.top - sequence
        if (age < 32) this.low = this.low | (1 << age)
        else this.high = this.high | (1 << age)
    }
}
