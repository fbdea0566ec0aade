import { Association, AssociationState } from "../association/association.js"
import { FailureReason } from "../handshake/failure.js"
import { equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { serverRole } from "../handshake/server.js"
import { Discard, DiscardCounters } from "../record/discard.js"
import { readRecordHeader } from "../wire/record-header.js"
import { DeadlineHeap } from "./deadline-heap.js"
import { type Endpoint, type Reply, type Source, type Tables } from "./endpoint.js"
import { type HelloFragment, readHelloFragment } from "./hello-fragment.js"
import { type AdmittedHello, HelloGate } from "./hello-gate.js"
import { Peer, PeerPhase } from "./peer.js"
import { PeerTable } from "./peer-table.js"
import { sourceHost } from "./source-host.js"

/**
 * Many peers on one socket (RFC 6347 §4.2.1, §4.2.8). An unknown peer gets nothing but a cookie.
 * @devsWhenUsed
 */
export class ServerEndpoint implements Endpoint {
    /** drops that belong to no association */
    counters = new DiscardCounters()
    /** an established peer is not even replaced by a new handshake from its own address */
    exclusive = false
    private gate: HelloGate
    private heap = new DeadlineHeap()
    private peers: PeerTable
    private firstReady: Peer | undefined
    private lastReady: Peer | undefined

    /**
     * @param newSettings makes the settings of one association; called after the cookie verified
     * @param tables makes the tables of peers
     */
    constructor(
        private newSettings: () => AssociationSettings,
        private common: AssociationSettings,
        tables: Tables,
        now: number,
    ) {
        this.gate = new HelloGate(common, this.counters, now)
        this.peers = new PeerTable(common.limits, tables)
    }

    receive(datagram: Buffer, length: number, from: Source, now: number): void {
        const peer = this.peers.at(from.key)
        const fragment = readHelloFragment(datagram, length)
        const begun = fragment === undefined ? undefined : begunBy(fragment, peer)
        if (begun !== undefined) this.deliver(begun, datagram, length, now)
        else if (fragment !== undefined && this.gate.expects(from.key, fragment)) this.takeHello(fragment, from, now)
        else if (peer === undefined) this.counters.add(Discard.stranger)
        else this.route(peer, datagram, length, now)
    }

    /** Before the cookie verifies no association is made and nothing but its HMAC is computed. */
    private takeHello(fragment: HelloFragment, from: Source, now: number): void {
        const hello = this.gate.take(fragment, from, now)
        if (hello === undefined) return
        if (!this.hasRoomFor(from)) return this.counters.add(Discard.peerLimit)
        const peer = this.admit(hello, from, now)
        this.deliver(peer, hello.datagram, hello.length, now)
    }

    /** With `refuseWhenFull` only a peer's own new handshake may take the place of an established one. */
    private hasRoomFor(from: Source): boolean {
        const { peers, refuseWhenFull } = this.common.limits
        if (!refuseWhenFull || this.peers.establishedCount() < peers) return true
        const current = this.peers.at(from.key)
        return current !== undefined && current.phase === PeerPhase.established && !this.exclusive
    }

    /** The hello is still to be delivered, which also starts the peer's timers. */
    private admit(hello: AdmittedHello, from: Source, now: number): Peer {
        const current = this.peers.at(from.key)
        // An established peer stays until the new handshake's Finished verifies; a half-open one gives way at once.
        const established = current !== undefined && current.phase === PeerPhase.established ? current : undefined
        const replaced = established === undefined ? current : established.successor
        if (replaced !== undefined) this.end(replaced, FailureReason.replaced)
        const host = sourceHost(from.key)
        const inTheWay = this.peers.halfOpenInTheWay(host)
        if (inTheWay !== undefined) this.end(inTheWay, FailureReason.evicted)
        const peer = this.newPeer(hello, from, host)
        this.peers.addHalfOpen(peer)
        if (established === undefined) this.peers.setAddress(peer)
        else {
            established.successor = peer
            peer.predecessor = established
        }
        peer.association.begin(now)
        return peer
    }

    private newPeer(hello: AdmittedHello, from: Source, host: string): Peer {
        const { sequence, messageSeq, random } = hello
        const association = new Association(this.newSettings(), serverRole(), messageSeq, sequence)
        const peer = new Peer(from.key, from.address, association, random, messageSeq)
        peer.host = host
        return peer
    }

    /** A datagram with protected records is the established association's if it verifies there, else the new handshake's. */
    private route(peer: Peer, datagram: Buffer, length: number, now: number): void {
        const next = peer.successor
        if (next === undefined) return this.deliver(peer, datagram, length, now)
        if (hasProtectedRecord(datagram, length) && this.take(peer, datagram, length, now) > 0) return
        this.deliver(next, datagram, length, now)
    }

    private deliver(peer: Peer, datagram: Buffer, length: number, now: number): void {
        this.take(peer, datagram, length, now)
    }

    /** @returns how many records verified */
    private take(peer: Peer, datagram: Buffer, length: number, now: number): number {
        const verified = peer.association.receive(datagram, length, now)
        this.touched(peer)
        if (verified > 0) this.peers.heardFrom(peer)
        return verified
    }

    private end(peer: Peer, reason: FailureReason): void {
        peer.association.drop(reason)
        this.touched(peer)
    }

    touched(peer: Peer): void {
        if (peer.phase === PeerPhase.forgotten) return this.queue(peer)
        const { association } = peer
        if (peer.phase === PeerPhase.halfOpen && association.state === AssociationState.connected) this.establish(peer)
        if (association.state >= AssociationState.closed) this.forget(peer)
        else {
            this.peers.progressed(peer)
            this.heap.update(peer, association.deadline())
        }
        this.queue(peer)
    }

    private queue(peer: Peer): void {
        if (peer.queued) return
        peer.queued = true
        if (this.lastReady === undefined) this.firstReady = peer
        else this.lastReady.nextReady = peer
        this.lastReady = peer
    }

    private establish(peer: Peer): void {
        this.peers.establish(peer)
        // The same bytes; one copy will do.
        peer.clientRandom = peer.association.parameters.clientRandom
        const old = peer.predecessor
        if (old !== undefined) {
            peer.predecessor = undefined
            old.successor = undefined
            this.end(old, FailureReason.replaced)
            this.peers.setAddress(peer)
        }
        this.makeRoom(peer)
    }

    /** Whoever gives way is told with close_notify: its session is over, and its next handshake is welcome. */
    private makeRoom(newest: Peer): void {
        const older = this.peers.sessionInTheWay(newest)
        if (older !== undefined) this.dismiss(older, FailureReason.replaced)
        const { peers, refuseWhenFull } = this.common.limits
        if (this.peers.establishedCount() <= peers) return
        this.counters.add(Discard.peerLimit)
        // Several handshakes may finish for the last place.
        this.dismiss(refuseWhenFull ? newest : this.peers.heardLongestAgo(), FailureReason.evicted)
    }

    private dismiss(peer: Peer, reason: FailureReason): void {
        peer.association.sayGoodbye(reason)
        this.touched(peer)
    }

    private forget(peer: Peer): void {
        this.heap.remove(peer)
        this.peers.remove(peer)
        if (peer.predecessor !== undefined) peer.predecessor.successor = undefined
        peer.predecessor = undefined
        const next = peer.successor
        peer.successor = undefined
        if (next === undefined) return
        next.predecessor = undefined
        this.peers.setAddress(next)
    }

    tick(now: number): void {
        this.gate.tick(now)
        while (this.heap.earliest() <= now) {
            const peer = this.heap.first() as Peer
            const { association } = peer
            association.tick(now)
            // A timer that stays due would keep this loop, and with it all other peers, from going on.
            if (association.deadline() <= now) association.abort("A timer did not move on")
            this.touched(peer)
        }
    }

    deadline(): number {
        return Math.min(this.heap.earliest(), this.gate.deadline())
    }

    nextReady(): Peer | undefined {
        const peer = this.firstReady
        if (peer === undefined) return undefined
        this.firstReady = peer.nextReady
        if (this.firstReady === undefined) this.lastReady = undefined
        peer.nextReady = undefined
        peer.queued = false
        return peer
    }

    nextReply(): Reply | undefined {
        return this.gate.nextReply()
    }

    /** Established peers. */
    peerCount(): number {
        return this.peers.establishedCount()
    }

    /** Handshakes under way. */
    halfOpenCount(): number {
        return this.peers.halfOpenCount()
    }

    /** Hellos that are being put together from fragments: no handshakes yet. */
    partialHelloCount(): number {
        return this.gate.partialCount()
    }

    /** Erases the cookie secrets; the associations are their connections' to close. */
    close(): void {
        this.gate.close()
    }
}

/** The peer that this very hello began: our answer to it was lost, or the network repeats an old one. */
function begunBy(fragment: HelloFragment, peer: Peer | undefined): Peer | undefined {
    if (peer === undefined) return undefined
    if (isHelloOf(fragment, peer)) return peer
    return peer.successor !== undefined && isHelloOf(fragment, peer.successor) ? peer.successor : undefined
}

function isHelloOf(fragment: HelloFragment, peer: Peer): boolean {
    const { start, header } = fragment
    if (start === undefined || start.cookieLength === 0) return false
    return header.messageSeq === peer.helloSeq && equal(peer.clientRandom, start.random)
}

/** Whether any record of the datagram claims an epoch above 0. */
function hasProtectedRecord(datagram: Buffer, length: number): boolean {
    const reader = new Reader(datagram, 0, length)
    while (reader.remaining() > 0) {
        const header = readRecordHeader(reader)
        if (header === undefined || header.length > reader.remaining()) return false
        if (header.epoch > 0) return true
        reader.at += header.length
    }
    return false
}
