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
}

/** RFC 7252's defaults: a request gives up after 62 to 93 s. */
export function defaultCoapParameters(): CoapParameters {
    return { ackTimeout: 2000, ackRandomFactor: 1.5, maxRetransmit: 4, responseTimeout: 60000, rememberedIds: 8 }
}

/** For servers with memory: a client may post once a second for all of EXCHANGE_LIFETIME and no repetition is taken for new. */
export function gatewayCoapParameters(): CoapParameters {
    const parameters = defaultCoapParameters()
    parameters.rememberedIds = 256
    return parameters
}
