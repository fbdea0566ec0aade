import { Association } from "../association/association.js"
import { AssociationPhase } from "../association/association-state.js"
import { type SavedVersion } from "../association/saved-association.js"
import { FailureReason } from "../handshake/failure.js"
import { EMPTY, equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { type ConnectionIds } from "../handshake/connection-ids.js"
import { findHelloExtension } from "../handshake/hello-extension.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { Discard, DiscardCounters } from "../record/discard.js"
import { Verified } from "../record/record-layer.js"
import { ExtensionType } from "../wire/code-points.js"
import { readRecordHeader } from "../wire/record-header.js"
import { DeadlineHeap } from "./deadline-heap.js"
import { Demultiplexer, PeerIds } from "./demultiplexer.js"
import { type Endpoint, type Reply, type Tables } from "./endpoint.js"
import { type HelloFragment, mayBeginHello, readHelloFragment } from "./hello-fragment.js"
import { type AdmittedHello, type HelloExchange, type NewHelloExchange } from "./hello-exchange.js"
import { Peer, PeerPhase } from "./peer.js"
import { PathChanges } from "./path-changes.js"
import { PeerTable } from "./peer-table.js"
import { sourceHost } from "./source-host.js"
import { type SourceAddress } from "./source-address.js"

/** Attempts to find an unused id. Collisions are frequent only if there are nearly as many peers as ids. */
const MAX_ID_TRIES = 16

/**
 * Many peers on one socket (RFC 6347 §4.2.1, §4.2.8). An unknown peer gets nothing but a cookie.
 * @devsWhenUsed
 */
export class ServerEndpoint implements Endpoint {
    /** drops that belong to no association */
    counters = new DiscardCounters()
    /** an established peer is not replaced even by a new handshake from its own address */
    exclusive = false
    private cookies: HelloExchange
    private heap = new DeadlineHeap()
    private addresses: Demultiplexer
    private paths: PathChanges
    private peers: PeerTable
    private firstReady: Peer | undefined = undefined
    private lastReady: Peer | undefined = undefined

    /**
     * @param newSettings makes the settings of one association; called after the cookie was verified
     * @param tables makes the tables of peers
     * @param newExchange makes the exchange for the versions served
     */
    constructor(
        private newSettings: () => AssociationSettings,
        private common: AssociationSettings,
        tables: Tables,
        now: number,
        newExchange: NewHelloExchange,
    ) {
        const addresses = new Demultiplexer(tables)
        this.addresses = addresses
        this.paths = new PathChanges(addresses)
        this.peers = new PeerTable(common.limits, tables)
        this.cookies = newExchange(common, this.counters, now)
    }

    receive(datagram: Buffer, length: number, from: SourceAddress, now: number): void {
        if (this.addresses.hasIds()) {
            const idAt = this.cookies.idAt(datagram, length)
            if (idAt >= 0) return this.routeById(datagram, length, idAt, from, now)
        }
        const peer = this.addresses.findByAddress(from)
        const fragment = mayBeginHello(datagram, length) ? readHelloFragment(datagram, length) : undefined
        if (fragment !== undefined && this.takeHello(fragment, peer, from, now)) return
        if (peer === undefined) this.counters.add(Discard.unknownPeer)
        else this.route(peer, datagram, length, now)
    }

    /** @param peer the one at the sender's address. @returns false: the fragment is no part of a ClientHello expected now */
    private takeHello(fragment: HelloFragment, peer: Peer | undefined, from: SourceAddress, now: number): boolean {
        const begun = begunBy(fragment, peer)
        if (begun !== undefined) this.deliver(begun, fragment.datagram, fragment.length, now)
        else if (this.cookies.expects(from.key, fragment)) this.verifyHello(fragment, from, now)
        else return false
        return true
    }

    /** Whether a datagram carries the connection id of a peer that is here. */
    knowsIdOf(datagram: Buffer, length: number): boolean {
        const idAt = this.addresses.hasIds() ? this.cookies.idAt(datagram, length) : -1
        return idAt >= 0 && this.addresses.findById(datagram, length, idAt) !== undefined
    }

    /** Until the cookie is verified, no association is made and nothing but its HMAC is computed. */
    private verifyHello(fragment: HelloFragment, from: SourceAddress, now: number): void {
        const hello = this.cookies.take(fragment, from, now)
        if (hello === undefined) return
        if (!this.hasRoomFor(from)) return this.counters.add(Discard.peerLimit)
        const peer = this.admit(hello, from, now)
        this.deliver(peer, hello.datagram, hello.length, now)
    }

    /** With `refuseWhenFull` an established peer gives way only to a new handshake of its own. */
    private hasRoomFor(from: SourceAddress): boolean {
        const { peers, refuseWhenFull } = this.common.limits
        if (!refuseWhenFull || this.peers.establishedCount() < peers) return true
        const current = this.addresses.findByAddress(from)
        return current !== undefined && current.phase === PeerPhase.established && !this.exclusive
    }

    /** Makes the peer. The caller delivers the hello to it. */
    private admit(hello: AdmittedHello, from: SourceAddress, now: number): Peer {
        const current = this.addresses.findByAddress(from)
        // An established peer stays until the new handshake's Finished verifies; a half-open one is replaced at once.
        const established = current !== undefined && current.phase === PeerPhase.established ? current : undefined
        const replaced = established === undefined ? current : established.successor
        if (replaced !== undefined) this.end(replaced, FailureReason.replaced)
        const host = sourceHost(from.key)
        const inTheWay = this.peers.halfOpenInTheWay(host)
        if (inTheWay !== undefined) this.end(inTheWay, FailureReason.evicted)
        const peer = this.newPeer(hello, from, host)
        this.peers.addHalfOpen(peer)
        if (established === undefined) this.addresses.setAddress(peer)
        else {
            established.successor = peer
            peer.predecessor = established
        }
        peer.association.begin(now)
        return peer
    }

    private newPeer(hello: AdmittedHello, from: SourceAddress, host: string): Peer {
        const { sequence, messageSeq, random, role } = hello
        const association = new Association(this.newSettings(), role, messageSeq, sequence)
        const peer = new Peer(from.key, from.address, association, random, messageSeq)
        peer.host = host
        this.giveId(peer)
        return peer
    }

    /**
     * Adds an association that is resumed from a saved state.
     * @param from address where its peer was heard last
     * @returns undefined if it is here already, or another peer has its address
     */
    adopt(association: Association, from: SourceAddress): Peer | undefined {
        const ids = connectionIdsOf(association)
        const isFree = this.addresses.findByAddress(from) === undefined
        const peer = new Peer(from.key, from.address, association, association.parameters.clientRandom, -1)
        if (ids !== undefined && ids.local.length > 0) {
            if (!this.addresses.claimAll(peer, ids.allIds())) return undefined
            ids.registry = new PeerIds(this.addresses, peer)
        } else if (!isFree) return undefined
        peer.host = sourceHost(from.key)
        if (isFree) this.addresses.setAddress(peer)
        this.peers.addHalfOpen(peer)
        this.touched(peer)
        return peer
    }

    /** With connection ids enabled, gives the peer a unique one; if none is found, the peer is known by its address. */
    private giveId(peer: Peer): void {
        const { crypto } = peer.association.settings
        const ids = connectionIdsOf(peer.association)
        if (ids === undefined || ids.local.length === 0) return
        const registry = new PeerIds(this.addresses, peer)
        ids.registry = registry
        for (let tries = 0; tries < MAX_ID_TRIES; tries++) {
            if (registry.claim(ids.local)) return
            ids.local = crypto.random(ids.local.length)
        }
        ids.local = EMPTY
    }

    /**
     * Takes a datagram with a connection id; one with an unknown id is never delivered to the peer at its address. Only
     * the newest verified record moves the address, so neither a forged nor a replayed datagram can (RFC 9146 §6).
     */
    private routeById(datagram: Buffer, length: number, idAt: number, from: SourceAddress, now: number): void {
        const peer = this.addresses.findById(datagram, length, idAt)
        if (peer === undefined) return this.counters.add(Discard.unknownPeer)
        const verified = peer.association.receive(datagram, length, now)
        const isNewest = verified === Verified.newest && peer.phase === PeerPhase.established
        this.paths.heard(peer, from, length, isNewest, now)
        this.delivered(peer, verified)
    }

    /**
     * A datagram with protected records belongs to the established association if it verifies there, otherwise to the
     * new handshake.
     */
    private route(peer: Peer, datagram: Buffer, length: number, now: number): void {
        const next = peer.successor
        if (next === undefined) {
            this.deliver(peer, datagram, length, now)
            return
        }
        const verified = hasProtectedRecord(datagram, length)
            ? this.deliver(peer, datagram, length, now)
            : Verified.none
        if (verified === Verified.none) this.deliver(next, datagram, length, now)
    }

    private deliver(peer: Peer, datagram: Buffer, length: number, now: number): Verified {
        const verified = peer.association.receive(datagram, length, now)
        this.delivered(peer, verified)
        return verified
    }

    private delivered(peer: Peer, verified: Verified): void {
        this.touched(peer)
        if (verified !== Verified.none) this.peers.heardFrom(peer)
    }

    private end(peer: Peer, reason: FailureReason): void {
        peer.association.drop(reason)
        this.touched(peer)
    }

    touched(peer: Peer): void {
        // Fast path: at most its deadline has moved, to a later time, which `tick` finds out.
        const isQuiet =
            peer.phase === PeerPhase.established && peer.candidate === undefined && peer.association.isQuiet()
        if (!isQuiet) this.review(peer)
        this.queue(peer)
    }

    /** Acts on a change of the association's phase, and files its deadline. */
    private review(peer: Peer): void {
        if (peer.phase === PeerPhase.forgotten) return
        const { association } = peer
        if (peer.phase === PeerPhase.halfOpen && association.phase === AssociationPhase.connected) this.establish(peer)
        if (association.phase >= AssociationPhase.closed) this.forget(peer)
        else {
            this.peers.progressed(peer)
            this.heap.update(peer, peer.wantsTickAt())
        }
    }

    private queue(peer: Peer): void {
        if (peer.queued) return
        peer.queued = true
        if (this.lastReady === undefined) this.firstReady = peer
        else this.lastReady.readyBehind = peer
        this.lastReady = peer
    }

    private establish(peer: Peer): void {
        this.peers.establish(peer)
        // The same bytes: the other copy can be freed.
        peer.clientRandom = peer.association.parameters.clientRandom
        const old = peer.predecessor
        if (old !== undefined) {
            peer.predecessor = undefined
            old.successor = undefined
            this.end(old, FailureReason.replaced)
            this.addresses.setAddress(peer)
        }
        this.makeRoom(peer)
    }

    /** An evicted peer is sent close_notify: its session is over, and it may begin a new handshake. */
    private makeRoom(newest: Peer): void {
        const older = this.peers.sessionInTheWay(newest)
        if (older !== undefined) this.evict(older, FailureReason.replaced)
        const { peers, refuseWhenFull } = this.common.limits
        if (this.peers.establishedCount() <= peers) return
        this.counters.add(Discard.peerLimit)
        // Several handshakes may finish and compete for the last place.
        this.evict(refuseWhenFull ? newest : this.peers.heardLongestAgo(), FailureReason.evicted)
    }

    private evict(peer: Peer, reason: FailureReason): void {
        peer.association.sayGoodbye(reason)
        this.touched(peer)
    }

    private forget(peer: Peer): void {
        this.heap.remove(peer)
        this.peers.remove(peer)
        this.addresses.remove(peer)
        if (peer.predecessor !== undefined) peer.predecessor.successor = undefined
        peer.predecessor = undefined
        const next = peer.successor
        peer.successor = undefined
        if (next === undefined) return
        next.predecessor = undefined
        this.addresses.setAddress(next)
    }

    tick(now: number): void {
        this.cookies.tick(now)
        while (this.heap.earliest() <= now) {
            const peer = this.heap.first() as Peer
            const { association } = peer
            association.tick(now)
            this.paths.tick(peer, now)
            // A timer that stays due would keep this loop, and all other peers, from going on.
            if (peer.wantsTickAt() <= now) association.abort("A timer did not move on")
            this.review(peer)
            this.queue(peer)
        }
    }

    deadline(): number {
        return Math.min(this.heap.earliest(), this.cookies.deadline())
    }

    nextReady(): Peer | undefined {
        const peer = this.firstReady
        if (peer === undefined) return undefined
        this.firstReady = peer.readyBehind
        if (this.firstReady === undefined) this.lastReady = undefined
        peer.readyBehind = undefined
        peer.queued = false
        return peer
    }

    nextReply(): Reply | undefined {
        const { replies } = this.cookies
        return replies.length === 0 ? undefined : replies.shift()
    }

    /** Number of established peers. */
    peerCount(): number {
        return this.peers.establishedCount()
    }

    /** Number of handshakes under way. */
    halfOpenCount(): number {
        return this.peers.halfOpenCount()
    }

    /** Number of hellos being reassembled; these are not handshakes yet. */
    partialHelloCount(): number {
        return this.cookies.partialCount()
    }

    /** The versions served, for associations that are resumed from a saved state. */
    savedVersions(): SavedVersion[] {
        return this.cookies.savedVersions()
    }

    /** Erases the cookie secrets; connections close their associations themselves. */
    close(): void {
        this.cookies.close()
    }
}

function connectionIdsOf(association: Association): ConnectionIds | undefined {
    const { extensions } = association.settings
    return findHelloExtension(extensions, ExtensionType.connectionId) as ConnectionIds | undefined
}

/** The peer that this very hello began: our answer was lost, or the network delivers an old hello again. */
function begunBy(fragment: HelloFragment, peer: Peer | undefined): Peer | undefined {
    if (peer === undefined) return undefined
    if (isHelloOf(fragment, peer)) return peer
    return peer.successor !== undefined && isHelloOf(fragment, peer.successor) ? peer.successor : undefined
}

function isHelloOf(fragment: HelloFragment, peer: Peer): boolean {
    const { start, header } = fragment
    // A first hello without a cookie begins no association.
    if (start === undefined || start.cookieLength + header.messageSeq === 0) return false
    return header.messageSeq === peer.helloSeq && equal(peer.clientRandom, start.random)
}

/** Whether any record in the datagram claims an epoch above 0. */
function hasProtectedRecord(datagram: Buffer, length: number): boolean {
    const reader = new Reader(datagram, 0, length)
    while (reader.remaining() > 0) {
        const header = readRecordHeader(reader)
        // In a record with a connection id only the fields up to the epoch are read correctly here.
        if (header !== undefined && header.epoch > 0) return true
        if (header === undefined || header.length > reader.remaining()) return false
        reader.at += header.length
    }
    return false
}
