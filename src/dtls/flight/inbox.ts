import { blit, copyOf } from "../bytes/bytes.js"
import { Writer } from "../bytes/writer.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader, writeHandshakeHeader } from "../wire/handshake-header.js"

/** A complete handshake message. */
export interface HandshakeMessage {
    type: number
    messageSeq: number
    /** header and body as in the transcript: as if it had come in one fragment (RFC 6347 §4.2.6) */
    bytes: Buffer
    /** epoch of the record that completed it */
    epoch: number
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

/**
 * One message on its way: its bytes, and the gaps that are left in it (as in RFC 815).
 * @devsWhenUsed
 */
class Reassembly {
    /** room for the header, and the body */
    private bytes: Buffer
    /** it came in one fragment, header and all */
    private whole = false
    /** gap i is the bytes [starts[i], ends[i]) of the body; in order */
    private starts = [0]
    private ends: number[]

    /** a fragment came that does not fit: one of the two is forged */
    contradicted = false

    constructor(
        public type: number,
        public messageSeq: number,
        public epoch: number,
        /** of the body, bytes */
        public length: number,
    ) {
        this.bytes = Buffer.alloc(HANDSHAKE_HEADER_LENGTH + length)
        this.ends = [length]
    }

    isComplete(): boolean {
        return this.length === 0 || this.starts.length === 0
    }

    message(): HandshakeMessage {
        const { type, messageSeq, bytes, epoch } = this
        if (!this.whole) this.writeHeader()
        return { type, messageSeq, bytes, epoch }
    }

    private writeHeader(): void {
        const { type, length, messageSeq } = this
        const writer = new Writer(HANDSHAKE_HEADER_LENGTH)
        writeHandshakeHeader(writer, { type, length, messageSeq, fragmentOffset: 0, fragmentLength: length })
        blit(this.bytes, 0, writer.finish(), 0, HANDSHAKE_HEADER_LENGTH)
    }

    /**
     * Only gaps are filled: bytes that are there already stay as they came first, so that an overlap with other bytes
     * cannot change them (F05).
     * @param from where the fragment begins in `source`, behind its header
     */
    add(start: number, end: number, source: Buffer, from: number): void {
        const { starts, ends } = this
        this.starts = []
        this.ends = []
        if (end - start === this.length && ends[0] - starts[0] === this.length) {
            // What nearly all messages are: one fragment, whose header is that of the whole.
            this.whole = true
            blit(this.bytes, 0, source, from - HANDSHAKE_HEADER_LENGTH, HANDSHAKE_HEADER_LENGTH + end)
            return
        }
        for (let i = 0; i < starts.length; i++) {
            const first = Math.max(starts[i], start)
            const last = Math.min(ends[i], end)
            if (first < last) {
                blit(this.bytes, HANDSHAKE_HEADER_LENGTH + first, source, from + first - start, last - first)
                this.leave(starts[i], first)
                this.leave(last, ends[i])
            } else this.leave(starts[i], ends[i])
        }
    }

    /** A gap, unless it is empty. */
    private leave(start: number, end: number): void {
        if (start >= end) return
        this.starts.push(start)
        this.ends.push(end)
    }

    /** They are bounded too: a peer that sends every other byte is refused. */
    gaps(): number {
        return this.starts.length
    }
}

function contradicts(message: Reassembly, header: HandshakeHeader, epoch: number): boolean {
    return message.type !== header.type || message.length !== header.length || message.epoch !== epoch
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
        if (header.messageSeq < this.nextSeq) return Fragment.past
        if (header.messageSeq > this.nextSeq + this.limits.messageWindow) return Fragment.refused
        let message = this.find(header.messageSeq)
        if (message !== undefined && contradicts(message, header, epoch)) {
            message.contradicted = true
            // Nobody can tell which of two fragments is forged; a whole message at least needs no other to be judged.
            if (message.isComplete() || header.fragmentLength < header.length) return Fragment.refused
            this.forget(header.messageSeq)
            message = undefined
        }
        if (message === undefined) {
            if (header.length > this.limits.handshakeMessageBytes) return Fragment.refused
            if (!this.makeRoom(header)) return Fragment.refused
            message = new Reassembly(header.type, header.messageSeq, epoch, header.length)
            this.waiting.push(message)
            this.bytes += header.length
        }
        if (header.fragmentLength > 0) {
            if (message.gaps() >= MAX_GAPS && header.fragmentLength < 16) return Fragment.refused
            message.add(header.fragmentOffset, header.fragmentOffset + header.fragmentLength, data, at)
        }
        return Fragment.kept
    }

    /** The next expected message may push out future ones; a future one only takes room that is free. */
    private makeRoom(header: HandshakeHeader): boolean {
        while (this.bytes + header.length > this.limits.inboxBytes) {
            if (header.messageSeq !== this.nextSeq || this.waiting.length === 0) return false
            const dropped = this.waiting.pop() as Reassembly
            this.bytes -= dropped.length
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
        return message !== undefined && message.isComplete() ? message.message() : undefined
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
            if (message.messageSeq === messageSeq) this.bytes -= message.length
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
