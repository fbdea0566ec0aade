import { type Association } from "../association/association.js"
import { findHelloExtension, OldPath, type PathCheck } from "../handshake/hello-extension.js"
import { ExtensionType } from "../wire/code-points.js"
import { type Demultiplexer } from "./demultiplexer.js"
import { HALF_WAIT, PathCandidate } from "./path-candidate.js"
import { type Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/**
 * Peers with connection ids, whose addresses change.
 * @devsWhenUsed
 */
export class PathChanges {
    constructor(private addresses: Demultiplexer) {}

    /**
     * A datagram with the peer's id has come.
     * @param isNewest with its newest record, which has verified: only that may move the address (RFC 9146 §6)
     */
    heard(peer: Peer, from: SourceAddress, length: number, isNewest: boolean, now: number): void {
        const { candidate } = peer
        if (candidate !== undefined && this.isSettled(peer, candidate)) return
        if (isNewest && from.key !== peer.key) return this.change(peer, from, length, now)
        if (from.key !== peer.key) return
        // The peer is there still, by a record that is newer than what came from elsewhere.
        if (isNewest) peer.candidate = undefined
        peer.heard(length)
        // A challenge or its response may have been lost: each new record from there brings another.
        if (isNewest && peer.credit !== undefined) peer.association.challengePath(false)
    }

    /** The address before has answered whether the peer is there still, from wherever the answer came. */
    private isSettled(peer: Peer, candidate: PathCandidate): boolean {
        const { oldPath } = pathCheckOf(peer.association) as PathCheck
        if (oldPath === OldPath.dropped) this.move(peer, candidate.to, candidate.bytes)
        else if (oldPath === OldPath.preferred) peer.candidate = undefined
        else return false
        return true
    }

    /** In the enhanced form an address that is confirmed is asked first, again with each such record. */
    private change(peer: Peer, from: SourceAddress, length: number, now: number): void {
        const check = pathCheckOf(peer.association)
        const { candidate, credit } = peer
        const asksFirst = check !== undefined && check.oldPath !== undefined && check.agreed && credit === undefined
        if (check === undefined || !asksFirst) return this.move(peer, from, length)
        check.oldPath = OldPath.asked
        peer.association.challengePath(candidate === undefined)
        if (candidate === undefined) peer.candidate = new PathCandidate(from, length, now)
        else candidate.heard(from, length)
    }

    /** An address before that does not answer is asked once more, then taken to be dead. */
    tick(peer: Peer, now: number): void {
        const { candidate } = peer
        if (candidate === undefined || candidate.at > now) return
        if (candidate.repeated) return this.move(peer, candidate.to, candidate.bytes)
        candidate.repeated = true
        candidate.at = now + HALF_WAIT
        peer.association.challengePath(false)
    }

    /** Answers go to the new address at once, few of them until the peer has answered from there. */
    private move(peer: Peer, to: SourceAddress, length: number): void {
        const check = pathCheckOf(peer.association)
        if (check !== undefined && check.oldPath !== undefined) check.oldPath = OldPath.notAsked
        peer.candidate = undefined
        this.addresses.move(peer, to)
        peer.association.useNewPath()
        peer.association.challengePath(true)
        peer.credit = 0
        peer.heard(length)
    }
}

function pathCheckOf(association: Association): PathCheck | undefined {
    const { extensions } = association.settings
    return findHelloExtension(extensions, ExtensionType.returnRoutabilityCheck) as PathCheck | undefined
}
