import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { Diagnostic, OutputKind } from "../../../src/dtls/association/output.js"
import { wifi, cellular } from "../../../src/dtls/flight/retransmission.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { countOf, type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { cut, fragment, type Message, messages, permutations, record, records } from "../../support/wire.js"

/** A client that waits for the server's flight (ServerHello and what follows), which was sent but has not arrived. */
function waitingClient(change: Parameters<typeof simulate>[0] = undefined): { s: Simulation; flight: Message[] } {
    const s = simulate((client, server) => {
        server.pskIdentityHint = Buffer.from("a hint to make it longer")
        change?.(client, server)
    })
    s.fault = (index) => (index === 3 ? [] : [5])
    s.begin()
    s.run(500)
    return { s, flight: messages(s.log[3]) }
}

/** An extension that makes a ClientHello longer than 228 bytes; servers ignore it. */
function padding(): HelloExtension {
    const none = AlertDescription.none
    return { type: 21, offer: () => Buffer.alloc(300), accept: () => none, select: () => none, answer: () => undefined }
}

function handshakeRecord(bytes: Buffer): Buffer {
    return record(ContentType.handshake, 0, 7, bytes)
}

describe("fragments", () => {
    it("[F01] every order of up to 5 fragments, of sizes from 1 byte to the whole, completes once", () => {
        const { flight } = waitingClient()
        const [hello] = flight as [Message]
        for (const size of [1, 7, 15, 20, 100]) {
            const pieces = cut(hello, size)
            const orders = pieces.length <= 5 ? permutations(pieces) : [pieces, [...pieces].reverse()]
            for (const order of orders) {
                const { s, flight: own } = waitingClient()
                const sequence = cut(own[0], size)
                for (const piece of order) s.toClient(sequence[pieces.indexOf(piece)])
                s.drain()
                strictEqual(s.client.expecting(), HandshakeType.serverHelloDone)
                strictEqual(s.client.parameters.suite?.id, 0xc0a8)
            }
        }
    })

    it("[F02] overlaps, other cutting points and a whole message after parts complete it", () => {
        const { s, flight } = waitingClient()
        const [hello, ...rest] = flight as [Message, ...Message[]]
        const half = cut(hello, 40)
        const other = cut(hello, 25)
        for (const piece of [half[1], other[0], other[1], half[0]]) s.toClient(piece)
        s.drain()
        strictEqual(s.client.parameters.suite?.id, 0xc0a8)
        for (const message of rest) {
            s.toClient(cut(message, 10)[0] ?? handshakeRecord(fragment(message.header, message.body)))
            s.toClient(handshakeRecord(fragment(message.header, message.body)))
        }
        s.drain()
        s.run(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F03] a fragment beyond its message is discarded and changes nothing", () => {
        const { s, flight } = waitingClient()
        const [hello] = flight as [Message]
        const before = picture(s.client)
        for (const [offset, length] of [
            [hello.body.length, 1],
            [hello.body.length - 1, 2],
            [0xffffff, 0xffffff],
        ] as const) {
            const header = { ...hello.header, fragmentOffset: offset, fragmentLength: length }
            s.toClient(handshakeRecord(fragment(header, Buffer.alloc(Math.min(length, 50)))))
        }
        strictEqual(picture(s.client), before)
        strictEqual(drops(s.client)["badFragment"], 3)
    })

    it("[F04] fragments that disagree on length or type are discarded", () => {
        const { s, flight } = waitingClient()
        const [hello] = flight as [Message]
        s.toClient(cut(hello, 30)[0])
        const before = picture(s.client)
        const piece = { messageSeq: 1, fragmentOffset: 30, fragmentLength: 10 }
        s.toClient(handshakeRecord(fragment({ ...piece, type: 2, length: 200 }, Buffer.alloc(10))))
        s.toClient(handshakeRecord(fragment({ ...piece, type: 11, length: hello.body.length }, Buffer.alloc(10))))
        strictEqual(picture(s.client), before)
        for (const rest of cut(hello, 30)) s.toClient(rest)
        s.drain()
        strictEqual(s.client.parameters.suite?.id, 0xc0a8)
    })

    it("[F05] an overlap with other bytes changes nothing: the first bytes stay", () => {
        const { s, flight } = waitingClient()
        const [hello] = flight as [Message]
        const pieces = cut(hello, 30)
        s.toClient(pieces[0])
        const forged = fragment({ ...hello.header, fragmentOffset: 5, fragmentLength: 20 }, Buffer.alloc(20, 0xff))
        s.toClient(handshakeRecord(forged))
        for (const piece of pieces.slice(1)) s.toClient(piece)
        s.drain()
        strictEqual(s.client.parameters.serverRandom.toString("hex"), hello.body.subarray(2, 34).toString("hex"))
    })

    it("[F06] thousands of zero-length fragments of empty and other messages: no loop, bounded memory, and the message completes", () => {
        const { s, flight } = waitingClient()
        for (let i = 0; i < 5000; i++) {
            const messageSeq = 1 + (i % 4)
            const header = { type: 2, messageSeq, length: i % 2 === 0 ? 60 : 0, fragmentOffset: 0, fragmentLength: 0 }
            if (messageSeq > 1) s.toClient(handshakeRecord(fragment(header, Buffer.alloc(0))))
        }
        ok(s.client.snapshot().inboxBytes <= s.client.settings.limits.inboxBytes)
        for (const message of flight) s.toClient(handshakeRecord(fragment(message.header, message.body)))
        s.drain()
        ok(s.client.parameters.suite !== undefined)
    })

    it("[F07] a message of 2^24-1 bytes is refused before anything is allocated", () => {
        const { s } = waitingClient()
        for (let messageSeq = 1; messageSeq < 8; messageSeq++) {
            const header = { type: 11, messageSeq, length: 0xffffff, fragmentOffset: 0, fragmentLength: 1 }
            s.toClient(handshakeRecord(fragment(header, Buffer.alloc(1))))
        }
        strictEqual(s.client.snapshot().inboxBytes, 0)
        strictEqual(drops(s.client)["badFragment"], 7)
    })

    it("[F08] a future message_seq within the window is kept within the budget, and dropped beyond it", () => {
        const { s, flight } = waitingClient()
        const done = flight[flight.length - 1]
        s.toClient(handshakeRecord(fragment(done.header, done.body)))
        for (const ahead of [10, 1000, 65535])
            s.toClient(handshakeRecord(fragment({ type: 14, messageSeq: ahead }, Buffer.alloc(0))))
        strictEqual(drops(s.client)["badFragment"], 3)
        for (const message of flight.slice(0, -1)) s.toClient(handshakeRecord(fragment(message.header, message.body)))
        s.drain()
        s.run(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F09] a past message_seq is not processed again; only the end of a retransmitted flight causes an answer", () => {
        const { s, flight } = waitingClient()
        s.fault = () => []
        for (const message of flight) s.toClient(handshakeRecord(fragment(message.header, message.body)))
        s.drain()
        const sent = s.sent
        s.now += 600
        for (let i = 0; i < 20; i++) s.toClient(handshakeRecord(fragment(flight[0].header, flight[0].body)))
        s.drain()
        strictEqual(s.sent, sent)
        const done = flight[flight.length - 1]
        for (let i = 0; i < 20; i++) s.toClient(handshakeRecord(fragment(done.header, done.body)))
        s.drain()
        strictEqual(s.sent, sent + 1)
    })

    it("[F10] a first hello with message_seq 3 and record number 77 gets them echoed, and the handshake continues from there", () => {
        const s = simulate()
        s.begin()
        const [part] = records(s.log[0])
        const body = messages(s.log[0])[0].body
        const odd = simulate()
        odd.toServer(record(ContentType.handshake, 0, 77, fragment({ type: 1, messageSeq: 3 }, body)))
        odd.drain()
        const [reply] = records(odd.log[0])
        strictEqual(reply.header.sequence, 77)
        strictEqual(messages(odd.log[0])[0].header.messageSeq, 3)
        ok(part)
    })

    for (const order of ["in order", "reversed"] as const)
        it(`[F11] a ClientHello in fragments of 150 bytes, ${order}, gets through the cookie exchange`, () => {
            const s = simulate((client) => {
                client.extensions = [padding()]
                client.pathBudget = 228
            })
            // Datagrams sent at the same time arrive in reverse order, because later ones have a lower latency.
            s.fault = (index) => (order === "in order" ? [5] : [50 - (index % 40)])
            s.begin()
            s.run(20000)
            strictEqual(s.client.phase, AssociationPhase.connected)
            ok(s.log.every((datagram) => datagram.length <= 228))
            ok(messages(s.log[0])[0].header.fragmentLength < messages(s.log[0])[0].header.length)
        })

    it("[F11] the first fragment of a ClientHello lost: the retransmission completes it", () => {
        const s = simulate((client) => {
            client.extensions = [padding()]
            client.pathBudget = 228
        })
        s.fault = (index) => (index === 0 || index === 5 ? [] : [5])
        s.begin()
        s.run(20000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F12] several messages in one record, one message over many records, both at once", () => {
        const { s, flight } = waitingClient()
        const [hello, ...rest] = flight as [Message, ...Message[]]
        const pieces = cut(hello, 30)
        for (const piece of pieces.slice(0, -1)) s.toClient(piece)
        const last = records(pieces[pieces.length - 1])[0].fragment
        s.toClient(
            handshakeRecord(Buffer.concat([last, ...rest.map((message) => fragment(message.header, message.body))])),
        )
        s.drain()
        s.run(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F13] application data after the Finished in one datagram is delivered after it", () => {
        const s = simulate()
        s.fault = (index) => (index === 5 ? [] : [5])
        s.begin()
        s.run(400)
        s.serverSends("right behind")
        const finished = s.log[5]
        s.fault = () => []
        s.client.receive(Buffer.concat([finished, s.log[6]]), finished.length + s.log[6].length, s.now)
        s.drain()
        strictEqual(s.clientMessages.join(), "right behind")
    })

    it("[F13] application data before the Finished is held, bounded, and delivered once the Finished verifies", () => {
        const s = simulate()
        s.fault = (index) => (index === 5 ? [200] : [5])
        s.begin()
        s.run(100)
        s.serverSends("early")
        s.run(150)
        strictEqual(s.clientMessages.length, 0)
        s.run(1000)
        strictEqual(s.clientMessages.join(), "early")
    })
})

