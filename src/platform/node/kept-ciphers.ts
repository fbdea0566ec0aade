/** Whoever has ciphers that are kept from record to record. */
export interface CipherHolder {
    /** Gives them up; another record makes new ones. */
    giveUp(): void
}

/**
 * Holders at most, those that began first given up first: the ciphers of one have about 2 KB, and as much again of key stream
 * where records follow each other.
 */
const MOST = 512

/** Records of a key after which its ciphers are kept: an association that is silent after its handshake has none. */
export const RECORDS_WITHOUT = 4

const holders = new Set<CipherHolder>()

/** `holder` has ciphers from now on. */
export function hold(holder: CipherHolder): void {
    const [oldest] = holders
    if (holders.size >= MOST && oldest !== undefined) {
        holders.delete(oldest)
        oldest.giveUp()
    }
    holders.add(holder)
}

/** `holder` has none any more. */
export function release(holder: CipherHolder): void {
    holders.delete(holder)
}
