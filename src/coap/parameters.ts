/** Transmission parameters (RFC 7252 §4.8). Times in ms. NSTART is 1: a client has one request outstanding at a time. */
export interface CoapParameters {
    ackTimeout: number
    /** each first timeout is ackTimeout times 1 to this */
    ackRandomFactor: number
    maxRetransmit: number
    /** how long to wait for a separate response after its request was acknowledged, or for the answer to a NON */
    responseTimeout: number
    /** message ids remembered for deduplication, count; each for EXCHANGE_LIFETIME, 247 s, unless more come meanwhile */
    rememberedIds: number
    /** largest message read, bytes; a longer one cannot be read whole, so it is rejected */
    maxMessage: number
    /** how long a server takes for a response before it acknowledges the request by itself (RFC 7252 §5.2.2), ms; below ackTimeout */
    separateAfter: number
    /** requests that a server handles at the same time; beyond them it answers 5.03 */
    concurrentRequests: number
}

/** RFC 7252's defaults: a request ends unanswered after 62 to 93 s. */
export function defaultCoapParameters(): CoapParameters {
    return {
        ackTimeout: 2000,
        ackRandomFactor: 1.5,
        maxRetransmit: 4,
        responseTimeout: 60000,
        rememberedIds: 8,
        // RFC 7252 §4.6
        maxMessage: 1152,
        separateAfter: 500,
        concurrentRequests: 4,
    }
}

/** For servers with memory: a client may post once a second for all of EXCHANGE_LIFETIME and no repetition is taken for new. */
export function gatewayCoapParameters(): CoapParameters {
    const parameters = defaultCoapParameters()
    parameters.rememberedIds = 256
    parameters.maxMessage = 16384
    parameters.concurrentRequests = 16
    return parameters
}
