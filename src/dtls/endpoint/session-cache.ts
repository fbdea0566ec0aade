import { copyOf, wipe } from "../bytes/bytes.js"
import { type SessionStore } from "../handshake/session.js"
import { type Table, type Tables } from "./endpoint.js"
import { LinkedList, ListNode } from "./linked-list.js"

interface CachedSession {
    key: string
    session: Buffer
}

/**
 * Sessions in memory, with a limited capacity; the least recently used one is evicted first.
 * @devsWhenUsed
 */
export class SessionCache implements SessionStore {
    private table: Table<ListNode<CachedSession>>
    private order = new LinkedList<CachedSession>()

    /** @param capacity sessions, 1 or more; each takes about 200 bytes and the peer's credentials */
    constructor(
        tables: Tables,
        private capacity: number,
    ) {
        this.table = tables.newTable<ListNode<CachedSession>>()
    }

    load(key: string): Buffer | undefined {
        const node = this.table.get(key)
        if (node === undefined) return undefined
        this.order.append(node)
        const { session } = node.item
        return copyOf(session, 0, session.length)
    }

    save(key: string, session: Buffer): void {
        this.remove(key)
        const oldest = this.order.oldest()
        if (oldest !== undefined && this.order.size >= this.capacity) this.remove(oldest.key)
        const node = new ListNode<CachedSession>({ key, session: copyOf(session, 0, session.length) })
        this.table.set(key, node)
        this.order.append(node)
    }

    remove(key: string): void {
        const node = this.table.get(key)
        if (node === undefined) return
        node.remove()
        this.table.delete(key)
        wipe(node.item.session)
    }

    count(): number {
        return this.order.size
    }

    /** Erases all of them. */
    clear(): void {
        for (let oldest = this.order.oldest(); oldest !== undefined; oldest = this.order.oldest())
            this.remove(oldest.key)
    }
}
