import { EXCHANGE_LIFETIME } from "./code-points.js"

/** A received message. */
export interface Seen {
    messageId: number
    /** time of arrival, ms */
    at: number
    /** the reply, which is sent again if the message is repeated; undefined: no reply, or none yet */
    reply: Buffer | undefined
}

/**
 * The ids of messages that one peer sent within EXCHANGE_LIFETIME, with the replies to them (RFC 7252 §4.5). Beyond the limit the oldest id
 * is forgotten early.
 * @devsWhenUsed
 */
export class SeenIds {
    list: Seen[] = []

    /** @param limit largest number of ids to remember */
    constructor(private limit: number) {}

    /** Returns an earlier message with this id, after forgetting messages that are too old. */
    find(messageId: number, now: number): Seen | undefined {
        this.list = this.list.filter((seen) => now - seen.at < EXCHANGE_LIFETIME)
        return this.list.find((seen) => seen.messageId === messageId)
    }

    add(messageId: number, now: number): Seen {
        const seen: Seen = { messageId, at: now, reply: undefined }
        this.list.push(seen)
        if (this.list.length > this.limit) this.list.shift()
        return seen
    }

    /** Forgets a message, so that a repetition of it is handled as a new message. */
    forgetSeen(seen: Seen): void {
        this.list = this.list.filter((other) => other !== seen)
    }
}
