import { readUint } from "../dtls/bytes/integers.js"
import { EXCHANGE_LIFETIME } from "./code-points.js"

/** The state that chooses message ids for an endpoint's own messages. */
export interface MessageIds {
    /** 0 to 65535 */
    next: number
    /** when the current half of the ids was started, ms */
    started: number
}

/** @param random two random bytes, which make the first id hard to guess (RFC 7252 §4.4) */
export function newMessageIds(random: Buffer): MessageIds {
    return { next: readUint(random, 0, 2), started: -EXCHANGE_LIFETIME }
}

/**
 * Returns an id that was not used within EXCHANGE_LIFETIME (RFC 7252 §4.4), or -1 if there is none. All ids of one half are used before the
 * other half is started, so one timestamp is sufficient. 32768 ids are always available within EXCHANGE_LIFETIME.
 */
export function takeMessageId(ids: MessageIds, now: number): number {
    const { next } = ids
    if ((next & 0x7fff) === 0) {
        if (now - ids.started < EXCHANGE_LIFETIME) return -1
        ids.started = now
    }
    ids.next = (next + 1) & 0xffff
    return next
}
