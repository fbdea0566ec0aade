import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { NEVER } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { ManyClients } from "../../support/many-clients.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { cut, handshake, messages, record, records } from "../../support/wire.js"

/** A record under the client's keys. */
function sealed(s: Simulation, type: number, plaintext: Buffer): Buffer {
    return s.client.record.write.seal(type, plaintext, true) as Buffer
}

describe("record sizes", () => {
    it("[R14] 2^14 bytes of plaintext are delivered, one more is record_overflow, with every suite", () => {
        for (const suite of allSuites()) {
            const s = connected((client, server) => (client.suites = server.suites = [suite]))
            s.toServer(sealed(s, ContentType.applicationData, Buffer.alloc(16384)))
            s.drain()
            strictEqual(s.serverMessages[0].length, 16384, suite.name)
            s.toServer(sealed(s, ContentType.applicationData, Buffer.alloc(16385)))
            s.drain()
            const { failure } = s.serverAssociation()
            deepStrictEqual(
                [failure?.reason, failure?.alert],
                [FailureReason.recordOverflow, AlertDescription.recordOverflow],
            )
            s.run(s.now + 100)
            strictEqual(s.client.failure?.reason, FailureReason.peerAlert)
        }
    })

    it("[R14] a record longer than 2^14 + 2048 bytes is discarded without being opened; so is an unprotected one above 2^14", () => {
        const crypto = new SpyCrypto()
        const s = connected((_client, server) => (server.crypto = crypto))
        const before = picture(s.serverAssociation())
        const { open } = crypto.calls
        s.toServer(record(ContentType.applicationData, 1, 50, Buffer.alloc(16384 + 2049)))
        s.toServer(record(ContentType.handshake, 0, 50, Buffer.alloc(16385)))
        s.drain()
        strictEqual(crypto.calls.open, open)
        strictEqual(picture(s.serverAssociation()), before)
        strictEqual(drops(s.serverAssociation())["oversize"], 2)
    })

    it("[R14] nothing above 2^14 bytes is ever sent, however large the path", () => {
        const s = connected((client) => (client.pathBudget = 65000))
        strictEqual(s.client.maxMessage(), 16384)
    })
})

