import { type Table } from "../../dtls/endpoint/endpoint.js"

interface Entry<T> {
    key: string
    value: T
}

/**
 * A list of keys and values: a device has only a few peers, and the machine searches an object used as a map linearly
 * as well.
 * @devsWhenUsed
 */
export class ListTable<T> implements Table<T> {
    private entries: Entry<T>[] = []

    get(key: string): T | undefined {
        for (const entry of this.entries) {
            if (entry.key === key) return entry.value
        }
        return undefined
    }

    set(key: string, value: T): void {
        for (const entry of this.entries) {
            if (entry.key === key) {
                entry.value = value
                return
            }
        }
        this.entries.push({ key, value })
    }

    delete(key: string): void {
        this.entries = this.entries.filter((entry) => entry.key !== key)
    }

    size(): number {
        return this.entries.length
    }
}
