import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { HELLO_ASSEMBLY_TIME_V13, newExchangeV12V13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { mcuLimits } from "../../../../src/dtls/handshake/limits.js"
import { clientRole } from "../../../../src/dtls/association/v12/roles.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../../src/dtls/key-exchange/suites.js"
import { Discard } from "../../../../src/dtls/record/discard.js"
import { DTLS_1_2 } from "../../../../src/dtls/wire/code-points.js"
import { readClientHello, writeClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { DTLS_1_3, SUPPORTED_VERSIONS } from "../../../../src/dtls/wire/v13/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { simulate } from "../../../support/connected.js"
import { arrangements, handshakeInFragments, inOrder } from "../../../support/fragmented-hellos.js"
import { cut, type Message, messages } from "../../../support/wire.js"
import { simulateV13 } from "./versions.js"

/** version 2, random 32, session_id 1, legacy_cookie 1: the shortest first fragment that identifies its hello */
const SMALLEST_FIRST_FRAGMENT = 36

/** A server of both versions, and a client of one. */
function serverOfBoth(clientVersion: number): Simulation {
    const isNewer = clientVersion === DTLS_1_3
    return simulate(
        (client, server) => {
            client.suites = [isNewer ? TLS_AES_128_CCM_SHA256() : TLS_PSK_WITH_AES_128_CCM_8()]
            server.suites = [TLS_AES_128_CCM_SHA256(), TLS_PSK_WITH_AES_128_CCM_8()]
        },
        { clientRole: isNewer ? clientRoleV13 : () => clientRole(), newExchange: newExchangeV12V13() },
    )
}

/** The client's first hello, which is not delivered. */
function firstHello(s: Simulation): Message {
    s.fault = () => []
    s.begin()
    return messages(s.log[0])[0]
}

/** The client's second hello, which is not delivered. */
function secondHello(s: Simulation): Message {
    s.fault = (_index, toServer) => (toServer && s.sent > 1 ? [] : [5])
    s.begin()
    s.run(100)
    return messages(s.log[2])[0]
}

describe("a ClientHello of DTLS 1.3 in fragments", () => {
    it("[F11] of every size completes the handshake, the first hello and the one with the cookie", () => {
        const { length } = secondHello(simulateV13()).body
        for (let size = SMALLEST_FIRST_FRAGMENT; size <= length; size++) {
            const s = simulateV13()
            handshakeInFragments(s, size, inOrder, 1000)
            strictEqual(s.client.phase, AssociationPhase.connected, `fragments of ${size} bytes`)
            strictEqual(s.server.partialHelloCount(), 0)
        }
    })

    it("[F11] whose first fragment does not show who sent it is dropped and counted", () => {
        const s = simulateV13()
        const pieces = cut(firstHello(s), SMALLEST_FIRST_FRAGMENT - 1)
        for (const piece of pieces) s.toServer(piece)
        s.drain()
        strictEqual(s.server.partialHelloCount(), 0)
        strictEqual(s.server.counters.of(Discard.unknownPeer), pieces.length)
    })

    it("[F11] completes in either order, each fragment lost once or duplicated", () => {
        for (const [name, arrange] of arrangements())
            for (const size of [70, 110]) {
                const s = simulateV13()
                handshakeInFragments(s, size, arrange)
                strictEqual(s.client.phase, AssociationPhase.connected, `${name}, ${size} bytes`)
            }
    })

    it("is answered again when the client retransmits it because the server's flight was lost", () => {
        const s = simulateV13()
        const pieces = cut(secondHello(s), 70)
        const repeat = (): number => {
            const before = s.sent
            for (const piece of pieces) s.toServer(piece)
            s.drain()
            return s.sent - before
        }
        s.fault = () => []
        strictEqual(repeat(), 1)
        s.now += 900
        strictEqual(repeat(), 1)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("[V07 part] with other extensions than the first hello had is refused, and the genuine one still accepted", () => {
        const s = simulateV13()
        const message = secondHello(s)
        const hello = readClientHello(message.body)!
        hello.extensions.unshift({ type: 21, data: Buffer.alloc(3) })
        const body = writeClientHello(hello)
        s.fault = () => []
        for (const piece of cut({ header: message.header, body }, 120)) s.toServer(piece)
        s.drain()
        strictEqual(s.server.halfOpenCount() + s.server.partialHelloCount(), 0)
        for (const piece of cut(message, 120)) s.toServer(piece)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    for (const version of [DTLS_1_2, DTLS_1_3])
        it(`[V09 part] a server of both versions waits for the whole hello before it picks ${version === DTLS_1_3 ? "1.3" : "1.2"}`, () => {
            const { length } = firstHello(serverOfBoth(version)).body
            for (let size = SMALLEST_FIRST_FRAGMENT + 4; size <= length; size++) {
                const s = serverOfBoth(version)
                handshakeInFragments(s, size, inOrder, 1000)
                strictEqual(s.client.phase, AssociationPhase.connected, `fragments of ${size} bytes`)
                strictEqual(s.peer?.association.parameters.version, version)
                strictEqual(s.server.partialHelloCount(), 0)
            }
        })

    it("[V09 part] whose supported_versions is in the last fragment gets no HelloVerifyRequest", () => {
        const s = serverOfBoth(DTLS_1_3)
        const message = firstHello(s)
        const hello = readClientHello(message.body)!
        hello.extensions.sort(
            (one, other) => Number(one.type === SUPPORTED_VERSIONS) - Number(other.type === SUPPORTED_VERSIONS),
        )
        const body = writeClientHello(hello)
        const pieces = cut({ header: message.header, body }, body.length - 7)
        s.toServer(pieces[0])
        s.drain()
        strictEqual(s.sent, 1, "nothing but the hello")
        s.toServer(pieces[1])
        s.drain()
        strictEqual(messages(s.log[1])[0].header.type, 2, "a HelloRetryRequest")
    })
})

describe("partial hellos of DTLS 1.3", () => {
    const small = (): Simulation => simulateV13((_client, server) => (server.limits = mcuLimits()))
    /** Large enough for the cookie. */
    const FIRST = 120

    it("are dropped after 35 s, on a timer", () => {
        const s = small()
        s.toServer(cut(firstHello(s), 60)[0])
        strictEqual(s.server.deadline(), HELLO_ASSEMBLY_TIME_V13)
        s.server.tick(HELLO_ASSEMBLY_TIME_V13)
        strictEqual(s.server.partialHelloCount(), 0)
        ok(s.server.deadline() > HELLO_ASSEMBLY_TIME_V13)
    })

    it("[D03 part] stay within the limit, and those without a cookie never evict one that has a valid one", () => {
        const s = small()
        const honest = cut(secondHello(s), FIRST)
        s.fault = () => []
        s.toServer(honest[0])
        const flood = cut(firstHello(small()), 60)[0]
        for (let host = 1; host <= 200; host++) {
            s.clientAddress = `192.0.2.${host}|1`
            s.toServer(flood)
            // The cookie is another address's, which is as bad as none.
            s.toServer(honest[0])
            ok(s.server.partialHelloCount() <= 2 * mcuLimits().partialHellos)
        }
        strictEqual(s.server.halfOpenCount(), 0)
        s.clientAddress = "client|1"
        for (const piece of honest.slice(1)) s.toServer(piece)
        strictEqual(s.server.halfOpenCount(), 1)
    })

    it("[D02] never cause a reply larger than all that arrived for it", () => {
        const { length } = firstHello(simulateV13()).body
        for (let size = SMALLEST_FIRST_FRAGMENT; size <= length; size++) {
            const s = simulateV13()
            const pieces = cut(firstHello(s), size)
            for (const piece of pieces) s.toServer(piece)
            s.drain()
            const came = pieces.reduce((sum, piece) => sum + piece.length, 0)
            for (const reply of s.log.slice(1)) ok(reply.length <= came, `${size} bytes`)
            strictEqual(s.sent, 2, `${size} bytes`)
        }
    })
})