describe("floods", () => {
    it("[R18] records of the next epoch: one, a hundred, a megabyte. The first that fit are kept, and are read once their keys exist", () => {
        for (const count of [1, 100, 1000]) {
            const s = simulate()
            const { earlyRecordBytes } = s.clientSettings.limits
            s.fault = (index, _toServer, data) => {
                if (index !== 4) return [5]
                const [exchange, ccs, finished] = records(data)
                // The genuine Finished comes first, and far too early.
                s.toServer(finished.bytes)
                for (let i = 0; i < count; i++)
                    s.toServer(record(ContentType.applicationData, 1, 1000 + i, Buffer.alloc(1000)))
                ok(s.serverAssociation().snapshot().earlyBytes <= earlyRecordBytes)
                s.toServer(exchange.bytes)
                s.drain()
                s.toServer(ccs.bytes)
                return []
            }
            s.begin()
            s.run(500)
            strictEqual(s.client.phase, AssociationPhase.connected, `${count} records`)
            const kept = Math.floor((earlyRecordBytes - 45) / 1013)
            strictEqual(drops(s.serverAssociation())["earlyFull"] ?? 0, Math.max(0, count - kept))
            strictEqual(s.serverAssociation().snapshot().earlyBytes, 0)
        }
    })

    it("[R26] an alert in two records, of 0, 1 or 3 bytes or of an unknown level ends nothing", () => {
        const s = connected()
        for (const body of [[2], [40], [], [2, 40, 0], [3, 40], [0, 40]])
            s.toServer(sealed(s, ContentType.alert, Buffer.from(body)))
        s.drain()
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        strictEqual(drops(s.serverAssociation())["unexpected"], 4)
    })

    it("[R26] 10 000 authentic warnings are not stored or answered and end nothing; user_canceled is one of them", () => {
        const s = connected()
        const sent = s.sent
        for (let i = 0; i < 10000; i++) {
            s.toServer(sealed(s, ContentType.alert, Buffer.from([1, i % 2 === 0 ? 90 : 112])))
            if (i % 100 === 0) s.drain()
        }
        s.drain()
        strictEqual(s.sent, sent)
        s.clientSends("still here")
        s.run(s.now + 50)
        deepStrictEqual(s.serverMessages, ["still here"])
    })

    it("[R26] two fatal alerts in one datagram end the association once", () => {
        const s = connected()
        const fatal = (): Buffer => sealed(s, ContentType.alert, Buffer.from([2, 40]))
        s.toServer(Buffer.concat([fatal(), fatal()]))
        s.drain()
        strictEqual(s.serverOutputs.filter(({ failure }) => failure !== undefined).length, 1)
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.peerAlert)
    })

    it("[D12] 5 000 forged records on a session with a long tag: no answer, no end, no extended idle time, all counted", () => {
        const [suite] = allSuites().filter(({ aead }) => aead.tagLength === 16)
        const s = connected((client, server) => (client.suites = server.suites = [suite]))
        s.clientSends("the last flight is done with")
        s.run(s.now + 50)
        const server = s.serverAssociation()
        const [before, deadline, sent] = [picture(server), server.deadline(), s.sent]
        s.now += 1000
        for (let i = 0; i < 5000; i++) s.toServer(record(ContentType.applicationData, 1, 100 + i, Buffer.alloc(40)))
        s.drain()
        deepStrictEqual([picture(server), server.deadline(), s.sent], [before, deadline, sent])
        strictEqual(drops(server)["notAuthentic"], 5000)
    })

    it("[D12] with CCM_8 the session ends at its limit of datagrams, with a reason and an alert; a new handshake is accepted", () => {
        const s = connected((_client, server) => (server.limits = { ...server.limits, ccm8Failures: 1000 }))
        const forge = (): void => s.toServer(record(ContentType.applicationData, 1, 100, Buffer.alloc(40)))
        for (let i = 0; i < 999; i++) forge()
        s.drain()
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        forge()
        s.drain()
        const { failure } = s.serverAssociation()
        strictEqual(failure?.reason, FailureReason.tooManyForgeries)
        s.run(s.now + 100)
        strictEqual(s.client.failure?.reason, FailureReason.peerAlert)
        s.rebootClient()
        s.connect()
        s.run(s.now + 1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[D14] a forged record costs one call of the AEAD, a replay none, and neither a hash, an HMAC or a random byte", () => {
        const crypto = new SpyCrypto()
        const s = connected((_client, server) => (server.crypto = crypto))
        s.clientSends("once")
        s.run(s.now + 50)
        const replayed = s.log[s.sent - 1]
        const cost = (datagram: Buffer): Record<string, number> => {
            const before = { ...crypto.calls }
            s.toServer(datagram)
            s.drain()
            const spent = Object.entries(crypto.calls).map(([name, n]) => [name, n - before[name as "open"]] as const)
            return Object.fromEntries(spent.filter(([, n]) => n > 0))
        }
        deepStrictEqual(cost(record(ContentType.applicationData, 1, 99, Buffer.alloc(40))), { open: 1 })
        deepStrictEqual(cost(replayed), {})
        deepStrictEqual(cost(record(ContentType.applicationData, 1, 100, Buffer.alloc(4))), {})
    })

    it("[D09] [D14] a hello without a valid cookie costs HMACs only, whole or in fragments: two without a cookie, six at most", () => {
        const crypto = new SpyCrypto()
        const s = simulate((_client, server) => (server.crypto = crypto))
        s.fault = () => []
        s.begin()
        const [first] = messages(s.log[0])
        const hello = readClientHello(first.body)!
        const cost = (datagrams: Buffer[]): number => {
            const before = { ...crypto.calls }
            for (const datagram of datagrams) s.toServer(datagram)
            s.drain()
            const { sign, ...others } = crypto.calls
            deepStrictEqual(others, {
                hash: before.hash,
                hmac: before.hmac,
                aead: before.aead,
                seal: before.seal,
                open: before.open,
                random: before.random,
            })
            return sign - before.sign
        }
        strictEqual(cost([handshake(HandshakeType.clientHello, 0, first.body)]), 2)
        hello.cookie = Buffer.alloc(32, 7)
        const forged = { header: first.header, body: writeClientHello(hello) }
        ok(cost([handshake(HandshakeType.clientHello, 1, forged.body)]) <= 6)
        ok(cost(cut(forged, 50)) <= 6)
        strictEqual(s.server.halfOpenCount() + s.server.partialHelloCount(), 0)
    })

    it("[H20] 10 000 failing handshakes of four kinds in a row leave no peer, timer or hello behind; an honest client is served", function () {
        this.timeout(60000)
        const crypto = new SpyCrypto()
        const many = new ManyClients(crypto, (server) => (server.limits = { ...gatewayLimits(), halfOpenPeers: 10 }))
        for (let i = 0; i < 10000; i++) {
            const key = `192.0.2.${i & 255}|${i}`
            many.now += 7
            const hello = many.cookieValidHello(key)
            const [{ header, body }] = messages(hello)
            // Abandoned after the hello; abandoned inside the hello; an unreadable key exchange; a hello that changes.
            if (i % 4 === 1) many.toServer(cut({ header, body }, 70)[0], key)
            else if (i % 4 === 3) many.toServer(handshake(1, 1, Buffer.from(body).fill(0, body.length - 2)), key)
            else many.toServer(hello, key)
            if (i % 4 === 2) many.toServer(handshake(HandshakeType.clientKeyExchange, 2, Buffer.from([0, 9])), key)
            crypto.secrets = []
            many.peers.clear()
            many.replies.clear()
        }
        ok(many.server.halfOpenCount() <= 10)
        while (many.server.deadline() < NEVER) many.tick(many.server.deadline())
        strictEqual(many.server.halfOpenCount() + many.server.peerCount() + many.server.partialHelloCount(), 0)
        ok(many.isConnected(many.connect("198.51.100.1|1", "good")))
    })

    it("unprotected warnings during a handshake end nothing, and the handshake continues", () => {
        const s = simulate()
        s.begin()
        for (let i = 0; i < 100; i++) s.toClient(record(ContentType.alert, 0, 500 + i, Buffer.from([1, 90])))
        s.run(500)
        strictEqual(s.client.phase, AssociationPhase.connected)
        ok(s.clientOutputs.some(({ diagnostic }) => diagnostic === Diagnostic.warningAlert))
    })
})
