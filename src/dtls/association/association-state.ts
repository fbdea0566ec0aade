/** How far an association is. */
export enum AssociationPhase {
    idle,
    handshaking,
    connected,
    /** closed by us: nothing is sent or read any more */
    closed,
    failed,
}

/** What of an association goes on elsewhere, in one flat record of numbers and bytes. Keys stay behind the handles of their owners. */
export interface LastingState {
    isClient: boolean
    /** code point of the version */
    version: number
    /** code point of the cipher suite; 0 before it is known */
    suite: number
    clientRandom: Buffer
    serverRandom: Buffer
    extendedMasterSecret: boolean
    identity: Buffer
    firstFinished: Buffer
    readEpoch: number
    /** replay window: highest sequence number marked, -1 before the first, and its two halves as int32 */
    readTop: number
    readLow: number
    readHigh: number
    writeEpoch: number
    /** of the next record to be sent in the newest epoch */
    nextSequence: number
    failedRecords: number
    /** largest plaintext of a record that is taken, and that is sent, bytes (RFC 8449, RFC 6066 §4) */
    readLimit: number
    writeLimit: number
    /** both sides know connection ids; what the peer's records and ours carry, empty: none */
    hasIds: boolean
    readId: Buffer
    writeId: Buffer
    /** both sides know return routability (RFC 9853) */
    pathCheck: boolean
    /** what ALPN agreed on; empty: nothing */
    protocol: string
}

/** All of an association: what a discarded record must not change, and what memory is held. */
export interface AssociationState extends LastingState {
    phase: AssociationPhase
    peerClosed: boolean
    writeClosed: boolean
    readClosed: boolean
    /** HandshakeType of the next message that must come; -1 when the handshake is done */
    expecting: number
    /** message_seq of that message; -1 without a handshake */
    nextSeq: number
    /** when the flight is sent again, ms */
    timer: number
    /** bytes of incomplete and future handshake messages */
    inboxBytes: number
    /** bytes of the flight that may have to be sent again */
    outboxBytes: number
    /** bytes of records and messages that wait for keys or for Finished */
    earlyBytes: number
    heldMessages: number
    /** outputs that nobody has polled yet */
    outputs: number
}
