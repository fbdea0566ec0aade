/** Why something that arrived was dropped; each has a counter. Dropping never answers and never changes anything else. */
export enum Discard {
    /** a record or fragment header is cut off, or its length reaches past the datagram */
    truncated = 0,
    /** content type this stack does not know */
    unknownType = 1,
    /** record version is not DTLS */
    version = 2,
    /** epoch of the past, or too far in the future */
    epoch = 3,
    /** sequence number seen before or left of the window */
    replayed = 4,
    /** the AEAD says no */
    notAuthentic = 5,
    /** longer than a record may be (RFC 5246 §6.2) */
    oversize = 6,
    /** record of the next epoch, but no room to keep it until the keys come */
    earlyFull = 7,
    /** unprotected, but keys are active */
    unprotected = 8,
    /** more records in one datagram than the limit */
    tooManyRecords = 9,
    /** handshake fragment that contradicts its header, its message or the limits */
    badFragment = 10,
    /** handshake message_seq of the past (may cause a retransmission) or too far ahead */
    messageSeq = 11,
    /** alert, ChangeCipherSpec or handshake message of the wrong form, or where none is expected */
    unexpected = 12,
    /** application data over the receive queue's limit */
    queueFull = 13,
    /** datagram of an unknown peer that is no acceptable ClientHello, or its cookie does not verify */
    unknownPeer = 14,
    /** no place for another peer */
    peerLimit = 15,
    /** protected record without room for an explicit nonce and a tag: nobody tried to forge one */
    tooShort = 16,
}

/** Names in the order of the numbers, for counters in JSON and diagnostics. */
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
 * Drop counters by reason.
 * @devsWhenUsed
 */
export class DiscardCounters {
    /** up to the last reason that occurred: most peers cause none */
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
