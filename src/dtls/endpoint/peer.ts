import { type Association } from "../association/association.js"
import { NEVER } from "../flight/retransmission.js"
import { type ListNode } from "./linked-list.js"
import { type PathCandidate } from "./path-candidate.js"

export enum PeerPhase {
    /** handshake under way */
    halfOpen,
    established,
    /** its association is over; it stands in no list any more */
    forgotten,
}

/** Bytes sent for each byte received, until an address is confirmed (RFC 9853 §8.1.1, as RFC 9000 §8.1). */
const ANTI_AMPLIFICATION = 3

/**
 * One peer of an endpoint.
 * @devsWhenUsed
 */
export class Peer {
    /** when the heap believes that `association.tick` is wanted, ms */
    tickAt = NEVER
    /** place in the heap; -1 when not there */
    heapIndex = -1
    /** the connection that shows this peer to the application */
    owner: unknown
    /** a new handshake from the same address; it takes this peer's place when it is done (RFC 6347 §4.2.8) */
    successor: Peer | undefined = undefined
    /** the peer whose place this one will take */
    predecessor: Peer | undefined = undefined
    phase = PeerPhase.halfOpen
    /** waits in the endpoint's queue of peers with output */
    queued = false
    /** the next one of that queue */
    readyBehind: Peer | undefined = undefined
    /** server: the connection ids that its records may carry, in hexadecimal digits */
    connectionIds: string[] = []
    /** server: the host under which its handshake is counted, see sourceHost */
    host: string | undefined
    /** server: its node in the list of its phase, the one heard from longest ago first */
    node: ListNode<Peer> | undefined
    /** server: its node among the established sessions of its identity */
    sessionNode: ListNode<Peer> | undefined

    /**
     * Bytes that may still be sent to an address at which the peer was not confirmed; undefined: no limit. So a datagram
     * that somebody sends on from another address makes this side send there at most ANTI_AMPLIFICATION times as much.
     */
    credit: number | undefined
    /** server: its new address, while the one before is asked whether it is there still */
    candidate: PathCandidate | undefined = undefined

    constructor(
        /** the address as one string, the key of the endpoint's table */
        public key: string,
        /** the address as the base socket gave it */
        public address: unknown,
        public association: Association,
        /** random and message_seq of the ClientHello that began it: the same again is a repetition */
        public clientRandom: Buffer,
        public helloSeq: number,
    ) {}

    /** The next time at which something is to be done, ms; NEVER: there is none. */
    wantsTickAt(): number {
        const at = this.association.deadline()
        return this.candidate === undefined ? at : Math.min(at, this.candidate.at)
    }

    /** A datagram came from the peer's address. */
    heard(bytes: number): void {
        if (this.credit === undefined) return
        if (this.association.isPathConfirmed()) this.credit = undefined
        else this.credit += ANTI_AMPLIFICATION * bytes
    }

    /** Whether a datagram may be sent to the peer's address now; it counts as sent. */
    spend(bytes: number): boolean {
        if (this.credit === undefined) return true
        if (bytes > this.credit) return false
        this.credit -= bytes
        return true
    }
}
