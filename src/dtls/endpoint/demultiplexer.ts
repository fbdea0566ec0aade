import { copyOf } from "../bytes/bytes.js"
import { type IdRegistry } from "../handshake/connection-ids.js"
import { type Table, type Tables } from "./endpoint.js"
import { type Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/**
 * Finds the peer to which a datagram belongs: by the connection id of its first record (RFC 9146 §6), otherwise by
 * source address (RFC 6347 §4.1.2).
 * @devsWhenUsed
 */
export class Demultiplexer {
    private byAddress: Table<Peer>
    private byId: Table<Peer>
    /** length of every id of this endpoint, bytes; 0: there are none */
    private idLength = 0

    constructor(tables: Tables) {
        this.byAddress = tables.newTable()
        this.byId = tables.newTable()
    }

    findByAddress(from: SourceAddress): Peer | undefined {
        return this.byAddress.get(from.key)
    }

    /** Whether any peer has an id. */
    hasIds(): boolean {
        return this.idLength > 0
    }

    /** The peer whose id is at `at` in a datagram. */
    findById(datagram: Buffer, length: number, at: number): Peer | undefined {
        const end = at + this.idLength
        return length < end ? undefined : this.byId.get(copyOf(datagram, at, end).toString("hex"))
    }

    /**
     * @param id 1 to 255 bytes, as long as every other peer's
     * @returns false: another peer has it
     */
    claimId(peer: Peer, id: Buffer): boolean {
        const digits = id.toString("hex")
        if (this.byId.get(digits) !== undefined) return false
        this.idLength = id.length
        peer.connectionIds.push(digits)
        this.byId.set(digits, peer)
        return true
    }

    /** @returns false: another peer has one of them, so none was claimed */
    claimAll(peer: Peer, ids: Buffer[]): boolean {
        for (const id of ids) {
            if (this.byId.get(id.toString("hex")) !== undefined) return false
        }
        for (const id of ids) this.claimId(peer, id)
        return true
    }

    releaseId(peer: Peer, id: Buffer): void {
        const digits = id.toString("hex")
        peer.connectionIds = peer.connectionIds.filter((other) => other !== digits)
        this.byId.delete(digits)
    }

    /** Datagrams from the peer's address belong to it from now on. */
    setAddress(peer: Peer): void {
        this.byAddress.set(peer.key, peer)
    }

    /** Moves the peer to another address. A peer already known there keeps it: this one is found by its id. */
    move(peer: Peer, to: SourceAddress): void {
        this.forgetAddress(peer)
        peer.key = to.key
        peer.address = to.address
        if (this.findByAddress(to) === undefined) this.setAddress(peer)
    }

    remove(peer: Peer): void {
        this.forgetAddress(peer)
        for (const id of peer.connectionIds) this.byId.delete(id)
    }

    /** Does nothing if another peer has taken over the address. */
    private forgetAddress(peer: Peer): void {
        if (this.byAddress.get(peer.key) === peer) this.byAddress.delete(peer.key)
    }
}

/**
 * One peer's ids, in the table of all peers' ids.
 * @devsWhenUsed
 */
export class PeerIds implements IdRegistry {
    constructor(
        private addresses: Demultiplexer,
        private peer: Peer,
    ) {}

    claim(id: Buffer): boolean {
        return this.addresses.claimId(this.peer, id)
    }

    release(id: Buffer): void {
        this.addresses.releaseId(this.peer, id)
    }
}
