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
        if (sequence > this.top) return true
        const age = this.top - sequence
        if (age >= 64) return false
        return age < 32 ? ((this.low >> age) & 1) === 0 : ((this.high >> (age - 32)) & 1) === 0
    }

    /** Marks the number that follows the highest one: in order, none missing. */
    markNext(): void {
        this.top++
        this.high = (this.high << 1) | (this.low >>> 31)
        this.low = (this.low << 1) | 1
    }

    mark(sequence: number): void {
        if (sequence > this.top) {
            this.shift(sequence - this.top)
            this.top = sequence
        }
        const age = this.top - sequence
        if (age < 32) this.low = this.low | (1 << age)
        else this.high = this.high | (1 << (age - 32))
    }

    private shift(by: number): void {
        if (by >= 64) {
            this.low = 0
            this.high = 0
        } else if (by >= 32) {
            this.high = this.low << (by - 32)
            this.low = 0
        } else {
            this.high = (this.high << by) | (this.low >>> (32 - by))
            this.low = this.low << by
        }
    }
}
