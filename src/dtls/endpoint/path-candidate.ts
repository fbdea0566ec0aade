import { type SourceAddress } from "./source-address.js"

/** Half of the time that the old address has to answer, ms (RFC 9853 §5.5); after it the challenge is repeated once. */
export const HALF_WAIT = 500

/**
 * A peer's new address before anything is sent to it: the old one is challenged first (RFC 9853 §5.2).
 * @devsWhenUsed
 */
export class PathCandidate {
    /** when the challenge is repeated or the move is made, ms */
    at: number
    /** the old address was challenged twice */
    repeated = false

    /** @param bytes received from there */
    constructor(
        public to: SourceAddress,
        public bytes: number,
        now: number,
    ) {
        this.at = now + HALF_WAIT
    }

    /** A newer record came from there or from yet another new address. */
    heard(from: SourceAddress, bytes: number): void {
        this.bytes = from.key === this.to.key ? this.bytes + bytes : bytes
        this.to = from
    }
}
