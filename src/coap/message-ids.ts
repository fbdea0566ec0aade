import { readUint } from "../dtls/bytes/integers.js"
import { EXCHANGE_LIFETIME } from "./code-points.js"

/** The message ids of one endpoint's own messages. */
export interface MessageIds {
    /** 0 to 65535 */
    next: number
    /** when the half of the ids that is in use was begun, ms */
    started: number
}

/** @param random two bytes: where it begins is not to be guessed (RFC 7252 §4.4) */
export function newMessageIds(random: Buffer): MessageIds {
    return { next: readUint(random, 0, 2), started: -EXCHANGE_LIFETIME }
}

/**
 * An id that was not in use within EXCHANGE_LIFETIME (RFC 7252 §4.4), or -1 when there is none. The ids of a half were all
 * used before the other half was begun, so that one time is enough to know it: 32768 ids within EXCHANGE_LIFETIME are
 * always there.
 * @param now ms
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
