/** Every buffer that a peer can fill, with its limit. Bytes unless said otherwise. */
export interface Limits {
    /** one incoming handshake message; range 256 to 57000 */
    handshakeMessageBytes: number
    /** all incomplete and future handshake messages of one peer */
    inboxBytes: number
    /** how far a message_seq may be ahead, messages */
    messageWindow: number
    /** records of one peer kept until their keys come */
    earlyRecordBytes: number
    /** records read from one datagram, count */
    recordsPerDatagram: number
    /** application messages of one peer that nobody has read yet, count and bytes */
    receiveQueueMessages: number
    receiveQueueBytes: number
    /** largest datagram read from the base socket */
    datagramBytes: number
    /** established peers of one endpoint, count */
    peers: number
    /** when there are that many: refuse new ones until one leaves, instead of letting the one heard from longest ago go */
    refuseWhenFull: boolean
    /** established peers with the same identity, count; one more lets the one heard from longest ago go. 0: no limit */
    sessionsPerIdentity: number
    /** peers of one endpoint whose handshake is running, count */
    halfOpenPeers: number
    /** of these with the same source host (IPv4 address, or first 64 bits of an IPv6 address), count; 1 or more */
    halfOpenPerHost: number
    /**
     * ClientHellos of clients with a cookie that come in fragments and are not whole yet, count; each of handshakeMessageBytes
     * at most. A server of DTLS 1.3 takes as many again of clients without a cookie.
     */
    partialHellos: number
    /** server: an established peer from which nothing authentic came for so long is let go, with close_notify; ms, 0: never */
    idleTimeout: number
    /** datagrams with records that did not verify under one CCM_8 key before the association ends, count; other suites only count */
    ccm8Failures: number
}

/**
 * For a microcontroller. A server with all of them reached at once has 50 KB alive in the machine, program included, and
 * runs in an arena of 64 KB (test/node/machine/limits.spec.ts prints it).
 */
export function mcuLimits(): Limits {
    return {
        handshakeMessageBytes: 1024,
        inboxBytes: 1536,
        messageWindow: 4,
        earlyRecordBytes: 256,
        recordsPerDatagram: 8,
        receiveQueueMessages: 8,
        receiveQueueBytes: 2048,
        datagramBytes: 1500,
        peers: 4,
        refuseWhenFull: false,
        sessionsPerIdentity: 2,
        halfOpenPeers: 2,
        halfOpenPerHost: 1,
        partialHellos: 2,
        idleTimeout: 86400000,
        // RFC 9147 appendix B.3 allows 2^7 failures for a forgery chance of 2^-57; 8 records in each of these datagrams
        // make it 2^-47, and an attacker who sends rubbish needs 16384 datagrams to cause a new handshake.
        ccm8Failures: 16384,
    }
}

/** For a gateway with ordinary memory. */
export function gatewayLimits(): Limits {
    return {
        handshakeMessageBytes: 16384,
        inboxBytes: 32768,
        messageWindow: 8,
        earlyRecordBytes: 4096,
        recordsPerDatagram: 64,
        receiveQueueMessages: 1024,
        receiveQueueBytes: 1048576,
        datagramBytes: 18432,
        peers: 10000,
        refuseWhenFull: false,
        sessionsPerIdentity: 100,
        halfOpenPeers: 1000,
        // Many devices may share one address behind a carrier's NAT.
        halfOpenPerHost: 100,
        partialHellos: 64,
        idleTimeout: 86400000,
        ccm8Failures: 16384,
    }
}
