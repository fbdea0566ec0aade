import { AssociationPhase } from "../association/association-state.js"
import { type Limits } from "../handshake/limits.js"
import { HandshakeType } from "../wire/code-points.js"
import { type Table, type Tables } from "./endpoint.js"
import { LinkedList, ListNode } from "./linked-list.js"
import { type Peer, PeerPhase } from "./peer.js"

/**
 * A server's peers: half-open ones by source host, established ones by identity, and each group in least-recently-heard
 * order. It decides which peer is evicted when there is no room. Every call takes constant time.
 * @devsWhenUsed
 */
export class PeerTable {
    /** half-open peers of one source host */
    private hosts: Table<Peer[]>
    /** established peers of one identity */
    private identities: Table<LinkedList<Peer>>
    /** half-open peers that have not sent ClientKeyExchange yet */
    private beforeKeyExchange = new LinkedList<Peer>()
    /** half-open peers that have sent it */
    private afterKeyExchange = new LinkedList<Peer>()
    private established = new LinkedList<Peer>()

    constructor(
        private limits: Limits,
        tables: Tables,
    ) {
        this.hosts = tables.newTable()
        this.identities = tables.newTable()
    }

    halfOpenCount(): number {
        return this.beforeKeyExchange.size + this.afterKeyExchange.size
    }

    establishedCount(): number {
        return this.established.size
    }

    /** The peer to evict before one more handshake from `host` may begin; undefined: there is room. */
    halfOpenInTheWay(host: string): Peer | undefined {
        const ofHost = this.hosts.get(host)
        if (ofHost !== undefined && ofHost.length >= this.limits.halfOpenPerHost) return this.leastAdvanced(ofHost)
        if (this.halfOpenCount() < this.limits.halfOpenPeers) return undefined
        return this.beforeKeyExchange.oldest() ?? this.afterKeyExchange.oldest()
    }

    /** Expects handshakes in the order in which they began. */
    private leastAdvanced(peers: Peer[]): Peer | undefined {
        for (const peer of peers) {
            if (peer.node !== undefined && peer.node.list === this.beforeKeyExchange) return peer
        }
        return peers[0]
    }

    /**
     * The session of the newest peer's identity that has to end because there is one more now; undefined: there is
     * room.
     */
    sessionInTheWay(newest: Peer): Peer | undefined {
        const { sessionsPerIdentity } = this.limits
        const sessions = this.sessionsOf(newest)
        return sessionsPerIdentity > 0 && sessions.size > sessionsPerIdentity ? sessions.oldest() : undefined
    }

    /** The established peer not heard from for the longest time; there must be one. */
    heardLongestAgo(): Peer {
        return this.established.oldest() as Peer
    }

    private sessionsOf(peer: Peer): LinkedList<Peer> {
        const identity = peer.association.parameters.identity.toString("hex")
        const known = this.identities.get(identity)
        if (known !== undefined) return known
        const sessions = new LinkedList<Peer>()
        this.identities.set(identity, sessions)
        return sessions
    }

    /** Adds a peer whose handshake begins. */
    addHalfOpen(peer: Peer): void {
        peer.node = new ListNode(peer)
        this.beforeKeyExchange.append(peer.node)
        const host = peer.host as string
        const ofHost = this.hosts.get(host)
        if (ofHost === undefined) this.hosts.set(host, [peer])
        else ofHost.push(peer)
    }

    /** The peer's association received something or was looked at: moves the peer to the list for its progress. */
    progressed(peer: Peer): void {
        if (peer.phase !== PeerPhase.halfOpen || peer.node === undefined || peer.node.list === this.afterKeyExchange)
            return
        const { association } = peer
        const expected = association.expecting()
        if (association.phase !== AssociationPhase.handshaking || expected === HandshakeType.clientHello) return
        if (expected !== HandshakeType.clientKeyExchange) this.afterKeyExchange.append(peer.node)
    }

    establish(peer: Peer): void {
        this.leaveHost(peer)
        peer.phase = PeerPhase.established
        if (peer.node !== undefined) this.established.append(peer.node)
        peer.sessionNode = new ListNode(peer)
        this.sessionsOf(peer).append(peer.sessionNode)
    }

    /** Something authentic came from an established peer: it is evicted last. */
    heardFrom(peer: Peer): void {
        // Fast path: the one heard last of all is also its identity's last.
        if (peer.node !== this.established.last) this.moveToEnd(peer)
    }

    private moveToEnd(peer: Peer): void {
        const { node, sessionNode } = peer
        if (node === undefined || sessionNode === undefined) return
        node.toEnd()
        sessionNode.toEnd()
    }

    /** Removes the peer from every list. */
    remove(peer: Peer): void {
        if (peer.phase === PeerPhase.halfOpen) this.leaveHost(peer)
        if (peer.node !== undefined) peer.node.remove()
        if (peer.sessionNode !== undefined) this.endSession(peer, peer.sessionNode)
        peer.node = undefined
        peer.sessionNode = undefined
        peer.phase = PeerPhase.forgotten
    }

    private endSession(peer: Peer, node: ListNode<Peer>): void {
        const sessions = node.list
        node.remove()
        if (sessions !== undefined && sessions.size === 0)
            this.identities.delete(peer.association.parameters.identity.toString("hex"))
    }

    private leaveHost(peer: Peer): void {
        const host = peer.host as string
        const others = (this.hosts.get(host) ?? []).filter((other) => other !== peer)
        if (others.length === 0) this.hosts.delete(host)
        else this.hosts.set(host, others)
    }
}
