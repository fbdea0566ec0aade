import { type Association } from "../association/association.js"
import { NEVER } from "../flight/retransmission.js"
import { type ListNode } from "./linked-list.js"
import { type PathCandidate } from "./path-candidate.js"

export enum PeerPhase {
    /** handshake under way */
    halfOpen,
    established,
    /** its association is over; it is in no list any more */
    forgotten,
}

/**
 * Bytes that may be sent for each byte received until an address is validated (RFC 9853 §8.1.1, like RFC 9000 §8.1).
 */
const ANTI_AMPLIFICATION = 3

/**
 * One peer of an endpoint.
 * @devsWhenUsed
 */
export class Peer {
    /** the deadline at which the heap has filed it, ms */
    tickAt = NEVER
    /** place in the heap; -1 if it is not there */
    heapIndex = -1
    /** the application's connection for this peer */
    owner: unknown
    /** a new handshake from the same address; replaces this peer when it is done (RFC 6347 §4.2.8) */
    successor: Peer | undefined = undefined
    /** the peer that this one will replace */
    predecessor: Peer | undefined = undefined
    phase = PeerPhase.halfOpen
    /** it is in the endpoint's queue of peers with output */
    queued = false
    /** the next peer in that queue */
    readyBehind: Peer | undefined = undefined
    /** server: the connection ids that the peer's records may carry, as hexadecimal digits */
    connectionIds: string[] = []
    /** server: the host for which its handshake is counted, see sourceHost */
    host: string | undefined = undefined
    /** server: its node in the list of its phase, least recently heard first */
    node: ListNode<Peer> | undefined = undefined
    /** server: its node in its identity's list of established sessions */
    sessionNode: ListNode<Peer> | undefined = undefined

    /**
     * Anti-amplification: bytes that may still be sent to an address that is not validated; undefined: no limit. An
     * attacker that forwards a datagram from another address makes this side send at most ANTI_AMPLIFICATION times as
     * much there.
     */
    credit: number | undefined
    /** server: its new address, while the old one is challenged */
    candidate: PathCandidate | undefined = undefined

    constructor(
        /** the address as one string, the key in the endpoint's table */
        public key: string,
        /** the address in the base socket's form */
        public address: unknown,
        public association: Association,
        /** random and message_seq of the ClientHello that began it, to recognize its retransmission */
        public clientRandom: Buffer,
        public helloSeq: number,
    ) {}

    /** When something is to be done next, ms; NEVER: nothing is. */
    wantsTickAt(): number {
        const at = this.association.deadline()
        return this.candidate === undefined ? at : Math.min(at, this.candidate.at)
    }

    /** Counts a datagram received from the peer's address. */
    heard(bytes: number): void {
        if (this.credit === undefined) return
        if (this.association.isPathConfirmed()) this.credit = undefined
        else this.credit += ANTI_AMPLIFICATION * bytes
    }

    /** Whether a datagram may be sent to the peer's address now; if so, counts it as sent. */
    spend(bytes: number): boolean {
        if (this.credit === undefined) return true
        if (bytes > this.credit) return false
        this.credit -= bytes
        return true
    }
}
