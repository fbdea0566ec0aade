import { type Association } from "../../src/dtls/association/association.js"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { type Output, OutputKind } from "../../src/dtls/association/output.js"
import { type Peer, PeerPhase } from "../../src/dtls/endpoint/peer.js"
import { readHelloFragment } from "../../src/dtls/endpoint/hello-fragment.js"
import { type ServerEndpoint } from "../../src/dtls/endpoint/server-endpoint.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type Limits } from "../../src/dtls/handshake/limits.js"
import { MAX_SEQUENCE } from "../../src/dtls/record/record-layer.js"
import { DTLS_1_3 } from "../../src/dtls/wire/v13/code-points.js"

/*
 * What holds of every engine after each call (receive, tick, answer, send), once its outputs have been taken, whatever
 * came. The drivers of tests ask after every call; a violation throws.
 *
 * Of an association:
 *  1. While its handshake runs it has a deadline. Once it is over it has none and keeps nothing.
 *  2. A connected server has one as well, its idle limit, unless that is switched off. A connected client may have none.
 *  3. What it keeps for its peer is within the limits: incomplete messages, early records, early application data.
 *  4. Its outputs tell one story: connected once, messages only after that, one question at a time, closed at most once,
 *     failed last and at most once; each datagram has bytes, and fits the path budget.
 *  5. It never failed over an error of its own, unless the test causes one.
 * Of a server endpoint:
 *  6. Each of its peers is half-open or established and its association is not over. The endpoint's timer for it is its
 *     association's deadline, or that of a path check, so a half-open peer always has a timer, and an established one by rule 2.
 *  7. It counts the peers that there are, and not more than the limits allow.
 *  8. Its own deadline is no later than any peer's, and after a tick later than now.
 *  9. It replies to unknown clients at most once for each datagram, and with no more bytes than that had; to a hello in
 *     fragments with no more than all its datagrams had.
 */

export function requireThat(holds: boolean, what: string): void {
    if (!holds) throw new Error("invariant violated: " + what)
}

/**
 * The rules 1 to 5.
 */
export class AssociationWatch {
    /** the test makes its cryptography throw: rule 5 does not hold */
    mayBreak = false
    private connected = false
    private closed = false
    private failed = false
    private questions = 0

    constructor(
        public association: Association,
        private name: string,
    ) {}

    private require(holds: boolean, what: string): void {
        requireThat(holds, this.name + ": " + what)
    }

    /** To be told of every output, in order. */
    takes(output: Output): void {
        const { kind } = output
        this.require(!this.failed, "an output after the failure")
        if (kind === OutputKind.datagram) this.takesDatagram(output.data as Buffer)
        else if (kind === OutputKind.message)
            this.require(this.connected && (!this.closed || this.isV13()), "a message out of its time")
        else if (kind === OutputKind.connected) {
            this.require(!this.connected, "connected twice")
            this.connected = true
        } else if (kind === OutputKind.closed) {
            this.require(this.connected && !this.closed, "closed twice, or before it was connected")
            this.closed = true
        } else if (kind === OutputKind.question) {
            this.questions++
            this.require(!this.connected && this.questions === 1, "a question while another one is open")
        } else if (kind === OutputKind.failed) this.takesFailure(output)
    }

    /** Late messages follow a close_notify with a higher number (RFC 9147 §5.10). */
    private isV13(): boolean {
        return this.association.parameters.version === DTLS_1_3
    }

    /** To be told of every answer. */
    answered(): void {
        this.questions = 0
    }

    private takesDatagram(datagram: Buffer): void {
        const { pathBudget } = this.association.settings
        this.require(
            datagram.length > 0 && datagram.length <= pathBudget,
            "a datagram of " + datagram.length + " bytes",
        )
    }

    private takesFailure(output: Output): void {
        const { failure } = output
        this.failed = true
        this.require(failure !== undefined && failure === this.association.failure, "a failure without its reason")
        if (failure === undefined || this.mayBreak) return
        this.require(failure.reason !== FailureReason.internalError, "an error of this side: " + failure.cause)
    }

    /** To be called when all outputs have been taken. */
    check(): void {
        const { association } = this
        const { phase } = association
        const over = phase >= AssociationPhase.closed
        const deadline = association.deadline()
        if (phase === AssociationPhase.handshaking) this.require(deadline < NEVER, "a handshake without a deadline")
        if (over) this.require(deadline >= NEVER, "a timer after the end")
        this.require(this.connected || phase !== AssociationPhase.connected, "connected without saying so")
        this.require(this.failed === (phase === AssociationPhase.failed), "a failure without saying so, or the reverse")
        this.checkBuffers(over)
    }

    private checkBuffers(over: boolean): void {
        const { limits } = this.association.settings
        const s = this.association.snapshot()
        this.require(s.outputs === 0, "outputs that nobody was told of")
        // Texts are made only where they are told: the official machine counts what a test does.
        if (s.inboxBytes > limits.inboxBytes) this.require(false, s.inboxBytes + " bytes of messages")
        if (s.earlyBytes > limits.earlyRecordBytes) this.require(false, s.earlyBytes + " bytes of early records")
        if (s.heldMessages > limits.receiveQueueMessages) this.require(false, s.heldMessages + " early messages")
        if (s.nextSequence < 0 || s.nextSequence > MAX_SEQUENCE)
            this.require(false, "sequence number " + s.nextSequence)
        if (over) this.require(s.inboxBytes + s.outboxBytes + s.earlyBytes === 0, "buffers after the end")
    }
}

