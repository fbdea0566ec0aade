import { NEVER } from "../flight/retransmission.js"
import { type Peer } from "./peer.js"

/**
 * Peers ordered by deadline: a binary heap, with the earliest on top; a change costs O(log n).
 * @devsWhenUsed
 */
export class DeadlineHeap {
    private peers: Peer[] = []

    /** The earliest deadline, ms; NEVER if the heap is empty. */
    earliest(): number {
        return this.peers.length === 0 ? NEVER : this.at(0).tickAt
    }

    first(): Peer | undefined {
        return this.peers[0]
    }

    /** Moves the peer to its deadline's place, or removes it if that is NEVER. */
    update(peer: Peer, deadline: number): void {
        if (deadline === peer.tickAt && peer.heapIndex >= 0) return
        if (deadline >= NEVER) return this.remove(peer)
        peer.tickAt = deadline
        if (peer.heapIndex < 0) {
            peer.heapIndex = this.peers.length
            this.peers.push(peer)
        }
        this.rise(peer)
        this.sink(peer)
    }

    remove(peer: Peer): void {
        const index = peer.heapIndex
        if (index < 0) return
        const last = this.peers.pop() as Peer
        peer.heapIndex = -1
        if (last === peer) return
        this.put(last, index)
        this.rise(last)
        this.sink(last)
    }

    private at(index: number): Peer {
        return this.peers[index] as Peer
    }

    private put(peer: Peer, index: number): void {
        this.peers[index] = peer
        peer.heapIndex = index
    }

    private rise(peer: Peer): void {
        while (peer.heapIndex > 0) {
            const parent = this.at((peer.heapIndex - 1) >> 1)
            if (parent.tickAt <= peer.tickAt) return
            this.swap(peer, parent)
        }
    }

    private sink(peer: Peer): void {
        while (true) {
            const left = peer.heapIndex * 2 + 1
            if (left >= this.peers.length) return
            let child = this.at(left)
            if (left + 1 < this.peers.length && this.at(left + 1).tickAt < child.tickAt) child = this.at(left + 1)
            if (peer.tickAt <= child.tickAt) return
            this.swap(child, peer)
        }
    }

    private swap(a: Peer, b: Peer): void {
        const index = a.heapIndex
        this.put(a, b.heapIndex)
        this.put(b, index)
    }
}
