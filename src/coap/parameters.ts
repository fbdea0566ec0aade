/** Transmission parameters (RFC 7252 §4.8). Times are in ms. NSTART is 1: a client has one outstanding request at a time. */
export interface CoapParameters {
    ackTimeout: number
    /** each first timeout is ackTimeout times a random factor from 1 to this value */
    ackRandomFactor: number
    maxRetransmit: number
    /** how long to wait for a separate response after the acknowledgement of a request, or for the answer to a non-confirmable one */
    responseTimeout: number
    /**
     * number of message ids to remember for the detection of duplicates. Each is kept for EXCHANGE_LIFETIME, 247 s, unless newer ones
     * displace it
     */
    rememberedIds: number
    /** largest message to receive, bytes; a longer message is truncated and therefore rejected */
    maxMessage: number
    /** how long a server waits for its handler before it acknowledges a request separately (RFC 7252 §5.2.2), ms; less than ackTimeout */
    separateAfter: number
    /** number of requests that a server handles at the same time; further requests are answered with 5.03 */
    concurrentRequests: number
}

/** The defaults of RFC 7252: an unanswered request fails after 62 to 93 s. */
export function defaultCoapParameters(): CoapParameters {
    return {
        ackTimeout: 2000,
        ackRandomFactor: 1.5,
        maxRetransmit: 4,
        responseTimeout: 60000,
        rememberedIds: 8,
        // the message size of RFC 7252 §4.6
        maxMessage: 1152,
        separateAfter: 500,
        concurrentRequests: 4,
    }
}

/**
 * Parameters for servers with plenty of memory: even if a client posts once a second for all of EXCHANGE_LIFETIME, duplicates are detected.
 */
export function gatewayCoapParameters(): CoapParameters {
    const parameters = defaultCoapParameters()
    parameters.rememberedIds = 256
    parameters.maxMessage = 16384
    parameters.concurrentRequests = 16
    return parameters
}
