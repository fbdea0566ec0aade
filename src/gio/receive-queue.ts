import { type Limits } from "../dtls/handshake/limits.js"
import { type InputMessage } from "./datagram-based.js"
import { scatter } from "./vectors.js"

/**
 * Received messages that have not been read yet, within the limits. Messages that exceed the limits are dropped, as with UDP.
 * @devsWhenUsed
 */
export class ReceiveQueue {
    private messages: Buffer[] = []
    private bytes = 0

    constructor(private limits: Limits) {}

    /** Appends a message. @returns false if the message is dropped */
    push(message: Buffer): boolean {
        const { receiveQueueMessages, receiveQueueBytes } = this.limits
        const bytes = this.bytes + message.length
        if (this.messages.length >= receiveQueueMessages || bytes > receiveQueueBytes) return false
        this.messages.push(message)
        this.bytes = bytes
        return true
    }

    /** Moves messages into `targets`, starting at index `from`. @returns the index of the first target that was not filled */
    fill(targets: InputMessage[], from: number): number {
        let index = from
        while (index < targets.length && this.messages.length > 0) {
            const data = this.messages.shift() as Buffer
            this.bytes -= data.length
            scatter(targets[index] as InputMessage, data, data.length, undefined)
            index++
        }
        return index
    }

    /** Removes and returns the oldest message; undefined if there is none. */
    takeOldest(): Buffer | undefined {
        const data = this.messages.shift()
        if (data !== undefined) this.bytes -= data.length
        return data
    }

    isEmpty(): boolean {
        return this.messages.length === 0
    }

    clear(): void {
        this.messages = []
        this.bytes = 0
    }
}
