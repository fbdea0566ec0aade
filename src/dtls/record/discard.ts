/** Reasons to discard received data; each has a counter. Discarding sends no reply and changes nothing else. */
export enum Discard {
    /** a record or fragment header is incomplete, or its length exceeds the datagram */
    truncated = 0,
    /** content type unknown to this stack */
    unknownType = 1,
    /** the record's version is not DTLS */
    version = 2,
    /** past epoch, or too far in the future */
    epoch = 3,
    /** replay: sequence number seen before, or left of the window */
    replayed = 4,
    /** the AEAD rejects it */
    notAuthentic = 5,
    /** longer than a record is allowed to be (RFC 5246 §6.2) */
    oversize = 6,
    /** record of the next epoch, but no room to store it until the keys come */
    earlyFull = 7,
    /** unprotected, but keys are active */
    unprotected = 8,
    /** more records in one datagram than the limit */
    tooManyRecords = 9,
    /** handshake fragment that contradicts its header, its message or the limits */
    badFragment = 10,
    /** message_seq of a past message (may cause a retransmission), or too far ahead */
    messageSeq = 11,
    /** alert, ChangeCipherSpec or handshake message that is malformed, or not expected */
    unexpected = 12,
    /** application data that exceeds the receive queue's limit */
    queueFull = 13,
    /** datagram from an unknown peer that is not an acceptable ClientHello, or whose cookie does not verify */
    unknownPeer = 14,
    /** no room for another peer */
    peerLimit = 15,
    /** protected record without room for an explicit nonce and a tag; not counted as a forgery */
    tooShort = 16,
}

/** Names in numerical order, for counters in JSON and diagnostics. */
export function discardNames(): string[] {
    return [
        "truncated",
        "unknownType",
        "version",
        "epoch",
        "replayed",
        "notAuthentic",
        "oversize",
        "earlyFull",
        "unprotected",
        "tooManyRecords",
        "badFragment",
        "messageSeq",
        "unexpected",
        "queueFull",
        "unknownPeer",
        "peerLimit",
        "tooShort",
    ]
}

/**
 * Discard counters by reason.
 * @devsWhenUsed
 */
export class DiscardCounters {
    /** only as long as needed for the reasons that occurred; for most peers it stays empty */
    private counts: number[] = []

    add(reason: Discard): void {
        while (this.counts.length <= reason) this.counts.push(0)
        this.counts[reason] = this.counts[reason] + 1
    }

    of(reason: Discard): number {
        return reason < this.counts.length ? this.counts[reason] : 0
    }

    total(): number {
        let sum = 0
        for (const count of this.counts) sum += count
        return sum
    }
}
