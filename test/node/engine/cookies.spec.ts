import { ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { newExchangeV12 } from "../../../src/dtls/endpoint/cookie-exchange.js"
import { ServerEndpoint } from "../../../src/dtls/endpoint/server-endpoint.js"
import { COOKIE_SECRET_LIFETIME } from "../../../src/dtls/handshake/cookie-secrets.js"
import { Discard } from "../../../src/dtls/record/discard.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { ExtensionType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { writeHelloVerifyRequest } from "../../../src/dtls/wire/hello-verify-request.js"
import { listTables, type Simulation, testSettings } from "../../engine/simulation.js"
import { connected, drops, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { handshake, messages } from "../../support/wire.js"

/** The client's first hello, and a cookie for it. */
function hello(): { s: Simulation; first: ClientHello; cookie: Buffer } {
    const s = simulate()
    s.fault = (index) => (index === 0 ? [5] : [])
    s.begin()
    s.run(100)
    const first = readClientHello(messages(s.log[0])[0].body) as ClientHello
    const cookie = Buffer.from(messages(s.log[1])[0].body.subarray(3))
    return { s, first, cookie }
}

/** Whether the server accepts a second hello and begins a handshake. */
function accepts(s: Simulation, second: ClientHello): boolean {
    const before = s.server.halfOpenCount()
    s.toServer(handshake(HandshakeType.clientHello, 1, writeClientHello(second), 1))
    s.drain()
    return s.server.halfOpenCount() > before
}

describe("cookies", () => {
    it("[D01] 100 000 hellos from spoofed addresses: no object, constant memory, one small reply each", function () {
        this.timeout(60000)
        const { first } = hello()
        const crypto = new SpyCrypto()
        const settings = testSettings(crypto)
        const server = new ServerEndpoint(() => settings, settings, listTables(), 0, newExchangeV12())
        const datagram = handshake(HandshakeType.clientHello, 0, writeClientHello(first))
        let replies = 0
        for (let i = 0; i < 100000; i++) {
            server.receive(datagram, datagram.length, { key: `10.0.${i >> 8}.${i & 255}|5684`, address: undefined }, 0)
            for (let reply = server.nextReply(); reply !== undefined; reply = server.nextReply()) {
                replies++
                ok(reply.data.length <= datagram.length)
            }
        }
        strictEqual(replies, 100000)
        strictEqual(server.halfOpenCount() + server.peerCount(), 0)
        strictEqual(server.nextReady(), undefined)
        strictEqual(server.deadline() > 1e12, true)
    })

    it("[D02] the reply on the cookie path is never larger than the request, whatever the request", () => {
        const { s, first } = hello()
        for (const size of [0, 1, 4]) {
            const small = { ...first, extensions: [], cipherSuites: first.cipherSuites.slice(0, Math.max(1, size)) }
            const request = handshake(HandshakeType.clientHello, 0, writeClientHello(small))
            const before = s.sent
            s.toServer(request)
            s.drain()
            for (const reply of s.log.slice(before)) ok(reply.length <= request.length)
        }
        // A first fragment that just reaches the end of the cookie field.
        const body = writeClientHello(first)
        const tiny = handshake(HandshakeType.clientHello, 0, body).subarray(0, 13 + 12 + 36)
        tiny.writeUInt16BE(12 + 36, 11)
        tiny.writeUIntBE(36, 22, 3)
        const before = s.sent
        s.toServer(tiny)
        s.drain()
        strictEqual(s.sent, before + 1)
        ok(s.log[before].length <= tiny.length, `${s.log[before].length} > ${tiny.length}`)
    })

    it("[D03] a cookie of another address, random, suites; truncated, extended, empty, changed: never accepted", () => {
        const { s, first, cookie } = hello()
        const changed: [string, Partial<ClientHello>][] = [
            ["random", { random: Buffer.alloc(32, 1) }],
            ["suites", { cipherSuites: [0xc0a8, 0x00a8, 0x00ff] }],
            ["session id", { sessionId: Buffer.alloc(4) }],
            ["extensions", { extensions: [] }],
            ["version", { version: 0xfefc }],
            ["truncated", { cookie: cookie.subarray(0, -1) }],
            ["extended", { cookie: Buffer.concat([cookie, Buffer.alloc(1)]) }],
            ["255 bytes", { cookie: Buffer.alloc(255, 1) }],
            ["empty", { cookie: Buffer.alloc(0) }],
            ["first bit", { cookie: Buffer.from(cookie.map((byte, i) => (i === 0 ? byte ^ 1 : byte))) }],
            ["last bit", { cookie: Buffer.from(cookie.map((byte, i) => (i === 31 ? byte ^ 1 : byte))) }],
        ]
        for (const [name, change] of changed) strictEqual(accepts(s, { ...first, cookie, ...change }), false, name)
        for (const address of ["client|2", "clienu|1"]) {
            s.clientAddress = address
            strictEqual(accepts(s, { ...first, cookie }), false, address)
        }
        s.clientAddress = "client|1"
        strictEqual(accepts(s, { ...first, cookie }), true)
    })

    it("a cookie is valid for a second hello with the same extensions in another order, as wolfSSL sends it, and for no fewer", () => {
        const { s, first } = hello()
        const extensions = [...first.extensions, { type: ExtensionType.sessionTicket, data: Buffer.alloc(0) }]
        ok(extensions.length > 1)
        const before = s.sent
        s.toServer(handshake(HandshakeType.clientHello, 0, writeClientHello({ ...first, extensions })))
        s.drain()
        const second = { ...first, cookie: Buffer.from(messages(s.log[before])[0].body.subarray(3)) }
        strictEqual(accepts(s, { ...second, extensions: first.extensions }), false)
        strictEqual(accepts(s, { ...second, extensions: [...extensions].reverse() }), true)
    })

    it("[D03] extensions where one is cut short are read to their end, and no further", () => {
        const { first } = hello()
        const body = writeClientHello({ ...first, extensions: [] })
        for (const rest of ["00", "0017", "001700", "00170000ff", "0017ffff", "ff0100000017"])
            for (const longer of [0, 1]) {
                const block = Buffer.from(rest, "hex")
                const length = Buffer.from([0, block.length + longer])
                const { s } = hello()
                const before = s.sent
                s.toServer(handshake(HandshakeType.clientHello, 0, Buffer.concat([body, length, block])))
                s.drain()
                ok(s.sent - before <= 1, rest)
                strictEqual(s.server.halfOpenCount(), 0)
            }
    })

    it("[D04] a cookie is valid after one rotation of the secrets and refused after two", () => {
        for (const [rotations, good] of [
            [0, true],
            [1, true],
            [2, false],
            [5, false],
        ] as const) {
            const { s, first, cookie } = hello()
            for (let i = 1; i <= rotations; i++) {
                s.now = i * COOKIE_SECRET_LIFETIME + 1
                if (i < rotations) accepts(s, { ...first, cookie: Buffer.alloc(0) })
            }
            strictEqual(accepts(s, { ...first, cookie }), good, `${rotations} rotations`)
        }
    })

    it("[D05] the secrets are drawn at start: two servers do not accept each other's cookies", () => {
        const { first, cookie } = hello()
        const crypto = new SpyCrypto()
        const other = simulate((_client, server) => (server.crypto = crypto))
        ok(crypto.calls.random >= 2)
        strictEqual(accepts(other, { ...first, cookie }), false)
        ok(crypto.secrets.every((secret) => secret.length === 32))
    })

    it("[D06] a lost HelloVerifyRequest: the retransmitted hello gets another one, still without state", () => {
        const s = simulate()
        s.fault = (index) => (index === 1 || index === 3 ? [] : [5])
        s.begin()
        s.run(3500)
        strictEqual(s.server.halfOpenCount() + s.server.peerCount() > 0, true)
        strictEqual(messages(s.log[3])[0]?.header.type, HandshakeType.helloVerifyRequest)
        s.run(20000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[D07] a client follows the last of several HelloVerifyRequests and ignores their version; late ones are rejected", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        for (const [messageSeq, value] of [
            [0, 1],
            [1, 2],
            [0, 3],
        ] as const) {
            s.toClient(
                handshake(
                    HandshakeType.helloVerifyRequest,
                    messageSeq,
                    writeHelloVerifyRequest(Buffer.alloc(20, value)),
                ),
            )
            s.drain()
            const sent = readClientHello(messages(s.log[s.log.length - 1])[0].body) as ClientHello
            strictEqual(sent.cookie.toString("hex"), Buffer.alloc(20, value).toString("hex"))
        }
        const done = connected()
        const count = done.sent
        done.toClient(handshake(HandshakeType.helloVerifyRequest, 0, writeHelloVerifyRequest(Buffer.alloc(20, 9))))
        done.drain()
        strictEqual(done.sent, count)
        const late = simulate()
        late.fault = (index) => (index === 4 ? [] : [5])
        late.begin()
        late.run(500)
        const before = late.sent
        late.toClient(handshake(HandshakeType.helloVerifyRequest, 0, writeHelloVerifyRequest(Buffer.alloc(20, 9))))
        late.drain()
        strictEqual(late.sent, before)
        strictEqual(late.client.failure, undefined)
    })

    it("[D08] a client echoes a cookie of 255 bytes completely", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        const cookie = Buffer.alloc(255, 0xc0)
        s.toClient(handshake(HandshakeType.helloVerifyRequest, 0, writeHelloVerifyRequest(cookie)))
        s.drain()
        const sent = readClientHello(messages(s.log[s.log.length - 1])[0].body) as ClientHello
        strictEqual(sent.cookie.toString("hex"), cookie.toString("hex"))
    })

    it("[D09] [D14] before the cookie verifies nothing is computed but its HMAC, at most 6 per hello", () => {
        const crypto = new SpyCrypto()
        const { first, cookie } = hello()
        const s = simulate((_client, server) => (server.crypto = crypto))
        const start = { ...crypto.calls }
        for (const change of [{}, { cookie }, { cookie: Buffer.alloc(255) }, { random: Buffer.alloc(32) }]) {
            const before = crypto.calls.sign
            accepts(s, { ...first, ...change })
            ok(crypto.calls.sign - before <= 6)
        }
        const { sign: _sign, ...others } = crypto.calls
        const { sign: _before, ...expected } = start
        strictEqual(JSON.stringify(others), JSON.stringify(expected))
    })

    it("[D10] the half-open limit evicts the oldest half-open peer, never an established one", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, halfOpenPeers: 3, peers: 10 }))
        const good = s.serverAssociation()
        const client = s.client
        s.fault = (_index, toServer, data) => (toServer && messages(data)[0]?.header.type === 16 ? [] : [5])
        for (let i = 0; i < 10; i++) {
            s.clientAddress = `attacker|${i}`
            s.rebootClient()
            s.begin()
            s.run(s.now + 50)
            ok(s.server.halfOpenCount() <= 3)
        }
        strictEqual(good.phase, AssociationPhase.connected)
        strictEqual(s.server.peerCount(), 1)
        strictEqual(s.serverOutputs.filter((output) => output.failure?.reason === FailureReason.evicted).length, 7)
        ok(client)
    })

    it("[D11] handshakes abandoned at each state are freed at the deadline, exactly", () => {
        for (const last of [2, 3, 4]) {
            const s = simulate()
            s.fault = (index) => (index <= last ? [5] : [])
            s.begin()
            s.run(63999)
            ok(s.server.halfOpenCount() <= 1)
            s.run(200000)
            strictEqual(s.server.halfOpenCount(), 0, `abandoned after datagram ${last}`)
        }
    })

    it("peers over the limit are refused and counted", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, peers: 1 }))
        s.clientAddress = "another|1"
        s.rebootClient()
        s.begin()
        s.run(s.now + 1000)
        strictEqual(s.server.peerCount(), 1)
        ok(s.server.counters.of(Discard.peerLimit) > 0)
        ok(Object.keys(drops(s.serverAssociation())).length === 0)
    })
})
