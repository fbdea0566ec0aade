import { beginsAt, blit, copyOf } from "../bytes/bytes.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader, withHandshakeHeader } from "../wire/handshake-header.js"

/** A complete handshake message. */
export interface HandshakeMessage {
    type: number
    messageSeq: number
    /** epoch of the record that completed it */
    epoch: number
    /** header and body as in the transcript: as if unfragmented (RFC 6347 §4.2.6) */
    bytes: Buffer
}

/** A copy of a message's body. */
export function bodyOf(message: HandshakeMessage): Buffer {
    const { bytes } = message
    return copyOf(bytes, HANDSHAKE_HEADER_LENGTH, bytes.length)
}

/** Whether a message has this body; constant time like `equal`. */
export function hasBody(message: HandshakeMessage, body: Buffer): boolean {
    const { bytes } = message
    return (
        bytes.length === HANDSHAKE_HEADER_LENGTH + body.length &&
        beginsAt(bytes, HANDSHAKE_HEADER_LENGTH, body, body.length)
    )
}

export interface InboxLimits {
    /** limit on the bytes of one handshake message */
    handshakeMessageBytes: number
    /** limit on the bytes of all incomplete and future messages together */
    inboxBytes: number
    /** how far message_seq may be ahead of the next one expected */
    messageWindow: number
}

/** What became of a fragment. */
export enum Fragment {
    /** taken, or its bytes were there already */
    kept,
    /** it belongs to a message that was processed before */
    past,
    /** it contradicts its message, or exceeds a limit */
    refused,
}

/** Gaps of a complete message; shared, because nobody adds to it. */
const NO_GAPS: number[] = []

/**
 * A message being reassembled: its bytes and the remaining gaps (as in RFC 815).
 * @devsWhenUsed
 */
class Reassembly implements HandshakeMessage {
    /** a fragment came that contradicts the others: one of them is forged */
    contradicted: boolean
    /** the inbox's link to the message that began before this one */
    next: Reassembly | undefined

    /** @param gaps in the body, in order: start and end of each */
    constructor(
        public type: number,
        public messageSeq: number,
        public epoch: number,
        public bytes: Buffer,
        private gaps: number[],
    ) {
        // Last, so that the other fields lie where every HandshakeMessage has them.
        this.contradicted = false
        this.next = undefined
    }

    isComplete(): boolean {
        return this.gaps.length === 0
    }

    /** Length of the body, bytes. */
    bodyLength(): number {
        return this.bytes.length - HANDSHAKE_HEADER_LENGTH
    }

    contradicts(header: HandshakeHeader, epoch: number): boolean {
        return this.type !== header.type || this.bodyLength() !== header.length || this.epoch !== epoch
    }

    /**
     * Fills gaps only: bytes that are already there are kept, so an overlapping fragment cannot change them (F05).
     * @param from where the fragment begins in `source`, after its header
     * @returns false, and fills nothing, if there are too many gaps for small fragments
     */
    fillGaps(header: HandshakeHeader, source: Buffer, from: number): boolean {
        const { gaps } = this
        const { fragmentOffset, fragmentLength } = header
        if (gaps.length >= 2 * MAX_GAPS && fragmentLength < 16) return false
        this.gaps = []
        for (let i = 0; i < gaps.length; i += 2) {
            const first = Math.max(gaps[i], fragmentOffset)
            const last = Math.min(gaps[i + 1], fragmentOffset + fragmentLength)
            if (first < last) {
                const length = last - first
                blit(this.bytes, HANDSHAKE_HEADER_LENGTH + first, source, from + first - fragmentOffset, length)
                this.leave(gaps[i], first)
                this.leave(last, gaps[i + 1])
            } else this.leave(gaps[i], gaps[i + 1])
        }
        return true
    }

    /** Adds a gap, unless it is empty. */
    private leave(start: number, end: number): void {
        if (start >= end) return
        this.gaps.push(start)
        this.gaps.push(end)
    }
}

/** A message with a header but no bytes of its body yet. */
function emptyMessage(header: HandshakeHeader, epoch: number): Reassembly {
    const { type, length, messageSeq } = header
    const bytes = withHandshakeHeader(type, length, messageSeq, 0, length)
    return new Reassembly(type, messageSeq, epoch, bytes, [0, length])
}

