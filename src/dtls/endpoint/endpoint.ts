import { type Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/** A table with string keys: `Map` in Node, a small hash table on a device. */
export interface Table<T> {
    get(key: string): T | undefined
    set(key: string, value: T): void
    delete(key: string): void
    size(): number
}

/** Makes tables; implemented by the platform's services. */
export interface Tables {
    newTable<T>(): Table<T>
}

/** A datagram that belongs to no association: a reply to an unknown peer's hello. */
export interface Reply {
    data: Buffer
    address: unknown
}

/**
 * All peers of one socket: which association a datagram belongs to, and whose deadline is next. Free of I/O like the
 * associations: after every call drain `nextReply` and, for every `nextReady`, its association's `poll`. Input never
 * makes it throw; an exception from a platform's cryptography ends only the peer concerned.
 */
export interface Endpoint {
    receive(datagram: Buffer, length: number, from: SourceAddress, now: number): void
    /** Runs the timers that are due at `now`. */
    tick(now: number): void
    /** when `tick` has to be called next, ms */
    deadline(): number
    /** a peer whose association may have output */
    nextReady(): Peer | undefined
    nextReply(): Reply | undefined
    /** The application called the peer's association directly: check its state and deadline again. */
    touched(peer: Peer): void
}
