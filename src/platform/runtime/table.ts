import { type Table } from "../../dtls/endpoint/endpoint.js"

interface Entry<T> {
    key: string
    value: T
}

/** Chains per table: a device has a handful of peers. */
const BUCKETS = 16

/**
 * A small hash table: objects as maps are scanned linearly in DeviceScript.
 * @devsWhenUsed
 */
export class HashTable<T> implements Table<T> {
    private buckets: Entry<T>[][] = []
    private count = 0

    constructor() {
        for (let i = 0; i < BUCKETS; i++) this.buckets.push([])
    }

    get(key: string): T | undefined {
        const entry = this.find(key)
        return entry === undefined ? undefined : entry.value
    }

    set(key: string, value: T): void {
        const entry = this.find(key)
        if (entry !== undefined) {
            entry.value = value
            return
        }
        this.bucket(key).push({ key, value })
        this.count++
    }

    delete(key: string): void {
        if (this.find(key) === undefined) return
        this.buckets[hash(key)] = this.bucket(key).filter((entry) => entry.key !== key)
        this.count--
    }

    size(): number {
        return this.count
    }

    private find(key: string): Entry<T> | undefined {
        for (const entry of this.bucket(key)) {
            if (entry.key === key) return entry
        }
        return undefined
    }

    private bucket(key: string): Entry<T>[] {
        return this.buckets[hash(key)] as Entry<T>[]
    }
}

function hash(key: string): number {
    let sum = 0
    for (let i = 0; i < key.length; i++) sum = (sum * 31 + key.charCodeAt(i)) & 0xffff
    return sum & (BUCKETS - 1)
}