/** Number of gaps in a message at which further small fragments are refused. */
const MAX_GAPS = 32

/**
 * Receives handshake fragments in any order and returns complete messages in the order of message_seq (RFC 6347
 * §4.2.2-3).
 * @devsWhenUsed
 */
export class Inbox {
    /** messages that are incomplete or wait for earlier ones, the newest first, linked by `next` */
    private waiting: Reassembly | undefined = undefined
    private bytes = 0

    /** @param nextSeq message_seq of the first message to return */
    constructor(
        private limits: InboxLimits,
        public nextSeq: number,
    ) {}

    /**
     * @param data contains the fragment's bytes at [at, at + header.fragmentLength), and its header before them; not
     * changed afterwards, since a message may be kept in it
     */
    add(header: HandshakeHeader, epoch: number, data: Buffer, at: number): Fragment {
        const { type, length, messageSeq, fragmentLength } = header
        if (messageSeq < this.nextSeq) return Fragment.past
        if (messageSeq > this.nextSeq + this.limits.messageWindow) return Fragment.refused
        let message = this.find(messageSeq)
        if (message !== undefined && message.contradicts(header, epoch)) {
            message.contradicted = true
            // It is impossible to tell which of the two is forged, but a complete message can at least be judged by
            // itself.
            if (message.isComplete() || fragmentLength < length) return Fragment.refused
            this.forget(message)
            message = undefined
        }
        if (message !== undefined) return message.fillGaps(header, data, at) ? Fragment.kept : Fragment.refused
        if (length > this.limits.handshakeMessageBytes || !this.makeRoom(header)) return Fragment.refused
        this.bytes += length
        if (fragmentLength === length) {
            // The usual case: an unfragmented message, with its header; if it is all there is, it need not be copied.
            const start = at - HANDSHAKE_HEADER_LENGTH
            const isAlone = start === 0 && at + length === data.length
            const bytes = isAlone ? data : copyOf(data, start, at + length)
            message = new Reassembly(type, messageSeq, epoch, bytes, NO_GAPS)
        } else {
            message = emptyMessage(header, epoch)
            message.fillGaps(header, data, at)
        }
        message.next = this.waiting
        this.waiting = message
        return Fragment.kept
    }

    /** The next expected message may displace future ones; a future one only uses free room. */
    private makeRoom(header: HandshakeHeader): boolean {
        while (this.bytes + header.length > this.limits.inboxBytes) {
            if (header.messageSeq !== this.nextSeq || this.waiting === undefined) return false
            this.forget(this.waiting)
        }
        return true
    }

    private find(messageSeq: number): Reassembly | undefined {
        let message = this.waiting
        while (message !== undefined && message.messageSeq !== messageSeq) message = message.next
        return message
    }

    /** The next message in order, once it is complete. The step that processes it decides when to call `advance`. */
    peek(): HandshakeMessage | undefined {
        const message = this.find(this.nextSeq)
        return message !== undefined && message.isComplete() ? message : undefined
    }

    /** Done with the message that `peek` returned. */
    advance(): void {
        this.reject()
        this.nextSeq++
    }

    /** Drops what was received of the next message, so that a retransmission is read anew. */
    reject(): void {
        const message = this.find(this.nextSeq)
        if (message !== undefined) this.forget(message)
    }

    private forget(message: Reassembly): void {
        this.bytes -= message.bodyLength()
        let newer = this.waiting
        if (newer === message) this.waiting = message.next
        while (newer !== undefined && newer.next !== message) newer = newer.next
        if (newer !== undefined) newer.next = message.next
        message.next = undefined
    }

    /** Drops incomplete messages with contradicting fragments, so that a retransmission is read anew (F04). */
    dropContradicted(): void {
        let message = this.waiting
        while (message !== undefined) {
            const { next } = message
            if (message.contradicted && !message.isComplete()) this.forget(message)
            message = next
        }
    }

    /** Bytes reserved for messages being reassembled. */
    bytesKept(): number {
        return this.bytes
    }

    isEmpty(): boolean {
        return this.waiting === undefined
    }

    clear(): void {
        this.waiting = undefined
        this.bytes = 0
    }
}
