import { type CoapMessage } from "./message.js"

interface Seen {
    messageId: number
    /** what was answered, to be said again */
    reply: CoapMessage | undefined
}

/**
 * The last message ids of one peer, with the answers they got (RFC 7252 §4.5).
 * @devsWhenUsed
 */
export class SeenIds {
    private list: Seen[] = []

    /** @param limit how many to remember */
    constructor(private limit: number) {}

    has(messageId: number): boolean {
        return this.find(messageId) !== undefined
    }

    replyTo(messageId: number): CoapMessage | undefined {
        const seen = this.find(messageId)
        return seen === undefined ? undefined : seen.reply
    }

    add(messageId: number, reply: CoapMessage | undefined): void {
        this.list.push({ messageId, reply })
        if (this.list.length > this.limit) this.list.shift()
    }

    private find(messageId: number): Seen | undefined {
        for (const seen of this.list) {
            if (seen.messageId === messageId) return seen
        }
        return undefined
    }
}
