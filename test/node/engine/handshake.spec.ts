import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { SecurityParametersV12 } from "../../../src/dtls/handshake/v12/security-parameters.js"
import { type RecordProtection } from "../../../src/dtls/crypto/provider.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { Diagnostic, OutputKind } from "../../../src/dtls/association/output.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { countOf, type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { fragment, handshake, record, records } from "../../support/wire.js"
import {
    withServerHello,
    untilNextTimer,
    withClientHello,
    serverFailure,
    clientFailure,
} from "../../support/rewritten-hellos.js"

describe("handshake grammar", () => {
    it("[H02] an early, duplicate, malformed or protected ChangeCipherSpec never changes keys early", () => {
        const s = simulate()
        const malformed = [[], [0], [2], [1, 1]].map((body) =>
            record(ContentType.changeCipherSpec, 0, 5, Buffer.from(body)),
        )
        s.begin()
        for (const datagram of malformed) s.toClient(datagram)
        const early = record(ContentType.changeCipherSpec, 0, 6, Buffer.from([1]))
        s.toClient(early)
        s.toClient(early)
        strictEqual(s.client.record.readEpoch(), 0)
        s.run(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(drops(s.client)["unexpected"], 4)
    })

    it("[H02] a Finished before its ChangeCipherSpec waits for it", () => {
        const s = simulate()
        s.fault = (index, _toServer, data) => {
            if (index !== 4) return [5]
            const [exchange, ccs, finished] = records(data)
            s.toServer(finished.bytes)
            s.toServer(exchange.bytes)
            s.drain()
            s.toServer(ccs.bytes)
            return []
        }
        s.begin()
        s.run(1000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[H03] a Finished in epoch 0 is dropped, and the genuine one still counts", () => {
        const s = simulate()
        s.fault = (index) => (index === 4 ? [] : [5])
        s.begin()
        s.run(500)
        for (const messageSeq of [2, 3]) s.toServer(handshake(HandshakeType.finished, messageSeq, Buffer.alloc(12), 20))
        s.drain()
        strictEqual(s.serverAssociation().phase, AssociationPhase.handshaking)
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[H01] in epoch 0 a message that the grammar does not allow is dropped and its place stays free", () => {
        for (const type of [1, 4, 11, 13, 14, 15, 16, 20, 22, 99]) {
            const s = simulate()
            s.begin()
            s.toClient(handshake(type, 0, Buffer.alloc(type === 14 ? 0 : 40), 5))
            s.toClient(handshake(type, 1, Buffer.alloc(type === 14 ? 0 : 40), 6))
            s.run(30000)
            strictEqual(s.client.phase, AssociationPhase.connected, `type ${type}`)
        }
    })

    it("[H04] a Finished with one wrong bit at each position, or a wrong length, is decrypt_error", () => {
        for (let bit = 0; bit <= 96; bit += 1) {
            const s = simulate()
            s.fault = (index) => (index === 5 ? [] : [5])
            s.begin()
            s.run(500)
            const { parameters: h } = s.serverAssociation()
            // The server's genuine Finished, modified and sealed with the real keys.
            const body = Buffer.from(serverFinished(s))
            if (bit < 96) body[bit >> 3] ^= 1 << (bit & 7)
            const changed = bit < 96 ? body : body.subarray(0, 11)
            const finished = fragment({ type: 20, messageSeq: 3 }, changed)
            const sealed = s.serverAssociation().record.write.seal(ContentType.handshake, finished, true) as Buffer
            s.toClient(Buffer.concat([record(ContentType.changeCipherSpec, 0, 9, Buffer.from([1])), sealed]))
            s.drain()
            ok(h.complete)
            deepStrictEqual(clientFailure(s), [FailureReason.badFinished, AlertDescription.decryptError])
        }
    })

    it("[H05] a repeated Finished with other content is not a retransmission", () => {
        const s = simulate()
        s.fault = (index) => (index === 5 ? [] : [5])
        s.begin()
        s.run(700)
        const sent = s.sent
        const other = fragment({ type: 20, messageSeq: 3 }, Buffer.alloc(12))
        s.toServer(s.client.record.write.seal(ContentType.handshake, other, true) as Buffer)
        s.drain()
        strictEqual(s.sent, sent)
    })

    it("[H13] an unknown identity and a wrong key look the same from outside, and cost the same calls", () => {
        const run = (wrong: boolean): { shape: string; calls: object } => {
            const crypto = new SpyCrypto()
            const s = simulate((client, server) => {
                server.crypto = crypto
                client.retransmission = server.retransmission = { ...server.retransmission, jitter: 0 }
            })
            if (wrong) s.serverKey = Buffer.alloc(16, 9)
            else s.serverKey = undefined
            s.begin()
            s.run(200000)
            const shape = s.log.map((datagram) => datagram.length).join()
            const { random: _random, ...calls } = crypto.calls
            return { shape, calls }
        }
        const [unknown, wrong] = [run(false), run(true)]
        strictEqual(unknown.shape, wrong.shape)
        deepStrictEqual(unknown.calls, wrong.calls)
    })

    it("[H13] keys of 1 to 128 bytes, identities that are empty, 128 bytes, not UTF-8 or contain NUL arrive unchanged", () => {
        for (const identity of [Buffer.alloc(0), Buffer.alloc(128, 65), Buffer.from("ff00fe80", "hex")]) {
            const s = simulate()
            s.serverAnswers = false
            const key = Buffer.alloc(identity.length + 1, 3)
            s.client.poll()
            s.client.begin(0)
            pump(s, identity, key)
            strictEqual(s.serverAssociation().parameters.identity.toString("hex"), identity.toString("hex"))
            strictEqual(s.client.phase, AssociationPhase.connected)
        }
    })

    it("[H14] a slow lookup: one question, which the peer's retransmissions do not restart, and the handshake continues", () => {
        const s = simulate()
        s.serverAnswers = false
        s.begin()
        s.run(20000)
        strictEqual(countOf(s.serverOutputs, OutputKind.question), 1)
        s.answerServer()
        s.drain()
        s.run(40000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(countOf(s.serverOutputs, OutputKind.question), 1)
    })

    it("[H17] renegotiation: non-empty info fails; HelloRequest and ClientHello after the handshake get one warning each", () => {
        deepStrictEqual(
            serverFailure(withClientHello((h) => h.extensions.push({ type: 0xff01, data: Buffer.from([1, 1]) }))),
            [FailureReason.badRenegotiation, AlertDescription.handshakeFailure],
        )
        const s = connected()
        const hidden = (from: "client" | "server", type: number, messageSeq: number): Buffer => {
            const association = from === "client" ? s.client : s.serverAssociation()
            const message = fragment({ type, messageSeq }, Buffer.alloc(0))
            return association.record.write.seal(ContentType.handshake, message, true) as Buffer
        }
        for (let i = 0; i < 5; i++) s.toClient(hidden("server", HandshakeType.helloRequest, 4 + i))
        for (let i = 0; i < 5; i++) s.toServer(hidden("client", HandshakeType.clientHello, 4 + i))
        s.drain()
        s.server.touched(s.peer!)
        s.drain()
        s.run(s.now + 100)
        for (const outputs of [s.clientOutputs, s.serverOutputs]) {
            strictEqual(outputs.filter((o) => o.diagnostic === Diagnostic.renegotiationRefused).length, 1)
            strictEqual(outputs.filter((o) => o.diagnostic === Diagnostic.warningAlert && o.detail === 100).length, 1)
        }
        s.clientSends("still here")
        s.run(s.now + 100)
        deepStrictEqual(s.serverMessages, ["still here"])
    })

    it("[H26] master secret, premaster secret and keys are zeroed after close, after failure and as soon as they are not needed", () => {
        const crypto = new SpyCrypto()
        const s = connected((client, server) => (client.crypto = server.crypto = crypto))
        const parameters = s.client.parameters as SecurityParametersV12
        const { master } = parameters
        ok(master !== undefined)
        s.client.shutdown(true, true)
        s.serverAssociation().drop(FailureReason.evicted)
        strictEqual(parameters.master, undefined)
        // A closed handle contains a key of zeros.
        const zeros = crypto.newHmac(HashAlgorithm.sha256, Buffer.alloc(48))
        deepStrictEqual(master.sign(Buffer.from("x")), zeros.sign(Buffer.from("x")))
        for (const secret of crypto.secrets)
            if (secret.length > 4 && !isCookieSecret(secret)) ok(secret.every((byte) => byte === 0))
    })

    it("[H27] the exporter: nothing before the end, equal on both sides; absent and empty context differ", () => {
        const s = simulate()
        s.begin()
        strictEqual(s.client.exportKeyingMaterial("EXPORTER-x", undefined, 16), undefined)
        s.run(1000)
        const hex = (context: Buffer | undefined): string | undefined =>
            s.client.exportKeyingMaterial("EXPORTER-x", context, 16)?.toString("hex")
        strictEqual(
            hex(undefined),
            s.serverAssociation().exportKeyingMaterial("EXPORTER-x", undefined, 16)?.toString("hex"),
        )
        ok(hex(undefined) !== hex(Buffer.alloc(0)))
    })

    it("[P10] every failure names reason, alert and the message that was expected", () => {
        const s = untilNextTimer(withServerHello((h) => (h.cipherSuite = 0xc0a9)))
        deepStrictEqual(s.client.failure, {
            reason: FailureReason.illegalParameter,
            alert: AlertDescription.illegalParameter,
            expecting: HandshakeType.serverHello,
        })
    })

    it("an unprotected fatal alert counts only when nothing better arrives before the next timer", () => {
        const s = simulate()
        const alert = record(ContentType.alert, 0, 3, Buffer.from([2, AlertDescription.handshakeFailure]))
        s.begin()
        s.toClient(alert)
        s.run(900)
        strictEqual(s.client.phase, AssociationPhase.connected)
        const t = simulate()
        t.fault = () => []
        t.begin()
        t.toClient(alert)
        t.run(1200)
        deepStrictEqual(clientFailure(t), [FailureReason.peerAlert, AlertDescription.handshakeFailure])
    })

    it("every suite connects in both roles and writes a key log line when asked", () => {
        for (const suite of allSuites()) {
            const lines: string[] = []
            const s = connected((client, server) => {
                client.suites = server.suites = [suite]
                client.keyLog = (line) => lines.push(line)
            })
            strictEqual(s.client.parameters.suite?.name, suite.name)
            ok(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/.test(lines[0]))
        }
    })

    it("discarded input leaves the client's state unchanged", () => {
        const s = connected()
        const before = picture(s.client)
        s.toClient(Buffer.from("rubbish"))
        s.toClient(record(ContentType.alert, 0, 1, Buffer.from([2, 40])))
        strictEqual(picture(s.client), before)
    })
})

/** verify_data of the server's Finished, taken from the server's own handshake. */
function serverFinished(s: Simulation): Buffer {
    const [, finished] = records(s.log[5])
    return openFinished(s, finished.bytes)
}

/** Opens the lost Finished with a copy of the client's keys, without affecting the client. */
function openFinished(s: Simulation, bytes: Buffer): Buffer {
    const { driver } = s.client as unknown as { driver: { handshake: { pendingRead: RecordProtection } } }
    const plaintext = driver.handshake.pendingRead.openRecord(bytes, 0, bytes.length, 0) as Buffer
    return plaintext.subarray(12)
}

/** Cookie secrets live as long as the server. */
function isCookieSecret(secret: Buffer): boolean {
    return secret.length === 32
}

/** Runs a handshake with the given identity and key. */
function pump(s: Simulation, identity: Buffer, key: Buffer): void {
    for (let round = 0; round < 10; round++) {
        for (let o = s.client.poll(); o !== undefined; o = s.client.poll()) {
            if (o.kind === OutputKind.datagram) s.toServer(o.data as Buffer)
            if (o.kind === OutputKind.question) s.client.answer({ identity, key }, s.now)
        }
        for (let r = s.server.nextReply(); r !== undefined; r = s.server.nextReply()) s.toClient(r.data)
        for (let p = s.server.nextReady(); p !== undefined; p = s.server.nextReady()) {
            s.peer = p
            for (let o = p.association.poll(); o !== undefined; o = p.association.poll()) {
                if (o.kind === OutputKind.datagram) s.toClient(o.data as Buffer)
                if (o.kind === OutputKind.question) p.association.answer({ identity, key }, s.now)
            }
        }
    }
}
