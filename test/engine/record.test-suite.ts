import { bodyOf, Fragment, Inbox } from "../../src/dtls/flight/inbox.js"
import { RetransmissionTimer, smallerBudget, wifi } from "../../src/dtls/flight/retransmission.js"
import { ReplayWindow } from "../../src/dtls/record/replay-window.js"
import { DeadlineHeap } from "../../src/dtls/endpoint/deadline-heap.js"
import { type Association } from "../../src/dtls/association/association.js"
import { Peer } from "../../src/dtls/endpoint/peer.js"
import { ListTable } from "../../src/platform/runtime/table.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage, withHandshakeHeader } from "../../src/dtls/wire/handshake-header.js"
import { type Kit } from "../kit.js"

const limits = { handshakeMessageBytes: 64, inboxBytes: 128, messageWindow: 3 }

function part(inbox: Inbox, messageSeq: number, length: number, from: number, to: number): Fragment {
    const header = { type: 1, length, messageSeq, fragmentOffset: from, fragmentLength: to - from }
    const fragment = withHandshakeHeader(1, length, messageSeq, from, to - from)
    for (let i = from; i < to; i++) fragment[HANDSHAKE_HEADER_LENGTH + i - from] = i + 1
    return inbox.add(header, 0, fragment, HANDSHAKE_HEADER_LENGTH)
}

export function recordTests(t: Kit): void {
    t.describe("replay window", () => {
        t.test("[R06] accepts each number once, exact at both edges", async () => {
            const window = new ReplayWindow()
            for (let i = 0; i < 200; i += 3) {
                t.equal(window.isFresh(i), true)
                window.mark(i)
                t.equal(window.isFresh(i), false)
            }
            t.equal(window.isFresh(198 - 63), false)
            t.equal(window.isFresh(198 - 62), true)
            t.equal(window.isFresh(198 - 64), false)
        })
        t.test("[R06] a jump by 1, 31, 32, 33, 63, 64 and 1000 leaves no stale bits", async () => {
            for (const jump of [1, 31, 32, 33, 63, 64, 1000]) {
                const window = new ReplayWindow()
                window.mark(100)
                window.mark(100 + jump)
                t.equal(window.isFresh(100), false)
                t.equal(window.isFresh(100 + jump), false)
                if (jump > 1) t.equal(window.isFresh(100 + jump - 1), true)
                t.equal(window.isFresh(100 + jump + 1), true)
            }
        })
    })
    t.describe("reassembly", () => {
        t.test("[F01] [F02] overlapping parts in any order complete once every byte is covered", async () => {
            const inbox = new Inbox(limits, 0)
            part(inbox, 0, 10, 6, 10)
            part(inbox, 0, 10, 0, 3)
            t.equal(inbox.peek(), undefined)
            part(inbox, 0, 10, 2, 7)
            const message = inbox.peek()
            if (message === undefined) throw new Error("nothing complete")
            const body = Buffer.from("0102030405060708090a", "hex")
            t.equal(bodyOf(message).toString("hex"), body.toString("hex"))
            t.equal(message.bytes.toString("hex"), wholeMessage(1, 0, body).toString("hex"))
        })
        t.test("a message in one fragment, and an empty one, keep the whole message's header", async () => {
            const inbox = new Inbox(limits, 3)
            part(inbox, 3, 4, 0, 4)
            part(inbox, 4, 0, 0, 0)
            for (const body of [Buffer.from("01020304", "hex"), Buffer.alloc(0)]) {
                const seq = inbox.nextSeq
                const message = inbox.peek()
                if (message === undefined) throw new Error("nothing complete")
                t.equal(message.bytes.toString("hex"), wholeMessage(1, seq, body).toString("hex"))
                inbox.advance()
            }
        })
        t.test("[F04] [F07] [F08] refuses what contradicts, is too large, or too far ahead", async () => {
            const inbox = new Inbox(limits, 0)
            part(inbox, 0, 10, 0, 2)
            t.equal(part(inbox, 0, 11, 2, 4), Fragment.refused)
            t.equal(part(inbox, 1, 65, 0, 1), Fragment.refused)
            t.equal(part(inbox, 4, 10, 0, 2), Fragment.refused)
            t.equal(part(inbox, 3, 10, 0, 2), Fragment.kept)
        })
        t.test("[F08] future messages stay within a byte budget, and the next expected one evicts them", async () => {
            const inbox = new Inbox(limits, 0)
            t.equal(part(inbox, 1, 64, 0, 1), Fragment.kept)
            t.equal(part(inbox, 2, 64, 0, 1), Fragment.kept)
            t.equal(part(inbox, 3, 1, 0, 1), Fragment.refused)
            t.equal(part(inbox, 0, 64, 0, 64), Fragment.kept)
            t.equal(inbox.bytesKept() <= 128, true)
            t.equal(inbox.peek() !== undefined, true)
        })
    })
    t.describe("retransmission timer", () => {
        t.test("[F17] 1 s, doubling to the maximum, then gives up", async () => {
            const profile = wifi()
            profile.jitter = 0
            profile.maximum = 5000
            profile.attempts = 4
            const timer = new RetransmissionTimer(profile)
            timer.start(0, 0)
            let times = ""
            while (timer.expire(timer.at, 0)) times += timer.at + " "
            t.equal(times, "3000 7000 12000 17000 ")
        })
        t.test("[F21] datagrams get smaller after repeated loss", async () => {
            t.equal(smallerBudget(1232, 1, 2), 1232)
            t.equal(smallerBudget(1232, 2, 2), 548)
            t.equal(smallerBudget(1232, 4, 2), 228)
            t.equal(smallerBudget(300, 2, 2), 300)
        })
    })
    t.describe("tables of an endpoint", () => {
        t.test("the heap returns the earliest deadline through inserts, changes and removals", async () => {
            const heap = new DeadlineHeap()
            const peers: Peer[] = []
            for (let i = 0; i < 20; i++) {
                const peer = new Peer("" + i, undefined, undefined as unknown as Association, Buffer.alloc(0), 0)
                peers.push(peer)
                heap.update(peer, ((i * 7) & 15) + i)
            }
            heap.update(peers[0] as Peer, 50)
            heap.remove(peers[1] as Peer)
            let last = -1
            let count = 0
            let first = heap.first()
            while (first !== undefined) {
                t.equal(first.tickAt >= last, true)
                last = first.tickAt
                heap.remove(first)
                count++
                first = heap.first()
            }
            t.equal(count, 19)
        })
        t.test("the hash table sets, replaces, finds and deletes", async () => {
            const table = new ListTable<number>()
            for (let i = 0; i < 40; i++) table.set("key" + i, i)
            table.set("key7", 70)
            table.delete("key8")
            table.delete("nothing")
            t.equal(table.size(), 39)
            t.equal(table.get("key7"), 70)
            t.equal(table.get("key8"), undefined)
        })
    })
}
