import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { SecurityParametersV12 } from "../../../src/dtls/handshake/v12/security-parameters.js"
import { type OpenedRecord, type RecordProtection } from "../../../src/dtls/crypto/provider.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { Diagnostic, OutputKind } from "../../../src/dtls/association/output.js"
import { Writer } from "../../../src/dtls/bytes/writer.js"
import {
    allSuites,
    TLS_PSK_WITH_AES_128_CCM,
    TLS_PSK_WITH_AES_128_CCM_8,
} from "../../../src/dtls/key-exchange/suites.js"
import { Alpn } from "../../../src/dtls/handshake/alpn.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { AlertDescription, ContentType, ExtensionType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../../src/dtls/wire/server-hello.js"
import { countOf, type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { fragment, handshake, type Message, messages, record, records } from "../../support/wire.js"

/** What `simulate` takes: a change of both sides' settings. */
type Settings = Parameters<typeof simulate>[0]

/** A client whose ServerHello the test writes: the true one, changed. */
function withServerHello(change: (hello: ServerHello) => void, settings?: Settings): Simulation {
    const s = simulate(settings)
    s.fault = (index) => (index === 3 ? [] : [5])
    s.begin()
    s.run(500)
    const [message] = messages(s.log[3]) as [Message]
    const hello = readServerHello(message.body) as ServerHello
    change(hello)
    s.toClient(handshake(HandshakeType.serverHello, message.header.messageSeq, writeServerHello(hello), 9))
    s.drain()
    return s
}

/** Lets the next timer of both sides come while nothing arrives: what was put aside decides then. */
function untilNextTimer(s: Simulation): Simulation {
    s.fault = () => []
    s.run(1200)
    return s
}

/** A server that gets a hello of the test's making, with a good cookie: both hellos are changed in the same way. */
function withClientHello(change: (hello: ClientHello) => void, settings?: Settings): Simulation {
    return withHelloBody((body) => {
        const hello = readClientHello(body) as ClientHello
        change(hello)
        return writeClientHello(hello)
    }, settings)
}

function withHelloBody(change: (body: Buffer) => Buffer, settings?: Settings): Simulation {
    const s = simulate(settings)
    s.fault = () => []
    s.begin()
    const [first] = messages(s.log[0]) as [Message]
    s.toServer(handshake(HandshakeType.clientHello, 0, change(first.body)))
    s.drain()
    const verify = s.log.map((datagram) => messages(datagram)[0]).find((message) => message?.header.type === 3)
    if (verify === undefined) return s
    const again = readClientHello(first.body) as ClientHello
    again.cookie = Buffer.from(verify.body.subarray(3))
    s.toServer(handshake(HandshakeType.clientHello, 1, change(writeClientHello(again)), 1))
    s.drain()
    return s
}

function serverFailure(s: Simulation): [FailureReason | undefined, AlertDescription | undefined] {
    const failure = s.serverOutputs.find((output) => output.failure !== undefined)?.failure
    return [failure?.reason, failure?.alert]
}

function clientFailure(s: Simulation): [FailureReason | undefined, AlertDescription | undefined] {
    return [s.client.failure?.reason, s.client.failure?.alert]
}

/** How many alerts are on the wire, unprotected ones. */
function alerts(s: Simulation): number[] {
    return s.log.flatMap((datagram) =>
        records(datagram)
            .filter(({ header }) => header.type === ContentType.alert && header.epoch === 0)
            .map(({ fragment: body }) => body.readUInt8(1)),
    )
}

describe("handshake grammar", () => {
    it("[H02] ChangeCipherSpec early, twice, malformed or protected never changes keys early", () => {
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

    it("[H03] a Finished in epoch 0 is dropped, and the true one still counts", () => {
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
            // The server's true Finished, changed and sealed under the true keys.
            const writer = new Writer(64)
            const body = Buffer.from(serverFinished(s))
            if (bit < 96) body[bit >> 3] ^= 1 << (bit & 7)
            const changed = bit < 96 ? body : body.subarray(0, 11)
            s.serverAssociation().record.seal(
                writer,
                ContentType.handshake,
                1,
                fragment({ type: 20, messageSeq: 3 }, changed),
            )
            s.toClient(Buffer.concat([record(ContentType.changeCipherSpec, 0, 9, Buffer.from([1])), writer.finish()]))
            s.drain()
            ok(h.complete)
            deepStrictEqual(clientFailure(s), [FailureReason.badFinished, AlertDescription.decryptError])
        }
    })

    it("[H05] a repeated Finished with other content is no retransmission", () => {
        const s = simulate()
        s.fault = (index) => (index === 5 ? [] : [5])
        s.begin()
        s.run(700)
        const sent = s.sent
        const writer = new Writer(64)
        s.client.record.seal(writer, ContentType.handshake, 1, fragment({ type: 20, messageSeq: 3 }, Buffer.alloc(12)))
        s.toServer(writer.finish())
        s.drain()
        strictEqual(s.sent, sent)
    })

    it("[H10] a server that answers what was not offered, twice, or with data: alerts by the table", () => {
        const cases: [string, (hello: ServerHello) => void, AlertDescription][] = [
            [
                "unsolicited",
                (h) => h.extensions.push({ type: 16, data: Buffer.alloc(0) }),
                AlertDescription.unsupportedExtension,
            ],
            [
                "unknown",
                (h) => h.extensions.push({ type: 4711, data: Buffer.alloc(0) }),
                AlertDescription.unsupportedExtension,
            ],
            ["twice", (h) => h.extensions.push({ type: 23, data: Buffer.alloc(0) }), AlertDescription.decodeError],
            [
                "EMS with data",
                (h) => (h.extensions = [{ type: 23, data: Buffer.alloc(1) }]),
                AlertDescription.decodeError,
            ],
            [
                "renegotiation_info with data",
                (h) => (h.extensions = [{ type: 0xff01, data: Buffer.from([1, 7]) }]),
                AlertDescription.handshakeFailure,
            ],
            ["suite not offered", (h) => (h.cipherSuite = 0xc0a9), AlertDescription.illegalParameter],
            ["compression", (h) => (h.compressionMethod = 1), AlertDescription.illegalParameter],
            ["version", (h) => (h.version = 0xfeff), AlertDescription.protocolVersion],
        ]
        for (const [name, change, alert] of cases) {
            const s = untilNextTimer(withServerHello(change))
            strictEqual(s.client.failure?.alert, alert, name)
            deepStrictEqual(alerts(s), [alert], name)
        }
    })

    it("[H10] unknown extensions of a client are ignored, broken ones are decode_error", () => {
        const unknown = withClientHello((h) => h.extensions.push({ type: 4711, data: Buffer.alloc(9) }))
        strictEqual(serverFailure(unknown)[0], undefined)
        strictEqual(unknown.serverAssociation().phase, AssociationPhase.handshaking)
        deepStrictEqual(serverFailure(withClientHello((h) => (h.extensions = [{ type: 23, data: Buffer.alloc(1) }]))), [
            FailureReason.decodeError,
            AlertDescription.decodeError,
        ])
        const twice = withClientHello((h) => h.extensions.push({ type: 23, data: Buffer.alloc(0) }))
        deepStrictEqual(serverFailure(twice), [FailureReason.decodeError, AlertDescription.decodeError])
    })

    it("[H10] each known extension with each wrong length: decode_error for a client's, and for a server's", () => {
        const withAlpn: Settings = (client, server) => {
            client.extensions = [new Alpn(["coap"], false)]
            server.extensions = [new Alpn(["coap"], false)]
        }
        const { decodeError, handshakeFailure } = AlertDescription
        /** Of renegotiation_info, whatever is not empty as it should be is a failed check (RFC 5746 §3.4, §3.6). */
        const wrong: [ExtensionType, AlertDescription, number[][]][] = [
            [ExtensionType.extendedMasterSecret, decodeError, [[0], [0, 0]]],
            [ExtensionType.renegotiationInfo, handshakeFailure, [[], [1], [0, 0], [1, 7], [255]]],
            [
                ExtensionType.applicationLayerProtocolNegotiation,
                decodeError,
                [[], [0], [0, 0], [0, 1, 0], [0, 2, 2, 97], [0, 3, 1, 97], [0, 2, 1, 97, 0], [1, 0, 1, 97]],
            ],
        ]
        for (const [type, alert, forms] of wrong)
            for (const form of forms) {
                const change = (h: ClientHello | ServerHello): void => {
                    h.extensions = [{ type, data: Buffer.from(form) }]
                }
                const what = `extension ${type} of bytes ${form.join(" ")}`
                strictEqual(serverFailure(withClientHello(change, withAlpn))[1], alert, `client's ${what}`)
                const s = untilNextTimer(withServerHello(change, withAlpn))
                deepStrictEqual([s.client.failure?.alert, ...alerts(s)], [alert, alert], `server's ${what}`)
            }
    })

    it("[H10] an extension in a message that may not have it: a server that names a host or a size limit is refused", () => {
        // server_name, max_fragment_length, record_size_limit, cookie and key_share of 1.3: none of them was offered.
        for (const type of [0, 1, 28, 44, 51]) {
            const s = untilNextTimer(withServerHello((h) => h.extensions.push({ type, data: Buffer.from([1]) })))
            deepStrictEqual(clientFailure(s), [FailureReason.illegalParameter, AlertDescription.unsupportedExtension])
        }
    })

    it("[R14] a client that offers max_fragment_length or record_size_limit is served, and neither is answered", () => {
        for (const [type, data] of [
            [1, [1]],
            [28, [0, 64]],
        ] as const) {
            const s = withClientHello((h) => h.extensions.push({ type, data: Buffer.from(data) }))
            const flight = s.log.flatMap((datagram) => messages(datagram))
            const answer = flight.find(({ header }) => header.type === HandshakeType.serverHello) as Message
            const { extensions } = readServerHello(answer.body) as ServerHello
            ok(extensions.every((extension) => extension.type !== type))
        }
    })

    it("[H11] hello vectors: odd, none, past the end, 60 kB of suites: decode_error or no suite, never a loop", () => {
        const suitesAt = (body: Buffer): number => 35 + body.readUInt8(34) + 1 + body.readUInt8(35 + body.readUInt8(34))
        const broken: ((body: Buffer) => Buffer)[] = [
            (body) => (body.writeUInt16BE(3, suitesAt(body)), body),
            (body) => (body.writeUInt16BE(0, suitesAt(body)), body),
            (body) => (body.writeUInt16BE(0xfffe, suitesAt(body)), body),
        ]
        for (const change of broken)
            deepStrictEqual(serverFailure(withHelloBody((body) => change(Buffer.from(body)))), [
                FailureReason.decodeError,
                AlertDescription.decodeError,
            ])
        const many = withClientHello((h) => (h.cipherSuites = new Array<number>(5000).fill(0x1234)))
        deepStrictEqual(serverFailure(many), [FailureReason.nothingInCommon, AlertDescription.handshakeFailure])
    })

    it("[H13] unknown identity and wrong key look the same outside, and cost the same calls", () => {
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

    it("[H13] keys of 1 to 128 bytes, identities that are empty, 128 bytes, not UTF-8 or hold NUL arrive as they are", () => {
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

    it("[H14] a slow lookup: one question, the peer's repetitions start nothing again, and the handshake goes on", () => {
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

    it("[H15] extended master secret is used when offered, refused without when required, on both sides", () => {
        ok(connected().client.parameters.extendedMasterSecret)
        const without = withServerHello((h) => (h.extensions = []))
        strictEqual(without.client.failure, undefined)
        const required = simulate((client) => (client.requireExtendedMasterSecret = true))
        required.fault = (index) => (index === 3 ? [] : [5])
        required.begin()
        required.run(500)
        const [message] = messages(required.log[3]) as [Message]
        const hello = readServerHello(message.body) as ServerHello
        hello.extensions = []
        required.toClient(handshake(2, message.header.messageSeq, writeServerHello(hello), 9))
        untilNextTimer(required)
        strictEqual(required.client.failure?.reason, FailureReason.extendedMasterSecretRequired)
        strictEqual(required.client.failure?.alert, AlertDescription.handshakeFailure)
    })

    it("[H17] renegotiation: non-empty info fails, HelloRequest and ClientHello after connect get one warning each", () => {
        deepStrictEqual(
            serverFailure(withClientHello((h) => h.extensions.push({ type: 0xff01, data: Buffer.from([1, 1]) }))),
            [FailureReason.badRenegotiation, AlertDescription.handshakeFailure],
        )
        const s = connected()
        const hidden = (from: "client" | "server", type: number, messageSeq: number): Buffer => {
            const writer = new Writer(64)
            const association = from === "client" ? s.client : s.serverAssociation()
            association.record.seal(writer, ContentType.handshake, 1, fragment({ type, messageSeq }, Buffer.alloc(0)))
            return writer.finish()
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

    it("[H25] the client random is drawn each time; a second hello with other suites or extensions is not accepted", () => {
        const [one, two] = [simulate(), simulate()]
        one.begin()
        two.begin()
        ok(!one.client.parameters.clientRandom.equals(two.client.parameters.clientRandom))
        for (const change of [
            (h: ClientHello) => (h.cipherSuites = [...h.cipherSuites, 0x00a8]),
            (h: ClientHello) => (h.extensions = []),
            (h: ClientHello) => h.random.writeUInt8(h.random.readUInt8(0) ^ 1, 0),
        ]) {
            const s = simulate()
            s.fault = (index) => (index < 2 ? [5] : [])
            s.begin()
            s.run(500)
            const [second] = messages(s.log[2]) as [Message]
            const hello = readClientHello(second.body) as ClientHello
            change(hello)
            s.toServer(handshake(1, 1, writeClientHello(hello), 1))
            s.drain()
            strictEqual(s.server.halfOpenCount(), 0)
            strictEqual(messages(s.log[s.log.length - 1])[0].header.type, HandshakeType.helloVerifyRequest)
        }
    })

    it("[H26] master secret, premaster and keys are zeros after close, after failure and where they are done with", () => {
        const crypto = new SpyCrypto()
        const s = connected((client, server) => (client.crypto = server.crypto = crypto))
        const parameters = s.client.parameters as SecurityParametersV12
        const { master } = parameters
        ok(master !== undefined)
        s.client.shutdown(true, true)
        s.serverAssociation().drop(FailureReason.evicted)
        strictEqual(parameters.master, undefined)
        // What is left behind the closed handle is a key of zeros.
        const zeros = crypto.newHmac(HashAlgorithm.sha256, Buffer.alloc(48))
        deepStrictEqual(master.sign(Buffer.from("x")), zeros.sign(Buffer.from("x")))
        for (const secret of crypto.secrets)
            if (secret.length > 4 && !isCookieSecret(secret)) ok(secret.every((byte) => byte === 0))
    })

    it("[H27] the exporter: nothing before the end, equal on both sides, absent and empty context differ", () => {
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

    it("an unprotected fatal alert counts only when nothing better follows before the next timer", () => {
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

    it("the server's order decides on the suite, and ALPN on the protocol", () => {
        const s = simulate((client, server) => {
            client.suites = [TLS_PSK_WITH_AES_128_CCM_8(), TLS_PSK_WITH_AES_128_CCM()]
            server.suites = [TLS_PSK_WITH_AES_128_CCM(), TLS_PSK_WITH_AES_128_CCM_8()]
            client.extensions = [new Alpn(["coap", "h2"], false)]
            server.extensions = [new Alpn(["h2", "coap"], false)]
        })
        s.connect()
        strictEqual(s.client.parameters.suite?.name, "TLS_PSK_WITH_AES_128_CCM")
        strictEqual((s.client.settings.extensions[0] as Alpn).selected, "h2")
        const t = simulate((client, server) => {
            client.extensions = [new Alpn(["coap"], false)]
            server.extensions = [new Alpn(["h2"], false)]
        })
        t.connect()
        strictEqual(t.client.phase, AssociationPhase.connected)
        strictEqual((t.client.settings.extensions[0] as Alpn).selected, undefined)
    })

    it("every suite connects in both roles and writes a key log line on request", () => {
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

    it("discarded input leaves the client's picture as it was", () => {
        const s = connected()
        const before = picture(s.client)
        s.toClient(Buffer.from("rubbish"))
        s.toClient(record(ContentType.alert, 0, 1, Buffer.from([2, 40])))
        strictEqual(picture(s.client), before)
    })
})

/** verify_data of the server's Finished, from the server's own handshake. */
function serverFinished(s: Simulation): Buffer {
    const [, finished] = records(s.log[5])
    return openFinished(s, finished.bytes)
}

/** Opens the lost Finished with a copy of the client's keys: the client itself is not touched. */
function openFinished(s: Simulation, bytes: Buffer): Buffer {
    const { driver } = s.client as unknown as { driver: { handshake: { pendingRead: RecordProtection } } }
    const { plaintext } = driver.handshake.pendingRead.open(bytes, 0, 0) as OpenedRecord
    return plaintext.subarray(12)
}

/** Cookie secrets live as long as the server. */
function isCookieSecret(secret: Buffer): boolean {
    return secret.length === 32
}

/** Runs a handshake with an identity and key of the test's own. */
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
