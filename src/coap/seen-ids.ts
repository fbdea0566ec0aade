import { EXCHANGE_LIFETIME } from "./code-points.js"

/** A message that came. */
export interface Seen {
    messageId: number
    /** when it came, ms */
    at: number
    /** what was sent in reply, to be sent again; undefined: nothing, or nothing yet */
    reply: Buffer | undefined
}

/**
 * The message ids that came from one peer within EXCHANGE_LIFETIME, with the replies they got (RFC 7252 §4.5). Beyond the
 * limit the oldest is forgotten sooner.
 * @devsWhenUsed
 */
export class SeenIds {
    list: Seen[] = []

    /** @param limit how many to remember */
    constructor(private limit: number) {}

    /** The message with that id that came before; what is too old is forgotten first. */
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

    /** The same message again would be taken for a new one. */
    forgetSeen(seen: Seen): void {
        this.list = this.list.filter((other) => other !== seen)
    }
}
