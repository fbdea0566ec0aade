/** An object that keeps ciphers from record to record. */
export interface CipherHolder {
    /** Drops its ciphers; the next record creates new ones. */
    giveUp(): void
}

/**
 * Limit on holders; beyond it the oldest one drops its ciphers. One holder's ciphers take about 2 KB, and its key
 * stream as much again if records have consecutive numbers.
 */
const MOST = 512

/**
 * Number of records of a key before its ciphers are kept: an association that is silent after its handshake keeps none.
 */
export const RECORDS_WITHOUT = 4

const holders = new Set<CipherHolder>()

/** `holder` keeps ciphers from now on. */
export function hold(holder: CipherHolder): void {
    const [oldest] = holders
    if (holders.size >= MOST && oldest !== undefined) {
        holders.delete(oldest)
        oldest.giveUp()
    }
    holders.add(holder)
}

/** `holder` keeps no ciphers any more. */
export function release(holder: CipherHolder): void {
    holders.delete(holder)
}
