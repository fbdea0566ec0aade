import { copyOf } from "../bytes/bytes.js"
import { ContentType } from "../wire/code-points.js"
import { type SourceAddress, type Table, type Tables } from "./endpoint.js"
import { type Peer } from "./peer.js"

/** Where a connection id begins in a record (RFC 9146 §4). */
const ID_AT = 11

/**
 * Finds the peer that a datagram belongs to: by the connection id of its first record (RFC 9146 §6), else by its source
 * address (RFC 6347 §4.1.2).
 * @devsWhenUsed
 */
export class Demultiplexer {
    private byAddress: Table<Peer>
    private byId: Table<Peer>
    /** of every id of this endpoint, bytes; 0: there are none */
    private idLength = 0

    constructor(tables: Tables) {
        this.byAddress = tables.newTable()
        this.byId = tables.newTable()
    }

    find(from: SourceAddress): Peer | undefined {
        return this.byAddress.get(from.key)
    }

    /** Whether the datagram's first record has an id, so that its address says nothing. */
    isById(datagram: Buffer, length: number): boolean {
        return this.idLength > 0 && length > 0 && datagram[0] === ContentType.tls12Cid
    }

    /** The peer whose id the datagram's first record carries. */
    findById(datagram: Buffer, length: number): Peer | undefined {
        const end = ID_AT + this.idLength
        return length < end ? undefined : this.byId.get(copyOf(datagram, ID_AT, end).toString("hex"))
    }

    hasId(id: Buffer): boolean {
        return this.byId.get(id.toString("hex")) !== undefined
    }

    /** @param id 1 to 255 bytes, as long as that of every other peer */
    setId(peer: Peer, id: Buffer): void {
        this.idLength = id.length
        peer.connectionId = id.toString("hex")
        this.byId.set(peer.connectionId, peer)
    }

    /** From now on datagrams from its address are this peer's. */
    setAddress(peer: Peer): void {
        this.byAddress.set(peer.key, peer)
    }

    /** The peer is at another address; whoever is known there keeps it, for this one has its id. */
    move(peer: Peer, to: SourceAddress): void {
        this.forgetAddress(peer)
        peer.key = to.key
        peer.address = to.address
        if (this.find(to) === undefined) this.setAddress(peer)
    }

    remove(peer: Peer): void {
        this.forgetAddress(peer)
        if (peer.connectionId !== undefined) this.byId.delete(peer.connectionId)
    }

    /** Does nothing where another peer has taken the place. */
    private forgetAddress(peer: Peer): void {
        if (this.byAddress.get(peer.key) === peer) this.byAddress.delete(peer.key)
    }
}
