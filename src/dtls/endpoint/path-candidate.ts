import { type SourceAddress } from "./source-address.js"

/** Half of how long the address before may take to answer, ms (RFC 9853 §5.5): then it is asked once more. */
export const HALF_WAIT = 500

/**
 * A new address of a peer, to which nothing is sent yet: the one before is asked first (RFC 9853 §5.2).
 * @devsWhenUsed
 */
export class PathCandidate {
    /** when something is to be done about it, ms */
    at: number
    /** the address before was asked twice */
    repeated = false

    /** @param bytes that have come from there */
    constructor(
        public to: SourceAddress,
        public bytes: number,
        now: number,
    ) {
        this.at = now + HALF_WAIT
    }

    /** A newer record came, from there or from another new address. */
    heard(from: SourceAddress, bytes: number): void {
        this.bytes = from.key === this.to.key ? this.bytes + bytes : bytes
        this.to = from
    }
}
