/** Lets so many in at one time; the others wait in the order in which they came. */
export class Gate {
    private inside = 0
    private waiting: (() => void)[] = []

    constructor(private places: number) {}

    async within<T>(task: () => Promise<T>): Promise<T> {
        if (this.inside >= this.places) await new Promise<void>((resolve) => this.waiting.push(resolve))
        else this.inside++
        try {
            return await task()
        } finally {
            const next = this.waiting.shift()
            // The place goes to whoever waited longest.
            if (next === undefined) this.inside--
            else next()
        }
    }
}
