import { type Reserve, topOf } from "../../src/dtls/association/saved-association.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { MAX_SEQUENCE, type ReadEpoch, type RecordLayer, type WriteEpoch } from "../../src/dtls/record/record-layer.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** A saved association, with the numbers reserved in it. */
export interface Reservation {
    saved: Buffer
    /**
     * Call this once the state is saved, so that others would resume from it: from then on the numbers may be used.
     * @returns false: something changed meanwhile that the state does not contain, and nothing may be used before the
     * next reservation
     */
    commit: () => boolean
}

/** All epochs whose numbers can be reserved: for sending, for receiving, and in DTLS 1.3 for late records. */
function sidesOf({ write, read }: RecordLayer): (WriteEpoch | ReadEpoch)[] {
    return [write, read, read?.previous].filter((side) => side !== undefined)
}

/**
 * Like `exportAssociation`, for a slow store: the connection continues with its previous numbers, and gets those of
 * `reserve` when they are committed; if it was never saved, it gets them at once. Only one reservation of a connection
 * may be under way at a time.
 * Throws GError.
 */
export function reserveNumbers(connection: DtlsConnection, wrapper: Aead, reserve: Reserve): Reservation {
    const record = connection.getAssociation()?.record
    const sides = record === undefined ? [] : sidesOf(record)
    const before = sides.map(({ end }) => end)
    const saved = connection.exportAssociation(wrapper, reserve)
    const after = sides.map(({ end }) => end)
    // An association resumed from this copy, or from the previous one, begins after these.
    const meanwhile = before.map((end, i) => Math.min(end, after[i]))
    const setEnds = (ends: number[]): void => sides.forEach((side, i) => (side.end = ends[i]))
    setEnds(meanwhile)
    const commit = (): boolean => {
        // An outdated copy is recognized by this: `outdate` leaves no number for sending, neither under these keys nor
        // the next.
        const isOutdated = record === undefined || record.write !== sides[0] || record.write.end !== meanwhile[0]
        if (!isOutdated) setEnds(after)
        return !isOutdated
    }
    return { saved, commit }
}

/** There is no other copy any more, so all numbers may be used. */
export function freeNumbers(connection: DtlsConnection): void {
    const record = connection.getAssociation()?.record
    if (record !== undefined) for (const side of sidesOf(record)) side.end = MAX_SEQUENCE
}

/**
 * Whether the connection should be saved again: something waits for it, or half of the reserved numbers are used up.
 */
export function wantsReservation(connection: DtlsConnection, { send, receive }: Reserve): boolean {
    const association = connection.getAssociation()
    if (association === undefined) return false
    const { write, read } = association.record
    if (association.savingWanted() || write.end - write.nextSequence <= send / 2) return true
    // Under the peer's new keys nothing is reserved until its first record is received and held.
    const isUnused = read?.previous !== undefined && topOf(read) < 0
    return read !== undefined && !isUnused && read.end - 1 - topOf(read) <= receive / 2
}
