import { equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { type HandshakeMessage, Inbox } from "../flight/inbox.js"
import { NEVER } from "../flight/retransmission.js"
import { type Limits } from "../handshake/limits.js"
import { type ClientHelloStart } from "../wire/client-hello.js"
import { HANDSHAKE_HEADER_LENGTH, readHandshakeHeader } from "../wire/handshake-header.js"
import { MAX_PLAINTEXT, readRecordHeader } from "../wire/record-header.js"
import { type HelloFragment, isHelloRecord } from "./hello-fragment.js"
import { sourceHost } from "./source-host.js"

/**
 * How long fragments wait for the others, ms. Longer than the longest common retransmission timer, 9 s (RFC 7925 §11),
 * so that one retransmission arrives in time.
 */
export const HELLO_ASSEMBLY_TIME = 10000

/**
 * A ClientHello of which some fragments have been received.
 * @devsWhenUsed
 */
export class PartialHello {
    host: string
    /** record sequence number of its first fragment */
    sequence: number
    private inbox: Inbox
    private length: number
    private messageSeq: number
    private random: Buffer

    /** @param until when it is discarded, ms */
    constructor(
        public key: string,
        first: HelloFragment,
        start: ClientHelloStart,
        public until: number,
    ) {
        const { length, messageSeq } = first.header
        this.host = sourceHost(key)
        this.sequence = first.sequence
        this.length = length
        this.messageSeq = messageSeq
        this.random = start.random
        this.inbox = new Inbox({ handshakeMessageBytes: length, inboxBytes: length, messageWindow: 0 }, messageSeq)
    }

    /** Whether the fragment may belong to this hello. */
    includes(fragment: HelloFragment): boolean {
        const { header, start } = fragment
        if (header.messageSeq !== this.messageSeq || header.length !== this.length) return false
        return start === undefined || equal(start.random, this.random)
    }

    /**
     * Adds every fragment in a datagram: several may share a record, and several records a datagram (RFC 6347 §4.2.3).
     */
    add(datagram: Buffer, length: number): void {
        const reader = new Reader(datagram, 0, length)
        while (reader.remaining() > 0) {
            const record = readRecordHeader(reader)
            if (record === undefined || record.length > reader.remaining()) return
            const end = reader.at + record.length
            if (isHelloRecord(record)) this.addRecord(new Reader(datagram, reader.at, end))
            reader.at = end
        }
    }

    private addRecord(reader: Reader): void {
        while (reader.remaining() > 0) {
            const header = readHandshakeHeader(reader)
            if (header === undefined) return
            this.inbox.add(header, 0, reader.data, reader.at)
            reader.at += header.fragmentLength
        }
    }

    /** The hello, once every byte of it has been received. */
    whole(): HandshakeMessage | undefined {
        return this.inbox.peek()
    }
}

/**
 * Reassembles fragmented hellos before there is an association. In DTLS 1.2 only for clients that have shown part of a
 * valid cookie. When full, the oldest hello is discarded: from the same address; otherwise from a host that has half of
 * the places; otherwise of all.
 * @devsWhenUsed
 */
export class HelloAssembly {
    /** in the order in which they began */
    private hellos: PartialHello[] = []

    /** @param time how long fragments wait for the others, ms */
    constructor(
        private limits: Limits,
        private time: number,
    ) {}

    count(): number {
        return this.hellos.length
    }

    /** The hello from this address to which the fragment may belong. */
    find(key: string, fragment: HelloFragment): PartialHello | undefined {
        for (const hello of this.hellos) {
            if (hello.key === key) return hello.includes(fragment) ? hello : undefined
        }
        return undefined
    }

    /** Begins with a first fragment; undefined if the hello is larger than the limit, or than a record can be. */
    begin(key: string, first: HelloFragment, start: ClientHelloStart, now: number): PartialHello | undefined {
        const maximum = Math.min(this.limits.handshakeMessageBytes, MAX_PLAINTEXT - HANDSHAKE_HEADER_LENGTH)
        if (first.header.length > maximum) return undefined
        const hello = new PartialHello(key, first, start, now + this.time)
        this.makeRoom(hello)
        this.hellos.push(hello)
        return hello
    }

    private makeRoom(newest: PartialHello): void {
        const { partialHellos } = this.limits
        const sameAddress = this.hellos.filter((hello) => hello.key === newest.key)
        const sameHost = this.hellos.filter((hello) => hello.host === newest.host)
        if (sameAddress.length > 0) this.remove(sameAddress[0] as PartialHello)
        else if (sameHost.length >= Math.max(1, partialHellos >> 1)) this.remove(sameHost[0] as PartialHello)
        else if (this.hellos.length >= partialHellos) this.remove(this.hellos[0] as PartialHello)
    }

    remove(hello: PartialHello): void {
        this.hellos = this.hellos.filter((other) => other !== hello)
    }

    /** When the oldest expires, ms; NEVER if there is none. */
    deadline(): number {
        return this.hellos.length === 0 ? NEVER : (this.hellos[0] as PartialHello).until
    }

    tick(now: number): void {
        if (now >= this.deadline()) this.hellos = this.hellos.filter((hello) => hello.until > now)
    }
}
