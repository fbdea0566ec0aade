/** Transmission parameters (RFC 7252 §4.8). Times in ms. */
export interface CoapParameters {
    ackTimeout: number
    /** each first timeout is ackTimeout times 1 to this */
    ackRandomFactor: number
    maxRetransmit: number
    /** how long to wait for a separate response after its request was acknowledged, or for the answer to a NON */
    responseTimeout: number
    /** message ids remembered for deduplication, count */
    rememberedIds: number
}

/** RFC 7252's defaults: a request gives up after 62 to 93 s. */
export function defaultCoapParameters(): CoapParameters {
    return { ackTimeout: 2000, ackRandomFactor: 1.5, maxRetransmit: 4, responseTimeout: 60000, rememberedIds: 8 }
}
