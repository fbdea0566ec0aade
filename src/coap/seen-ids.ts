import { EXCHANGE_LIFETIME } from "./code-points.js"
import { type CoapMessage } from "./message.js"

interface Seen {
    messageId: number
    /** when it came, ms */
    at: number
    /** what was answered, to be said again */
    reply: CoapMessage | undefined
}

/**
 * The message ids that came from one peer within EXCHANGE_LIFETIME, with the answers they got (RFC 7252 §4.5). Beyond the
 * limit the oldest is forgotten sooner.
 * @devsWhenUsed
 */
export class SeenIds {
    private list: Seen[] = []

    /** @param limit how many to remember */
    constructor(private limit: number) {}

    /** Whether that message came before; what is too old is forgotten first. */
    has(messageId: number, now: number): boolean {
        this.list = this.list.filter((seen) => now - seen.at < EXCHANGE_LIFETIME)
        return this.find(messageId) !== undefined
    }

    replyTo(messageId: number): CoapMessage | undefined {
        const seen = this.find(messageId)
        return seen === undefined ? undefined : seen.reply
    }

    add(messageId: number, reply: CoapMessage | undefined, now: number): void {
        this.list.push({ messageId, at: now, reply })
        if (this.list.length > this.limit) this.list.shift()
    }

    private find(messageId: number): Seen | undefined {
        return this.list.find((seen) => seen.messageId === messageId)
    }
}
