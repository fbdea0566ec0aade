/** Phases of an association. */
export enum AssociationPhase {
    idle,
    handshaking,
    connected,
    /** closed by us: nothing is sent or read any more */
    closed,
    failed,
}

/**
 * The part of an association's state that is saved and restored, as a flat record of numbers and bytes. Keys stay
 * behind their owners' handles.
 */
export interface LastingState {
    isClient: boolean
    /** code point of the version */
    version: number
    /** code point of the cipher suite; 0 before it is negotiated */
    suite: number
    clientRandom: Buffer
    serverRandom: Buffer
    extendedMasterSecret: boolean
    identity: Buffer
    firstFinished: Buffer
    readEpoch: number
    /**
     * replay window: highest sequence number received, -1 before the first, and the two halves of the bitmap as int32
     */
    readTop: number
    readLow: number
    readHigh: number
    writeEpoch: number
    /** sequence number of the next record sent in the newest epoch */
    nextSequence: number
    failedRecords: number
    /** largest plaintext of a record, received and sent, bytes (RFC 8449, RFC 6066 §4) */
    readLimit: number
    writeLimit: number
    /** connection ids were negotiated; the ids in the peer's records and in ours, empty: none */
    hasIds: boolean
    readId: Buffer
    writeId: Buffer
    /** return routability checks were negotiated (RFC 9853) */
    pathCheck: boolean
    /** protocol that ALPN selected; empty: none */
    protocol: string
}

/** All state of an association, for tests: what a discarded record must not change, and how much memory is held. */
export interface AssociationState extends LastingState {
    phase: AssociationPhase
    peerClosed: boolean
    writeClosed: boolean
    readClosed: boolean
    /** HandshakeType of the next message expected; -1 when the handshake is done */
    expecting: number
    /** message_seq of that message; -1 without a handshake */
    nextSeq: number
    /** when the flight is retransmitted, ms */
    timer: number
    /** bytes of incomplete and future handshake messages */
    inboxBytes: number
    /** bytes of the flight that may have to be retransmitted */
    outboxBytes: number
    /** bytes of records and messages that wait for keys or for Finished */
    earlyBytes: number
    heldMessages: number
    /** outputs that have not been polled yet */
    outputs: number
}
