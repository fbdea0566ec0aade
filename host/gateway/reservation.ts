import { type Reserve } from "../../src/dtls/association/saved-association.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { type ReadEpoch } from "../../src/dtls/record/record-layer.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** A saved association, and the numbers that were reserved with it. */
export interface Reservation {
    saved: Buffer
    /** The saved state is where others would go on from: from now on the numbers may be used. */
    commit: () => void
}

/**
 * As `exportAssociation`, for a store that takes its time: the connection goes on with the numbers that it had before, and
 * gets those of `reserve` once they are committed. One reservation of a connection is under way at a time.
 * Throws GError.
 */
export function reserveNumbers(connection: DtlsConnection, wrapper: Aead, reserve: Reserve): Reservation {
    const association = connection.getAssociation()
    if (association === undefined)
        return { saved: connection.exportAssociation(wrapper, reserve), commit: () => undefined }
    const { record } = association
    const write = record.write
    const read = record.read as ReadEpoch
    const before = { write: write.end, read: read.end }
    const saved = connection.exportAssociation(wrapper, reserve)
    const after = { write: write.end, read: read.end }
    write.end = before.write
    read.end = before.read
    return {
        saved,
        commit: () => {
            write.end = after.write
            read.end = after.read
        },
    }
}

/** How many records of the peer the connection may still take. */
export function readsLeft(connection: DtlsConnection): number {
    const read = connection.getAssociation()?.record.read
    return read === undefined ? 0 : read.end - 1 - Math.max(read.window.top, read.heldTop)
}

/** How many records the connection may still send. */
export function writesLeft(connection: DtlsConnection): number {
    const association = connection.getAssociation()
    return association === undefined ? 0 : association.record.recordsLeft()
}
