import { type Reserve, topOf } from "../../src/dtls/association/saved-association.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { MAX_SEQUENCE, type ReadEpoch, type RecordLayer, type WriteEpoch } from "../../src/dtls/record/record-layer.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** A saved association, and the numbers that were reserved with it. */
export interface Reservation {
    saved: Buffer
    /**
     * The saved state is where others would go on from: from now on the numbers may be used.
     * @returns false: meanwhile something has changed that it does not have, and nothing may be used before the next one
     */
    commit: () => boolean
}

/** Whatever has numbers that may be reserved: what is sent, what comes, and in DTLS 1.3 what comes late. */
function sidesOf({ write, read }: RecordLayer): (WriteEpoch | ReadEpoch)[] {
    return [write, read, read?.previous].filter((side) => side !== undefined)
}

/**
 * As `exportAssociation`, for a store that takes its time: the connection goes on with the numbers that it had before, and
 * gets those of `reserve` once they are committed; one that was never saved has them at once. One reservation of a connection
 * is under way at a time.
 * Throws GError.
 */
export function reserveNumbers(connection: DtlsConnection, wrapper: Aead, reserve: Reserve): Reservation {
    const record = connection.getAssociation()?.record
    const sides = record === undefined ? [] : sidesOf(record)
    const before = sides.map(({ end }) => end)
    const saved = connection.exportAssociation(wrapper, reserve)
    const after = sides.map(({ end }) => end)
    // Who goes on from this copy, or from the one before, begins behind these.
    const meanwhile = before.map((end, i) => Math.min(end, after[i]))
    const setEnds = (ends: number[]): void => sides.forEach((side, i) => (side.end = ends[i]))
    setEnds(meanwhile)
    const commit = (): boolean => {
        // Whatever outdates a copy leaves no number to be sent with, of these keys or of the next ones.
        const isOutdated = record === undefined || record.write !== sides[0] || record.write.end !== meanwhile[0]
        if (!isOutdated) setEnds(after)
        return !isOutdated
    }
    return { saved, commit }
}

/** There is no other copy any more: all numbers may be used. */
export function freeNumbers(connection: DtlsConnection): void {
    const record = connection.getAssociation()?.record
    if (record !== undefined) for (const side of sidesOf(record)) side.end = MAX_SEQUENCE
}

/** Whether the connection is to be saved again: something waits for that, or half of what was reserved is used up. */
export function wantsReservation(connection: DtlsConnection, { send, receive }: Reserve): boolean {
    const association = connection.getAssociation()
    if (association === undefined) return false
    const { write, read } = association.record
    if (association.savingWanted() || write.end - write.nextSequence <= send / 2) return true
    // For new keys of the peer none is reserved before its first record has come, and waits.
    const isUnused = read?.previous !== undefined && topOf(read) < 0
    return read !== undefined && !isUnused && read.end - 1 - topOf(read) <= receive / 2
}
