/** What a swarm did. */
export class Tally {
    handshakes = 0
    failedHandshakes = 0
    /** requests that were begun, each with its repetitions */
    posted = 0
    acknowledged = 0
    /** answered with 5.03: posted again later */
    delayed = 0
    /** answered with any other error: posted again later, too */
    refused = 0
    /** without an answer, after all repetitions: a handshake follows */
    unanswered = 0
    /** sessions that went on at another address */
    moved = 0
    /** how often each thing went wrong, by sentence */
    readonly troubles = new Map<string, number>()
    private times: number[] = []

    /** @param time from the first datagram to the answer, ms */
    answered(time: number): void {
        this.acknowledged++
        this.times.push(time)
    }

    /** @returns whether it is the first of its kind */
    trouble(sentence: string): boolean {
        const before = this.troubles.get(sentence) ?? 0
        this.troubles.set(sentence, before + 1)
        return before === 0
    }

    /** ms from a reading's first datagram to its acknowledgement: median, 99th percentile and most; null: there was none */
    roundTrips(): { p50: number; p99: number; max: number } | null {
        const sorted = [...this.times].sort((a, b) => a - b)
        const at = (part: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * part)] * 10) / 10
        return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) }
    }
}
