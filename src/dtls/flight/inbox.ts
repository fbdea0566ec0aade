import { blit, copyOf } from "../bytes/bytes.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader, withHandshakeHeader } from "../wire/handshake-header.js"

/** A complete handshake message. */
export interface HandshakeMessage {
    type: number
    messageSeq: number
    /** epoch of the record that completed it */
    epoch: number
    /** header and body as in the transcript: as if it had come in one fragment (RFC 6347 §4.2.6) */
    bytes: Buffer
}

/** A copy of a message's body. */
export function bodyOf(message: HandshakeMessage): Buffer {
    const { bytes } = message
    return copyOf(bytes, HANDSHAKE_HEADER_LENGTH, bytes.length)
}

export interface InboxLimits {
    /** bytes of one handshake message */
    handshakeMessageBytes: number
    /** bytes of all incomplete and future messages together */
    inboxBytes: number
    /** how far message_seq may be ahead of the next one expected */
    messageWindow: number
}

/** What became of a fragment. */
export enum Fragment {
    /** taken, or covered already */
    kept,
    /** of a message that was processed before */
    past,
    /** contradicts its message, or is over a limit */
    refused,
}

/** Gaps of a message that is whole; nobody adds to it. */
const NO_GAPS: number[] = []

/**
 * One message on its way: its bytes, and the gaps that are left in it (as in RFC 815).
 * @devsWhenUsed
 */
class Reassembly implements HandshakeMessage {
    /** a fragment came that does not fit: one of the two is forged */
    contradicted: boolean

    /** @param gaps of the body, in order: where each begins, and ends */
    constructor(
        public type: number,
        public messageSeq: number,
        public epoch: number,
        public bytes: Buffer,
        private gaps: number[],
    ) {
        // Last, so that the other fields lie where every HandshakeMessage has them.
        this.contradicted = false
    }

    isComplete(): boolean {
        return this.gaps.length === 0
    }

    /** Bytes of the body. */
    bodyLength(): number {
        return this.bytes.length - HANDSHAKE_HEADER_LENGTH
    }

    contradicts(header: HandshakeHeader, epoch: number): boolean {
        return this.type !== header.type || this.bodyLength() !== header.length || this.epoch !== epoch
    }

    /**
     * Only gaps are filled: bytes that are there already stay as they came first, so that an overlap with other bytes
     * cannot change them (F05).
     * @param from where the fragment begins in `source`, behind its header
     * @returns false, and fills nothing, when there are too many gaps for small fragments
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

    /** A gap, unless it is empty. */
    private leave(start: number, end: number): void {
        if (start >= end) return
        this.gaps.push(start)
        this.gaps.push(end)
    }
}

/** A message of which nothing is there but its header, as that of the whole. */
function emptyMessage(header: HandshakeHeader, epoch: number): Reassembly {
    const { type, length, messageSeq } = header
    const bytes = withHandshakeHeader(type, length, messageSeq, 0, length)
    return new Reassembly(type, messageSeq, epoch, bytes, [0, length])
}

/** Most gaps a message may have before further small fragments are refused. */
const MAX_GAPS = 32

/**
 * Receives handshake fragments in any order and gives whole messages in the order of message_seq (RFC 6347 §4.2.2-3).
 * @devsWhenUsed
 */
export class Inbox {
    private waiting: Reassembly[] = []
    private bytes = 0

    /** @param nextSeq message_seq of the first message to give */
    constructor(
        private limits: InboxLimits,
        public nextSeq: number,
    ) {}

    /** @param data holds the fragment's bytes at [at, at + header.fragmentLength), and its header before them */
    add(header: HandshakeHeader, epoch: number, data: Buffer, at: number): Fragment {
        const { type, length, messageSeq, fragmentLength } = header
        if (messageSeq < this.nextSeq) return Fragment.past
        if (messageSeq > this.nextSeq + this.limits.messageWindow) return Fragment.refused
        let message = this.find(messageSeq)
        if (message !== undefined && message.contradicts(header, epoch)) {
            message.contradicted = true
            // Nobody can tell which of two fragments is forged; a whole message at least needs no other to be judged.
            if (message.isComplete() || fragmentLength < length) return Fragment.refused
            this.forget(messageSeq)
            message = undefined
        }
        if (message !== undefined) return message.fillGaps(header, data, at) ? Fragment.kept : Fragment.refused
        if (length > this.limits.handshakeMessageBytes || !this.makeRoom(header)) return Fragment.refused
        this.bytes += length
        if (fragmentLength === length) {
            // What nearly all messages are: one fragment, whose header is that of the whole.
            const bytes = copyOf(data, at - HANDSHAKE_HEADER_LENGTH, at + length)
            this.waiting.push(new Reassembly(type, messageSeq, epoch, bytes, NO_GAPS))
        } else {
            const begun = emptyMessage(header, epoch)
            begun.fillGaps(header, data, at)
            this.waiting.push(begun)
        }
        return Fragment.kept
    }

    /** The next expected message may push out future ones; a future one only takes room that is free. */
    private makeRoom(header: HandshakeHeader): boolean {
        while (this.bytes + header.length > this.limits.inboxBytes) {
            if (header.messageSeq !== this.nextSeq || this.waiting.length === 0) return false
            const dropped = this.waiting.pop() as Reassembly
            this.bytes -= dropped.bodyLength()
        }
        return true
    }

    private find(messageSeq: number): Reassembly | undefined {
        for (const message of this.waiting) {
            if (message.messageSeq === messageSeq) return message
        }
        return undefined
    }

    /** The next message in order, once it is whole. Its step decides when to call `advance`. */
    peek(): HandshakeMessage | undefined {
        const message = this.find(this.nextSeq)
        return message !== undefined && message.isComplete() ? message : undefined
    }

    /** The message that `peek` gave is done with. */
    advance(): void {
        this.forget(this.nextSeq)
        this.nextSeq++
    }

    /** Drops what is kept of the next message, so that the peer's repetition is read afresh. */
    reject(): void {
        this.forget(this.nextSeq)
    }

    private forget(messageSeq: number): void {
        const kept: Reassembly[] = []
        for (const message of this.waiting) {
            if (message.messageSeq === messageSeq) this.bytes -= message.bodyLength()
            else kept.push(message)
        }
        this.waiting = kept
    }

    /** Drops incomplete messages of which contradicting fragments came: the peer's repetition is read afresh (F04). */
    dropContradicted(): void {
        for (const message of this.waiting) {
            if (message.contradicted && !message.isComplete()) this.forget(message.messageSeq)
        }
    }

    /** Bytes reserved for messages on their way. */
    bytesKept(): number {
        return this.bytes
    }

    isEmpty(): boolean {
        return this.waiting.length === 0
    }

    clear(): void {
        this.waiting = []
        this.bytes = 0
    }
}
