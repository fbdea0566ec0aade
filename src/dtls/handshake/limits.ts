/** Every buffer that a peer can fill, with its limit. Bytes unless said otherwise. */
export interface Limits {
    /** one incoming handshake message; range 256 to 57000 */
    handshakeMessageBytes: number
    /** all incomplete and future handshake messages of one peer */
    inboxBytes: number
    /** how far ahead message_seq may be, messages */
    messageWindow: number
    /** early records stored for one peer until their keys are known */
    earlyRecordBytes: number
    /** records read from one datagram, count */
    recordsPerDatagram: number
    /** unread application messages of one peer, count and bytes */
    receiveQueueMessages: number
    receiveQueueBytes: number
    /** largest datagram read from the base socket */
    datagramBytes: number
    /** established peers of one endpoint, count */
    peers: number
    /** at that limit, refuse new peers until one leaves, instead of evicting the least recently heard one */
    refuseWhenFull: boolean
    /**
     * established peers with the same identity, count; beyond it the least recently heard one is evicted. 0: no limit
     */
    sessionsPerIdentity: number
    /** peers of one endpoint with a handshake under way, count */
    halfOpenPeers: number
    /** those of them with the same source host (IPv4 address, or first 64 bits of an IPv6 address), count; 1 or more */
    halfOpenPerHost: number
    /**
     * incomplete fragmented ClientHellos from clients with a cookie, count; each takes at most handshakeMessageBytes. A
     * server of DTLS 1.3 allows as many again from clients without a cookie.
     */
    partialHellos: number
    /**
     * server: an established peer from which nothing authentic was received for this time is dropped, with
     * close_notify; ms, 0: never
     */
    idleTimeout: number
    /**
     * datagrams with records that failed under one CCM_8 key before the association ends, count; with other suites they
     * are only counted
     */
    ccm8Failures: number
}

/**
 * For a microcontroller. A server that reaches all of them at once has 50 KB of live data in the machine, program
 * included, and runs in an arena of 64 KB (test/node/machine/limits.spec.ts prints it).
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
        // RFC 9147 appendix B.3 allows 2^7 failures for a forgery probability of 2^-57. With 8 records in each of these
        // datagrams it is 2^-47, and an attacker needs 16384 invalid datagrams to force a new handshake.
        ccm8Failures: 16384,
    }
}

/** For a gateway with ordinary amounts of memory. */
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