class WatchedPeer {
    watch: AssociationWatch

    constructor(public peer: Peer) {
        this.watch = new AssociationWatch(peer.association, "server's " + peer.key)
    }
}

function isKept(watched: WatchedPeer): boolean {
    return watched.peer.phase !== PeerPhase.forgotten
}

/** Endpoints with more peers than this are looked at only where something happened. */
const FEW = 16

/**
 * The rules 1 to 8 of a server endpoint. Every peer comes out of `nextReady` soon after it is made, so the driver's calls
 * of `drained` name all of them.
 */
export class EndpointWatch {
    /** the test makes the cryptography of peers throw: rule 5 does not hold */
    mayBreak = false
    private peers: WatchedPeer[] = []
    private recent: WatchedPeer[] = []
    /** sizes of the datagrams that came since the last check, bytes; negative for those that begin with a fragment of a hello */
    private received: number[] = []
    /** of the datagrams with fragments of hellos that were not answered, bytes */
    private fragments = 0

    constructor(
        private server: ServerEndpoint,
        private limits: Limits,
    ) {}

    /** The watch of a peer that `nextReady` gave, for its outputs. The peer's owner is it: there is no connection here. */
    of(peer: Peer): AssociationWatch {
        if (peer.owner === undefined) {
            peer.owner = new WatchedPeer(peer)
            this.peers.push(peer.owner as WatchedPeer)
        }
        const watched = peer.owner as WatchedPeer
        watched.watch.mayBreak = this.mayBreak
        this.recent.push(watched)
        return watched.watch
    }

    /** To be told of every datagram that the endpoint gets. */
    receives(datagram: Buffer): void {
        const { length } = datagram
        const fragment = readHelloFragment(datagram, length)
        const isWhole = fragment === undefined || fragment.header.fragmentLength === fragment.header.length
        this.received.push(isWhole ? length : -length)
        if (!isWhole) this.fragments += length
    }

    /** To be told of every reply to an unknown client, in order. */
    replies(datagram: Buffer): void {
        const { length } = datagram
        while (this.received.length > 0 && this.answerable(this.received[0]) < length)
            this.received = this.received.slice(1)
        requireThat(this.received.length > 0, "a reply of " + length + " bytes is larger than what it answers")
        if (this.received[0] < 0) this.fragments -= length
        this.received = this.received.slice(1)
    }

    /** Largest reply to a datagram of that entry, bytes. */
    private answerable(received: number): number {
        return received < 0 ? this.fragments : received
    }

    /** To be called after a call of the endpoint, or of one of its associations, when all outputs have been taken. */
    check(): void {
        const { limits, server } = this
        const count = server.peerCount() + server.halfOpenCount()
        // All that are still there are looked at below.
        for (const watched of this.recent) if (count > FEW || !isKept(watched)) this.checkPeer(watched)
        this.recent = []
        this.received = []
        requireThat(server.peerCount() <= limits.peers, server.peerCount() + " established peers")
        requireThat(server.halfOpenCount() <= limits.halfOpenPeers, server.halfOpenCount() + " half-open peers")
        // With and without a cookie (DTLS 1.3).
        requireThat(
            server.partialHelloCount() <= 2 * limits.partialHellos,
            server.partialHelloCount() + " partial hellos",
        )
        if (count <= FEW) this.checkAll()
        else if (this.peers.length > 2 * count) this.peers = this.peers.filter(isKept)
    }

    private checkAll(): void {
        this.peers = this.peers.filter(isKept)
        const { peers, server } = this
        let established = 0
        for (const watched of peers) {
            this.checkPeer(watched)
            if (watched.peer.phase === PeerPhase.established) established++
        }
        requireThat(server.peerCount() === established, "peerCount is not that of the established peers")
        const halfOpen = peers.length - established
        requireThat(server.halfOpenCount() === halfOpen, "halfOpenCount is not that of the half-open peers")
    }

    private checkPeer(watched: WatchedPeer): void {
        const { peer, watch } = watched
        const { association } = peer
        watch.check()
        const over = association.phase >= AssociationPhase.closed
        requireThat(over === (peer.phase === PeerPhase.forgotten), peer.key + " is kept after its end, or not before")
        if (over) return requireThat(peer.heapIndex < 0, peer.key + " has a timer after its end")
        const deadline = peer.wantsTickAt()
        const mayHaveNone = peer.phase === PeerPhase.established && this.limits.idleTimeout === 0
        requireThat(deadline < NEVER || mayHaveNone, peer.key + " has no deadline")
        // A quiet association's deadline may have come later since it was filed.
        const mayBeEarly = peer.phase === PeerPhase.established && association.isQuiet() && peer.tickAt < deadline
        const isFiled = peer.heapIndex >= 0
        if (deadline >= NEVER) return requireThat(!isFiled || mayBeEarly, peer.key + " has a timer it does not want")
        requireThat(isFiled && (peer.tickAt === deadline || mayBeEarly), peer.key + " has another timer than it wants")
        requireThat(this.server.deadline() <= deadline, "the endpoint sleeps longer than " + peer.key)
    }

    /** To be called after `server.tick(now)`. */
    ticked(now: number): void {
        requireThat(this.server.deadline() > now, "a timer is due after the tick")
    }
}
