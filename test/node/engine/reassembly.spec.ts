import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Fragment, Inbox } from "../../../src/dtls/flight/inbox.js"
import { ContentType } from "../../../src/dtls/wire/code-points.js"
import { type HandshakeHeader } from "../../../src/dtls/wire/handshake-header.js"
import { type Simulation } from "../../engine/simulation.js"
import { simulate } from "../../support/connected.js"
import { seededRandom } from "../../support/spy-crypto.js"
import { cut, fragment, type Message, messages, permutations, record, records } from "../../support/wire.js"

const LENGTH = 60
const message = Buffer.from(Array.from({ length: LENGTH }, (_, i) => i))
const limits = { handshakeMessageBytes: 1000, inboxBytes: 2000, messageWindow: 4 }

function add(inbox: Inbox, from: number, to: number, body = message, change: Partial<HandshakeHeader> = {}): Fragment {
    const header = {
        type: 2,
        length: LENGTH,
        messageSeq: 0,
        fragmentOffset: from,
        fragmentLength: to - from,
        ...change,
    }
    return inbox.add(header, 0, fragment(header, body.subarray(from, to)), 12)
}

/** Takes the next complete message out of the inbox; undefined: not complete yet. */
function taken(inbox: Inbox): Buffer | undefined {
    const whole = inbox.peek()
    if (whole === undefined) return undefined
    inbox.advance()
    return whole.bytes.subarray(12)
}

/** [from, to) of each fragment of `size` bytes. */
const pieces = (size: number): [number, number][] =>
    Array.from({ length: Math.ceil(LENGTH / size) }, (_, i) => [i * size, Math.min(LENGTH, (i + 1) * size)])

function shuffled<T>(list: T[], random: () => number): T[] {
    return list
        .map((item) => ({ item, key: random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item)
}

/** A server for which the test delivers the client's ClientKeyExchange. */
function waitingServer(deliver: (s: Simulation, exchange: Message) => void): Simulation {
    const s = simulate()
    s.fault = (index, _toServer, data) => {
        if (index !== 4) return [5]
        const [exchange, ...rest] = records(data)
        deliver(s, messages(exchange.bytes)[0])
        for (const { bytes } of rest) s.toServer(bytes)
        return []
    }
    s.begin()
    s.run(60000)
    return s
}

describe("reassembly", () => {
    it("[F01] every permutation of up to 5 fragments, and many of more, of every size, delivers the message once", () => {
        const random = seededRandom(1)
        for (let size = 1; size <= LENGTH; size++) {
            const parts = pieces(size)
            const orders =
                parts.length <= 5
                    ? permutations(parts)
                    : [parts, [...parts].reverse(), ...Array.from({ length: 20 }, () => shuffled(parts, random))]
            for (const order of orders) {
                // Single bytes in random order may need more gaps than a reassembly keeps, so the rest is repeated.
                const inbox = new Inbox(limits, 0)
                for (let round = 0; round < 2; round++) for (const [from, to] of order) add(inbox, from, to)
                strictEqual(taken(inbox)?.toString("hex"), message.toString("hex"), `size ${size}`)
                strictEqual(taken(inbox), undefined)
                strictEqual(inbox.bytesKept(), 0)
            }
        }
    })

    it("[F01] a server takes a ClientKeyExchange in fragments of every size, in order and reversed", () => {
        for (let size = 1; size <= 9; size++)
            for (const reversed of [false, true]) {
                const s = waitingServer((s, exchange) => {
                    const parts = cut(exchange, size)
                    for (const part of reversed ? parts.reverse() : parts) s.toServer(part)
                })
                strictEqual(s.client.phase, AssociationPhase.connected, `size ${size}`)
                strictEqual(s.sent, 6)
            }
    })

    it("[F02] a message fragmented differently each time completes as soon as every byte is covered", () => {
        for (let seed = 0; seed < 2000; seed++) {
            const random = seededRandom(seed)
            const inbox = new Inbox(limits, 0)
            const covered = new Array<boolean>(LENGTH).fill(false)
            while (covered.includes(false)) {
                strictEqual(inbox.peek(), undefined)
                const from = Math.floor(random() * LENGTH)
                const to = Math.min(LENGTH, from + 16 + Math.floor(random() * 20))
                if (add(inbox, from, to) !== Fragment.refused) covered.fill(true, from, to)
            }
            strictEqual(taken(inbox)?.toString("hex"), message.toString("hex"), `seed ${seed}`)
        }
    })

    it("[F04] a fragment that disagrees on length or type is refused, whichever arrives first, and reserves nothing more", () => {
        for (const change of [{ length: LENGTH + 1 }, { length: 900 }, { type: 11 }]) {
            const inbox = new Inbox(limits, 0)
            strictEqual(add(inbox, 0, 30), Fragment.kept)
            strictEqual(add(inbox, 30, 40, message, change), Fragment.refused)
            strictEqual(inbox.bytesKept(), LENGTH)
            add(inbox, 30, LENGTH)
            strictEqual(taken(inbox)?.toString("hex"), message.toString("hex"))
        }
    })

    it("[F04] a forged fragment that arrived first costs a retransmission, not the handshake", () => {
        const s = waitingServer((s, exchange) => {
            const header = { ...exchange.header, length: 200, fragmentLength: 4 }
            s.toServer(record(ContentType.handshake, 0, 90, fragment(header, Buffer.alloc(4))))
            for (const part of cut(exchange, 5)) s.toServer(part)
        })
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F05] an overlap with other bytes never changes the bytes already there, wherever it lies", () => {
        for (let from = 0; from < LENGTH; from++)
            for (const to of [from + 1, Math.min(LENGTH, from + 20), LENGTH]) {
                const inbox = new Inbox(limits, 0)
                add(inbox, 10, 30)
                add(inbox, from, to, Buffer.alloc(LENGTH, 0xff))
                add(inbox, 0, LENGTH)
                const whole = taken(inbox) as Buffer
                strictEqual(whole.subarray(10, 30).toString("hex"), message.subarray(10, 30).toString("hex"))
            }
    })

    it("[F08] message_seq ahead by 1 is kept, by 10, 1000 and 65535 refused; what is kept stays within its byte budget", () => {
        const inbox = new Inbox({ ...limits, inboxBytes: 200 }, 1)
        for (const [messageSeq, expected] of [
            [2, Fragment.kept],
            [11, Fragment.refused],
            [1001, Fragment.refused],
            [65535, Fragment.refused],
            [0, Fragment.past],
        ] as const)
            strictEqual(add(inbox, 0, 10, message, { messageSeq }), expected, `message_seq ${messageSeq}`)
        for (let messageSeq = 3; messageSeq <= 5; messageSeq++) {
            add(inbox, 0, 10, message, { messageSeq })
            ok(inbox.bytesKept() <= 200)
        }
    })
})