describe("flights and timers", () => {
    it("[F16] the server's last flight lost twice: it is retransmitted for each repeated Finished, without a restart", () => {
        const s = simulate()
        s.fault = (_index, toServer, data) =>
            !toServer && data[0] === ContentType.changeCipherSpec && s.now < 2500 ? [] : [5]
        s.begin()
        s.run(20000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(countOf(s.serverOutputs, OutputKind.connected), 1)
    })

    it("[F16] application data of the client ends the last flight's retention", () => {
        const s = connected()
        ok(s.serverAssociation().snapshot().outboxBytes > 0)
        s.clientSends("got it")
        s.run(s.now + 50)
        strictEqual(s.serverAssociation().snapshot().outboxBytes, 0)
    })

    it("[F17] deadlines are exact: wifi 1, 3, 7, 15, 31 s ..., cellular 9, 27, 63, 123 s ...; jitter within its part", () => {
        for (const [profile, expected] of [
            [wifi(), [1000, 3000, 7000, 15000, 31000]],
            [cellular(), [9000, 27000, 63000, 123000]],
        ] as const) {
            const s = simulate((client) => (client.retransmission = { ...profile, jitter: 0 }))
            s.fault = () => []
            s.begin()
            for (const time of expected) {
                s.run(time - 1)
                const before = s.sent
                s.run(time)
                strictEqual(s.sent, before + 1, `at ${time}`)
            }
        }
        const s = simulate((client) => (client.retransmission = { ...wifi(), jitter: 26 }))
        s.fault = () => []
        s.begin()
        ok(s.client.deadline() >= 1000 && s.client.deadline() <= 1100)
    })

    it("[F18] garbage and duplicates while waiting neither restart nor stop the timer", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        const deadline = s.client.deadline()
        for (let time = 100; time < 900; time += 100) {
            s.now = time
            s.toClient(Buffer.from("rubbish"))
            s.toClient(s.log[0])
            s.toClient(record(ContentType.alert, 0, 1, Buffer.from([1, 90])))
        }
        strictEqual(s.client.deadline(), deadline)
    })

    it("[F19] two peers with different keys: a bounded number of datagrams, and both end with the reason", () => {
        const s = simulate()
        s.serverKey = Buffer.alloc(16, 9)
        s.begin()
        s.run(200000)
        strictEqual(s.client.failure?.reason, FailureReason.keyMismatch)
        strictEqual(
            s.serverOutputs.find((output) => output.failure !== undefined)?.failure?.reason,
            FailureReason.keyMismatch,
        )
        ok(s.sent <= 40, `${s.sent} datagrams`)
    })

    it("[F20] a slow path where both sides retransmit causes no storm", () => {
        const s = simulate()
        s.fault = () => [1800]
        s.begin()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        ok(s.sent <= 40, `${s.sent} datagrams`)
    })

    it("[F21] fragments fit budgets of 1232, 548 and 228 bytes, and repeated loss makes datagrams smaller", () => {
        for (const budget of [1232, 548, 228]) {
            const s = connected((client, server) => {
                client.pathBudget = server.pathBudget = budget
                server.pskIdentityHint = Buffer.alloc(600, 65)
            })
            strictEqual(s.client.phase, AssociationPhase.connected)
            ok(s.log.every((datagram) => datagram.length <= budget))
        }
        // A path that drops every datagram above 300 bytes.
        const s = simulate((_client, server) => (server.pskIdentityHint = Buffer.alloc(600, 65)))
        s.fault = (_index, _toServer, data) => (data.length > 300 ? [] : [5])
        s.begin()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        ok(s.serverOutputs.some((output) => output.diagnostic === Diagnostic.smallerDatagrams))
    })

    it("[F22] a message above the budget is not fragmented: the engine names the maximum", () => {
        const s = connected((client) => (client.pathBudget = 300))
        strictEqual(s.client.maxMessage(), 300 - 13 - 16)
    })

    it("[F23] a hello without a cookie, or with an unknown one, leaves the association alone", () => {
        const s = connected()
        const server = s.serverAssociation()
        const before = picture(server)
        s.toServer(s.log[0])
        s.toServer(handshakeRecord(fragment({ type: 1 }, Buffer.alloc(80))))
        s.drain()
        strictEqual(picture(server), before)
        s.clientSends("still here")
        s.run(s.now + 50)
        strictEqual(s.serverMessages.join(), "still here")
    })

    it("[F23] a rebooted client at the same address: the old association stays until the new Finished verifies", () => {
        const s = connected()
        const old = s.peer
        s.rebootClient()
        s.fault = (_index, toServer, data) => (toServer && data[0] === 22 && data[13] === 16 ? [] : [5])
        s.begin()
        s.run(s.now + 500)
        strictEqual(old!.association.phase, AssociationPhase.connected)
        s.fault = () => [5]
        s.run(s.now + 5000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(old!.association.failure?.reason, FailureReason.replaced)
        s.clientSends("after the reboot")
        s.run(s.now + 50)
        strictEqual(s.serverMessages.join(), "after the reboot")
        strictEqual(s.server.peerCount(), 1)
    })

    it("[F24] two handshakes from one address at once: one wins, and their state does not mix", () => {
        const s = simulate()
        s.fault = (index) => (index === 3 ? [] : [5])
        s.begin()
        s.run(100)
        s.rebootClient()
        s.begin()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.server.peerCount(), 1)
        strictEqual(s.server.halfOpenCount(), 0)
    })
})
