import { type Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/** Get, set, delete by string: `Map` in Node, a small hash on a device. */
export interface Table<T> {
    get(key: string): T | undefined
    set(key: string, value: T): void
    delete(key: string): void
    size(): number
}

/** Makes tables; the platform's services do. */
export interface Tables {
    newTable<T>(): Table<T>
}

/** A datagram that belongs to no association: the answer to the hello of an unknown peer. */
export interface Reply {
    data: Buffer
    address: unknown
}

/**
 * One socket's worth of peers: which association a datagram belongs to, and which one is due next.
 * As pure as the associations: after every call drain `nextReply` and, for every `nextReady`, its association's `poll`.
 * What arrives never makes it throw; what a platform's cryptography throws ends the one peer it was working for.
 */
export interface Endpoint {
    receive(datagram: Buffer, length: number, from: SourceAddress, now: number): void
    /** Runs the timers that are due at `now`. */
    tick(now: number): void
    /** the next time at which `tick` is wanted, ms */
    deadline(): number
    /** a peer whose association may have output */
    nextReady(): Peer | undefined
    nextReply(): Reply | undefined
    /** The application called the peer's association itself: look at its state and deadline again. */
    touched(peer: Peer): void
}
