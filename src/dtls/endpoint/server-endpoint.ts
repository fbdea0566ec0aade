import { Association, AssociationState } from "../association/association.js"
import { FailureReason } from "../handshake/failure.js"
import { equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { serverRole } from "../handshake/server.js"
import { Discard, DiscardCounters } from "../record/discard.js"
import { readRecordHeader } from "../wire/record-header.js"
import { DeadlineHeap } from "./deadline-heap.js"
import { type Endpoint, type Reply, type Source, type Table } from "./endpoint.js"
import { type FirstFragment, HelloGate, readFirstFragment } from "./hello-gate.js"
import { Peer, PeerPhase } from "./peer.js"

/**
 * Many peers on one socket (RFC 6347 §4.2.1, §4.2.8). Strangers get nothing but a cookie.
 * @devsWhenUsed
 */
export class ServerEndpoint implements Endpoint {
    /** drops that belong to no association */
    counters = new DiscardCounters()
    /** an established peer is not even replaced by a new handshake from its own address */
    exclusive = false
    private gate: HelloGate
    private heap = new DeadlineHeap()
    /** handshakes under way, oldest first */
    private halfOpen: Peer[] = []
    private established = 0
    private firstReady: Peer | undefined
    private lastReady: Peer | undefined
    private replies: Reply[] = []

    /**
     * @param newSettings makes the settings of one association; called after the cookie verified
     * @param table empty; it belongs to this endpoint from now on
     */
    constructor(
        private newSettings: () => AssociationSettings,
        private common: AssociationSettings,
        private table: Table<Peer>,
        now: number,
    ) {
        this.gate = new HelloGate(common.crypto, now)
    }

    receive(datagram: Buffer, length: number, from: Source, now: number): void {
        const peer = this.table.get(from.key)
        const hello = readFirstFragment(datagram, length)
        const begun = hello === undefined ? undefined : begunBy(hello, peer)
        if (begun !== undefined) this.give(begun, datagram, length, now)
        else if (hello !== undefined) this.meet(hello, datagram, length, from, now)
        else if (peer === undefined) this.counters.add(Discard.stranger)
        else this.hand(peer, datagram, length, now)
    }

    /** Before the cookie verifies nothing is kept and nothing but its HMAC is computed. */
    private meet(hello: FirstFragment, datagram: Buffer, length: number, from: Source, now: number): void {
        const address = Buffer.from(from.key)
        if (!this.gate.admits(address, hello, now)) {
            const data = this.gate.challenge(address, hello, length)
            if (data === undefined) this.counters.add(Discard.stranger)
            else this.replies.push({ data, address: from.address })
            return
        }
        const current = this.table.get(from.key)
        const replaces = current !== undefined && current.phase === PeerPhase.established && !this.exclusive
        if (this.established >= this.common.limits.peers && !replaces) return this.counters.add(Discard.peerLimit)
        const peer = this.admit(hello, from, address, now)
        this.hand(peer, datagram, length, now)
    }

    private admit(hello: FirstFragment, from: Source, address: Buffer, now: number): Peer {
        if (this.halfOpen.length >= this.common.limits.halfOpenPeers)
            this.end(this.halfOpen[0] as Peer, FailureReason.evicted)
        const inFragments = hello.rest === undefined
        const gate = this.gate
        const role = serverRole(inFragments ? (body) => gate.admitsWhole(address, body) : undefined)
        const association = new Association(this.newSettings(), role, hello.header.messageSeq, hello.sequence)
        const peer = new Peer(from.key, from.address, association, hello.start.random, hello.header.messageSeq)
        this.place(peer)
        this.halfOpen.push(peer)
        association.begin(now)
        return peer
    }

    /** An established peer stays until the new handshake's Finished verifies; a half-open one gives way at once. */
    private place(peer: Peer): void {
        const current = this.table.get(peer.key)
        if (current === undefined) return this.table.set(peer.key, peer)
        if (current.association.state !== AssociationState.connected) {
            this.end(current, FailureReason.replaced)
            return this.table.set(peer.key, peer)
        }
        if (current.successor !== undefined) this.end(current.successor, FailureReason.replaced)
        current.successor = peer
        peer.predecessor = current
    }

    /** A datagram with protected records is the established association's if it verifies there, else the new handshake's. */
    private hand(peer: Peer, datagram: Buffer, length: number, now: number): void {
        const next = peer.successor
        if (next === undefined) return this.give(peer, datagram, length, now)
        if (hasProtectedRecord(datagram, length)) {
            const verified = peer.association.receive(datagram, length, now)
            this.touched(peer)
            if (verified > 0) return
        }
        this.give(next, datagram, length, now)
    }

    private give(peer: Peer, datagram: Buffer, length: number, now: number): void {
        peer.association.receive(datagram, length, now)
        this.touched(peer)
    }

    private end(peer: Peer, reason: FailureReason): void {
        peer.association.drop(reason)
        this.touched(peer)
    }

    touched(peer: Peer): void {
        const { association } = peer
        if (peer.phase === PeerPhase.halfOpen && association.state === AssociationState.connected) this.establish(peer)
        if (association.state >= AssociationState.closed) this.forget(peer)
        else this.heap.update(peer, association.deadline())
        if (peer.queued) return
        peer.queued = true
        if (this.lastReady === undefined) this.firstReady = peer
        else this.lastReady.nextReady = peer
        this.lastReady = peer
    }

    private establish(peer: Peer): void {
        this.halfOpen = this.halfOpen.filter((other) => other !== peer)
        peer.phase = PeerPhase.established
        // The same bytes; one copy will do.
        peer.clientRandom = peer.association.parameters.clientRandom
        this.established++
        const old = peer.predecessor
        if (old === undefined) return this.checkRoom(peer)
        peer.predecessor = undefined
        old.successor = undefined
        this.table.set(peer.key, peer)
        this.end(old, FailureReason.replaced)
    }

    /** Several handshakes may finish for the last place: those over the limit are told at once. */
    private checkRoom(peer: Peer): void {
        if (this.established <= this.common.limits.peers) return
        this.counters.add(Discard.peerLimit)
        peer.association.shutdown(true, true)
    }

    private forget(peer: Peer): void {
        if (peer.phase === PeerPhase.forgotten) return
        if (peer.phase === PeerPhase.established) this.established--
        else this.halfOpen = this.halfOpen.filter((other) => other !== peer)
        peer.phase = PeerPhase.forgotten
        this.heap.remove(peer)
        if (peer.predecessor !== undefined) peer.predecessor.successor = undefined
        peer.predecessor = undefined
        if (this.table.get(peer.key) !== peer) return
        const next = peer.successor
        peer.successor = undefined
        if (next === undefined) return this.table.delete(peer.key)
        next.predecessor = undefined
        this.table.set(peer.key, next)
    }

    tick(now: number): void {
        while (this.heap.earliest() <= now) {
            const peer = this.heap.first() as Peer
            peer.association.tick(now)
            this.touched(peer)
        }
    }

    deadline(): number {
        return this.heap.earliest()
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
        return this.replies.shift()
    }

    /** Established peers and handshakes under way. */
    peerCount(): number {
        return this.established
    }

    halfOpenCount(): number {
        return this.halfOpen.length
    }

    /** Erases the cookie secrets; the associations are their connections' to close. */
    close(): void {
        this.gate.close()
    }
}

/** The peer that this very hello began: our answer to it was lost, or the network repeats an old one. */
function begunBy(hello: FirstFragment, peer: Peer | undefined): Peer | undefined {
    if (peer === undefined || hello.start.cookie.length === 0) return undefined
    if (isHelloOf(hello, peer)) return peer
    return peer.successor !== undefined && isHelloOf(hello, peer.successor) ? peer.successor : undefined
}

function isHelloOf(hello: FirstFragment, peer: Peer): boolean {
    return hello.header.messageSeq === peer.helloSeq && equal(peer.clientRandom, hello.start.random)
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
