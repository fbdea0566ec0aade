/* A chained hash table of records: inserts, looks up, deletes. */
import { addTo, measure } from "./measure.js"

const BUCKETS = 32
const RECORDS = 96
const STEPS = 2000

class TableRecord {
    constructor(
        readonly key: number,
        public value: number,
        public next: TableRecord | undefined,
    ) {}
}

class Table {
    count = 0
    private readonly buckets: (TableRecord | undefined)[] = []

    constructor() {
        for (let i = 0; i < BUCKETS; i++) this.buckets.push(undefined)
    }

    bucketOf(key: number): number {
        return (key ^ (key >> 5)) & (BUCKETS - 1)
    }

    find(key: number): TableRecord | undefined {
        let at = this.buckets[this.bucketOf(key)]
        while (at !== undefined && at.key !== key) at = at.next
        return at
    }

    insert(key: number, value: number): void {
        if (this.count === RECORDS) return
        const bucket = this.bucketOf(key)
        this.buckets[bucket] = new TableRecord(key, value, this.buckets[bucket])
        this.count++
    }

    delete(key: number): void {
        const bucket = this.bucketOf(key)
        let before: TableRecord | undefined = undefined
        let at = this.buckets[bucket]
        while (at !== undefined && at.key !== key) {
            before = at
            at = at.next
        }
        if (at === undefined) return
        if (before === undefined) this.buckets[bucket] = at.next
        else before.next = at.next
        this.count--
    }
}

function steps(): number {
    const table = new Table()
    let sum = 0
    let random = 1
    for (let step = 0; step < STEPS; step++) {
        random = addTo(random, 12345 + step)
        const key = (random >> 4) & 127
        const found = table.find(key)
        if (found === undefined) table.insert(key, step)
        else if ((random & 3) === 0) table.delete(key)
        else found.value = addTo(found.value, step)
        sum = addTo(sum, found === undefined ? table.count : found.value)
    }
    return sum
}

measure(steps)
