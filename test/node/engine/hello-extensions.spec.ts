import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { TLS_PSK_WITH_AES_128_CCM, TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { Alpn } from "../../../src/dtls/handshake/alpn.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../../src/dtls/wire/server-hello.js"
import { connected, simulate } from "../../support/connected.js"
import { handshake, type Message, messages } from "../../support/wire.js"
import {
    type Settings,
    withServerHello,
    untilNextTimer,
    withClientHello,
    withHelloBody,
    serverFailure,
    clientFailure,
    alerts,
} from "../../support/rewritten-hellos.js"

describe("hellos and their extensions", () => {
    it("[H10] a server that answers what was not offered, twice, or with data gets the table's alerts", () => {
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

    it("[H10] a client's unknown extensions are ignored, malformed ones are decode_error", () => {
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
        /** renegotiation_info that is not empty as required is a failed check (RFC 5746 §3.4, §3.6). */
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

    it("[H10] an extension in a message that may not have it: a server that sends a host name or a size limit is refused", () => {
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

    it("[H11] hello vectors: odd, empty, past the end, 60 kB of suites: decode_error or no suite, never a loop", () => {
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

    it("[H15] extended master secret is used when offered, and refused when required but missing, on both sides", () => {
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

    it("the server's order decides the suite and the ALPN protocol", () => {
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
})
