import { type Association } from "../association/association.js"
import { findHelloExtension, OldPath, type PathCheck } from "../handshake/hello-extension.js"
import { ExtensionType } from "../wire/code-points.js"
import { type Demultiplexer } from "./demultiplexer.js"
import { HALF_WAIT, PathCandidate } from "./path-candidate.js"
import { type Peer } from "./peer.js"
import { type SourceAddress } from "./source-address.js"

/**
 * Address changes of peers with connection ids.
 * @devsWhenUsed
 */
export class PathChanges {
    constructor(private addresses: Demultiplexer) {}

    /**
     * A datagram with the peer's id was received.
     * @param isNewest it contains the peer's newest record, verified: only that may change the address (RFC 9146 §6)
     */
    heard(peer: Peer, from: SourceAddress, length: number, isNewest: boolean, now: number): void {
        const { candidate } = peer
        if (candidate !== undefined && this.isSettled(peer, candidate)) return
        if (isNewest && from.key !== peer.key) return this.change(peer, from, length, now)
        if (from.key !== peer.key) return
        // The peer is still there: this record is newer than the one from elsewhere.
        if (isNewest) peer.candidate = undefined
        peer.heard(length)
        // The challenge or its response may have been lost, so each newest record from there triggers another
        // challenge.
        if (isNewest && peer.credit !== undefined) peer.association.challengePath(false)
    }

    /** Whether the challenge to the old address was answered, no matter from which address. */
    private isSettled(peer: Peer, candidate: PathCandidate): boolean {
        const { oldPath } = pathCheckOf(peer.association) as PathCheck
        if (oldPath === OldPath.dropped) this.move(peer, candidate.to, candidate.bytes)
        else if (oldPath === OldPath.preferred) peer.candidate = undefined
        else return false
        return true
    }

    /**
     * With the enhanced path check, a confirmed old address is challenged before the move, and again with each such
     * record.
     */
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

    /** If the old address does not answer, it is challenged once more, then taken to be dead. */
    tick(peer: Peer, now: number): void {
        const { candidate } = peer
        if (candidate === undefined || candidate.at > now) return
        if (candidate.repeated) return this.move(peer, candidate.to, candidate.bytes)
        candidate.repeated = true
        candidate.at = now + HALF_WAIT
        peer.association.challengePath(false)
    }

    /** Sends to the new address at once, but only a little until the peer has responded from there. */
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
