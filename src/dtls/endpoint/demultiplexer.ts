import { type SourceAddress, type Table, type Tables } from "./endpoint.js"
import { type Peer } from "./peer.js"

/**
 * Finds the peer that a datagram belongs to, by its source address (RFC 6347 §4.1.2).
 * @devsWhenUsed
 */
export class Demultiplexer {
    private byAddress: Table<Peer>

    constructor(tables: Tables) {
        this.byAddress = tables.newTable()
    }

    find(from: SourceAddress): Peer | undefined {
        return this.byAddress.get(from.key)
    }

    /** From now on datagrams from its address are this peer's. */
    setAddress(peer: Peer): void {
        this.byAddress.set(peer.key, peer)
    }

    /** Does nothing where another peer has taken the place. */
    remove(peer: Peer): void {
        if (this.byAddress.get(peer.key) === peer) this.byAddress.delete(peer.key)
    }
}
