import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { HELLO_ASSEMBLY_TIME } from "../../../src/dtls/endpoint/hello-assembly.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { COOKIE_LENGTH, SHORTEST_COOKIE_PART } from "../../../src/dtls/handshake/cookies.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { Discard } from "../../../src/dtls/record/discard.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { arrangements, handshakeInFragments, inOrder } from "../../support/fragmented-hellos.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { cut, fragment, handshake, type Message, messages, record, records } from "../../support/wire.js"

/** version 2, random 32, session_id 1, length of the cookie 1 */
const BEFORE_COOKIE = 36
const SMALLEST_FIRST_FRAGMENT = BEFORE_COOKIE + SHORTEST_COOKIE_PART

/** A client's second hello of `length` bytes, with a valid cookie. */
function helloWithCookie(s: Simulation, length: number): Message {
    const hello: ClientHello = {
        version: 0xfefd,
        random: Buffer.alloc(32, s.clientAddress.length + length),
        sessionId: Buffer.alloc(0),
        cookie: Buffer.alloc(0),
        cipherSuites: [0xc0a8],
        compressionMethods: Buffer.alloc(1),
        extensions: [{ type: 21, data: Buffer.alloc(0) }],
    }
    const padding = length - COOKIE_LENGTH - writeClientHello(hello).length
    hello.extensions = padding < 0 ? [] : [{ type: 21, data: Buffer.alloc(padding) }]
    const before = s.sent
    s.toServer(handshake(HandshakeType.clientHello, 0, writeClientHello(hello)))
    s.drain()
    hello.cookie = Buffer.from(messages(s.log[before])[0].body.subarray(3))
    const body = writeClientHello(hello)
    const header = { type: 1, messageSeq: 1, length: body.length, fragmentOffset: 0, fragmentLength: body.length }
    return { header, body }
}

const lengthOfHello = (s: Simulation): number => messages(s.log[0])[0].body.length + COOKIE_LENGTH

describe("a ClientHello in fragments", () => {
    for (const [mtu, size] of [
        [128, 40],
        [150, 62],
    ] as const)
        it(`[F11] Scandium's with an MTU of ${mtu}, ${size} of 82 bytes in the first fragment, starts a handshake`, () => {
            const s = simulate()
            s.fault = () => []
            for (const piece of cut(helloWithCookie(s, 82), size)) {
                strictEqual(s.server.halfOpenCount(), 0, "no association before the hello is whole")
                s.toServer(piece)
            }
            s.drain()
            strictEqual(s.server.halfOpenCount(), 1)
            strictEqual(s.server.partialHelloCount(), 0)
            strictEqual(messages(s.log[s.sent - 1])[0].header.type, HandshakeType.serverHello)
        })

    it("[F11] of every size from 40 bytes to the whole hello completes the handshake", () => {
        const first = simulate()
        first.begin()
        for (let size = SMALLEST_FIRST_FRAGMENT; size <= lengthOfHello(first); size++) {
            const s = simulate()
            handshakeInFragments(s, size, inOrder, 1000)
            strictEqual(s.client.phase, AssociationPhase.connected, `fragments of ${size} bytes`)
            strictEqual(s.server.partialHelloCount(), 0)
        }
    })

    it("[F11] with fewer than 4 bytes of the cookie in the first fragment is dropped and counted", () => {
        for (let size = 1; size < SMALLEST_FIRST_FRAGMENT; size++) {
            const s = simulate()
            const hello = helloWithCookie(s, 82)
            const before = s.sent
            for (const piece of cut(hello, size)) s.toServer(piece)
            s.drain()
            strictEqual(s.sent, before, `fragments of ${size} bytes`)
            strictEqual(s.server.partialHelloCount() + s.server.halfOpenCount(), 0)
            strictEqual(s.server.counters.of(Discard.unknownPeer), cut(hello, size).length)
        }
    })

    it("[F11] completes in either order, each fragment lost once or duplicated", () => {
        for (const [name, arrange] of arrangements())
            for (const size of [40, 62]) {
                const s = simulate()
                handshakeInFragments(s, size, arrange)
                strictEqual(s.client.phase, AssociationPhase.connected, `${name}, ${size} bytes`)
            }
    })

    it("[F11] may have several fragments per record and several records per datagram", () => {
        const s = simulate()
        const pieces = cut(helloWithCookie(s, 120), 41).map((piece) => records(piece)[0].fragment)
        s.toServer(Buffer.concat(pieces.map((piece, i) => record(ContentType.handshake, 0, i, piece))))
        strictEqual(s.server.halfOpenCount(), 1)
        s.clientAddress = "client|2"
        const others = cut(helloWithCookie(s, 121), 41).map((piece) => records(piece)[0].fragment)
        s.toServer(record(ContentType.handshake, 0, 0, Buffer.concat(others)))
        strictEqual(s.server.halfOpenCount(), 2)
    })

    it("[F23] from the address of a session leaves it alone until the new handshake's Finished verifies", () => {
        const s = connected()
        const old = s.peer
        s.rebootClient()
        s.fault = () => [5]
        handshakeInFragments(s, 40)
        strictEqual(s.client.phase, AssociationPhase.connected)
        s.run(s.now + 100)
        strictEqual(old?.association.failure?.reason, FailureReason.replaced)
        strictEqual(s.server.peerCount(), 1)
    })

    it("is answered again when the client retransmits it because the server's flight was lost", () => {
        const s = simulate()
        s.fault = () => []
        const pieces = cut(helloWithCookie(s, 82), 40)
        for (const piece of pieces) s.toServer(piece)
        s.drain()
        const sent = s.sent
        s.now += 900
        for (const piece of pieces) s.toServer(piece)
        s.drain()
        strictEqual(s.sent, sent + 1)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("[H25] with other extensions than the first hello had is refused, and the genuine one still accepted", () => {
        const s = simulate()
        const hello = helloWithCookie(s, 90)
        const changed = readClientHello(hello.body) as ClientHello
        const extensions = changed.extensions.map(({ data }) => ({ type: 22, data }))
        const body = writeClientHello({ ...changed, extensions })
        for (const piece of cut({ header: hello.header, body }, 40)) s.toServer(piece)
        strictEqual(s.server.halfOpenCount() + s.server.partialHelloCount(), 0)
        for (const piece of cut(hello, 40)) s.toServer(piece)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("with a forged last fragment is dropped completely; the client's retransmission starts the handshake", () => {
        const s = simulate()
        const hello = helloWithCookie(s, 82)
        const [first, second] = cut(hello, 41)
        s.toServer(first)
        const header = { ...hello.header, fragmentOffset: 41, fragmentLength: 41 }
        s.toServer(record(ContentType.handshake, 0, 9, fragment(header, Buffer.alloc(41, 0xff))))
        s.toServer(second)
        s.drain()
        strictEqual(s.server.halfOpenCount() + s.server.partialHelloCount(), 0)
        strictEqual(s.sent, 1, "nothing but the HelloVerifyRequest was sent")
        s.toServer(first)
        s.toServer(second)
        strictEqual(s.server.halfOpenCount(), 1)
    })
})

describe("partial hellos", () => {
    const small = (): Simulation => simulate((_client, server) => (server.limits = mcuLimits()))
    /** Makes `address` send the first fragment of its second hello. */
    const openPlace = (s: Simulation, address: string): Buffer[] => {
        s.clientAddress = address
        const pieces = cut(helloWithCookie(s, 82), 41)
        s.toServer(pieces[0])
        return pieces
    }

    it("are dropped after 10 s, on a timer", () => {
        const s = simulate()
        openPlace(s, "client|1")
        strictEqual(s.server.deadline(), HELLO_ASSEMBLY_TIME)
        s.server.tick(HELLO_ASSEMBLY_TIME - 1)
        strictEqual(s.server.partialHelloCount(), 1)
        s.server.tick(HELLO_ASSEMBLY_TIME)
        strictEqual(s.server.partialHelloCount(), 0)
        ok(s.server.deadline() > HELLO_ASSEMBLY_TIME)
    })

    it("are limited to one per address, and one host's to half of the places", () => {
        const s = small()
        openPlace(s, "192.0.2.1|1")
        openPlace(s, "192.0.2.1|1")
        strictEqual(s.server.partialHelloCount(), 1)
        const honest = openPlace(s, "198.51.100.1|1")
        for (let port = 1; port <= 100; port++) openPlace(s, `192.0.2.1|${port}`)
        strictEqual(s.server.partialHelloCount(), 2)
        s.clientAddress = "198.51.100.1|1"
        s.toServer(honest[1])
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("stay within the limit when many hosts send them, and cost honest clients one retransmission", () => {
        const s = small()
        const honest = openPlace(s, "198.51.100.1|1")
        for (let host = 1; host <= 200; host++) {
            openPlace(s, `192.0.2.${host}|1`)
            ok(s.server.partialHelloCount() <= s.clientSettings.limits.partialHellos)
        }
        strictEqual(s.server.partialHelloCount(), mcuLimits().partialHellos)
        strictEqual(s.server.halfOpenCount(), 0)
        s.clientAddress = "198.51.100.1|1"
        for (const piece of honest) s.toServer(piece)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("are not started by a guessed cookie, nor by one of another address, nor above the size limit", () => {
        const s = simulate()
        const hello = helloWithCookie(s, 82)
        for (let guess = 0; guess < 1000; guess++) {
            const body = Buffer.from(hello.body)
            body.writeUInt32BE((body.readUInt32BE(BEFORE_COOKIE) ^ (guess + 1)) >>> 0, BEFORE_COOKIE)
            s.toServer(cut({ header: hello.header, body }, SMALLEST_FIRST_FRAGMENT)[0])
        }
        s.clientAddress = "client|2"
        s.toServer(cut(hello, SMALLEST_FIRST_FRAGMENT)[0])
        s.clientAddress = "client|1"
        const huge = { ...hello.header, length: s.clientSettings.limits.handshakeMessageBytes + 1, fragmentLength: 60 }
        s.toServer(record(ContentType.handshake, 0, 0, fragment(huge, hello.body.subarray(0, 60))))
        strictEqual(s.server.partialHelloCount(), 0)
        s.toServer(cut(hello, SMALLEST_FIRST_FRAGMENT)[0])
        strictEqual(s.server.partialHelloCount(), 1)
    })

    it("[D02] never cause a reply larger than the datagram it answers", () => {
        for (let size = 1; size <= 50; size++) {
            const s = simulate()
            s.fault = () => []
            s.begin()
            const hello = messages(s.log[0])[0]
            const [piece] = cut(hello, size)
            const before = s.sent
            s.toServer(piece)
            s.drain()
            for (const reply of s.log.slice(before)) ok(reply.length <= piece.length, `${size} bytes`)
            strictEqual(s.sent - before, size < BEFORE_COOKIE ? 0 : 1, `${size} bytes`)
        }
    })

    it("[D09] [D14] cost at most 6 HMACs for a first fragment, and no other cryptography", () => {
        const crypto = new SpyCrypto()
        const s = simulate((_client, server) => (server.crypto = crypto))
        const pieces = cut(helloWithCookie(s, 82), 41)
        const forged = Buffer.from(pieces[0])
        forged[forged.length - 1] ^= 1
        for (const piece of [forged, pieces[0], pieces[0]]) {
            const { sign, ...others } = crypto.calls
            s.toServer(piece)
            ok(crypto.calls.sign - sign <= 6, `${crypto.calls.sign - sign}`)
            const { sign: _sign, ...after } = crypto.calls
            strictEqual(JSON.stringify(after), JSON.stringify(others))
        }
    })
})
