import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { failureText } from "../../../host/describe.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { type Output, OutputKind } from "../../../src/dtls/association/output.js"
import { TLS_PSK_WITH_AES_128_CCM, TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { type Failure, FailureReason } from "../../../src/dtls/handshake/failure.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../../src/dtls/wire/server-hello.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { fragment, handshake, messages, record, records } from "../../support/wire.js"

const failureOf = (outputs: Output[]): Failure | undefined =>
    outputs.find(({ failure }) => failure !== undefined)?.failure

/** Both sides' failures at the end. */
function ended(s: Simulation): (Failure | undefined)[] {
    s.drain()
    s.run(s.now + 400000)
    return [s.client.failure, failureOf(s.serverOutputs)]
}

/** Runs a handshake to its end; all datagrams from number `silentFrom` on are lost. */
function handshakeOf(change?: Parameters<typeof simulate>[0], silentFrom = 1000): (Failure | undefined)[] {
    const s = simulate(change)
    s.fault = (index) => (index < silentFrom ? [5] : [])
    s.begin()
    return ended(s)
}

/** A server whose client's two hellos are modified by the test. */
function afterHello(change: (hello: ClientHello) => void): (Failure | undefined)[] {
    const s = simulate()
    s.fault = () => []
    s.begin()
    const hello = readClientHello(messages(s.log[0])[0].body)!
    change(hello)
    s.toServer(handshake(HandshakeType.clientHello, 0, writeClientHello(hello)))
    s.drain()
    hello.cookie = Buffer.from(messages(s.log[s.sent - 1])[0].body.subarray(3))
    s.toServer(handshake(HandshakeType.clientHello, 1, writeClientHello(hello), 1))
    return ended(s)
}

/** A client whose only answer is a ServerHello modified by the test. */
function afterServerHello(
    change: (hello: ServerHello) => void,
    client?: Parameters<typeof simulate>[0],
): (Failure | undefined)[] {
    const s = simulate(client)
    s.fault = (index) => (index < 3 ? [5] : [])
    s.begin()
    s.run(500)
    const hello = readServerHello(messages(s.log[3])[0].body)!
    change(hello)
    s.toClient(
        handshake(HandshakeType.serverHello, messages(s.log[3])[0].header.messageSeq, writeServerHello(hello), 9),
    )
    return ended(s)
}

/** A server that gets an authentic handshake message made by the test in place of the Finished. */
function inPlaceOfFinished(type: number, body: Buffer): (Failure | undefined)[] {
    const s = simulate()
    s.fault = (index, _toServer, data) => {
        if (index !== 4) return [5]
        const [exchange, ccs] = records(data)
        s.toServer(exchange.bytes)
        s.drain()
        s.toServer(ccs.bytes)
        s.toServer(
            s.client.record.write.seal(ContentType.handshake, fragment({ type, messageSeq: 3 }, body), true) as Buffer,
        )
        return []
    }
    s.begin()
    return ended(s)
}

function afterConnect(act: (s: Simulation) => void, change?: Parameters<typeof simulate>[0]): (Failure | undefined)[] {
    const s = connected(change)
    act(s)
    return ended(s)
}

const { none } = AlertDescription

/** How to cause each reason: which side fails, its alert, and the message expected at that point. */
const cases: [FailureReason, "client" | "server", AlertDescription, number, () => (Failure | undefined)[]][] = [
    [FailureReason.timeout, "client", none, HandshakeType.serverHello, () => handshakeOf(undefined, 0)],
    [FailureReason.timeout, "server", none, HandshakeType.clientKeyExchange, () => handshakeOf(undefined, 3)],
    [
        FailureReason.keyMismatch,
        "server",
        none,
        HandshakeType.finished,
        () => {
            const s = simulate()
            s.clientKey = Buffer.alloc(16, 9)
            s.begin()
            return ended(s)
        },
    ],
    [
        FailureReason.peerAlert,
        "client",
        AlertDescription.handshakeFailure,
        HandshakeType.serverHello,
        () => handshakeOf((client) => (client.suites = [TLS_PSK_WITH_AES_128_CCM()])),
    ],
    [
        FailureReason.unexpectedMessage,
        "server",
        AlertDescription.unexpectedMessage,
        HandshakeType.finished,
        () => inPlaceOfFinished(HandshakeType.certificateVerify, Buffer.alloc(12)),
    ],
    [
        FailureReason.badFinished,
        "server",
        AlertDescription.decryptError,
        HandshakeType.finished,
        () => inPlaceOfFinished(HandshakeType.finished, Buffer.alloc(12)),
    ],
    [
        FailureReason.decodeError,
        "server",
        AlertDescription.decodeError,
        HandshakeType.clientHello,
        () => afterHello((hello) => (hello.extensions = [{ type: 23, data: Buffer.alloc(1) }])),
    ],
    [
        FailureReason.illegalParameter,
        "server",
        AlertDescription.illegalParameter,
        HandshakeType.clientHello,
        () => afterHello((hello) => (hello.compressionMethods = Buffer.from([1]))),
    ],
    [
        FailureReason.nothingInCommon,
        "server",
        AlertDescription.handshakeFailure,
        HandshakeType.clientHello,
        () => handshakeOf((client) => (client.suites = [TLS_PSK_WITH_AES_128_CCM()])),
    ],
    [
        FailureReason.extendedMasterSecretRequired,
        "client",
        AlertDescription.handshakeFailure,
        HandshakeType.serverHello,
        () =>
            afterServerHello(
                (hello) => (hello.extensions = []),
                (client) => (client.requireExtendedMasterSecret = true),
            ),
    ],
    [
        FailureReason.badRenegotiation,
        "server",
        AlertDescription.handshakeFailure,
        HandshakeType.clientHello,
        () => afterHello((hello) => hello.extensions.push({ type: 0xff01, data: Buffer.from([1, 1]) })),
    ],
    [
        FailureReason.noCredentials,
        "client",
        AlertDescription.handshakeFailure,
        HandshakeType.changeCipherSpec,
        () => {
            const s = simulate()
            s.clientKey = Buffer.alloc(0)
            s.begin()
            return ended(s)
        },
    ],
    [
        FailureReason.keysUsedUp,
        "client",
        none,
        -1,
        () =>
            afterConnect((s) => {
                s.client.record.write.nextSequence = 2 ** 47
                s.client.send([Buffer.from("over")], false)
            }),
    ],
    [
        FailureReason.tooManyForgeries,
        "server",
        AlertDescription.badRecordMac,
        -1,
        () =>
            afterConnect(
                (s) => s.toServer(record(ContentType.applicationData, 1, 50, Buffer.alloc(40))),
                (client, server) => {
                    client.suites = server.suites = [TLS_PSK_WITH_AES_128_CCM_8()]
                    server.limits = { ...server.limits, ccm8Failures: 1 }
                },
            ),
    ],
    [
        FailureReason.recordOverflow,
        "server",
        AlertDescription.recordOverflow,
        -1,
        () =>
            afterConnect((s) => {
                s.toServer(s.client.record.write.seal(ContentType.applicationData, Buffer.alloc(16385), true) as Buffer)
            }),
    ],
    [
        FailureReason.replaced,
        "server",
        none,
        -1,
        () =>
            afterConnect((s) => {
                s.rebootClient()
                s.connect()
                s.run(s.now + 1000)
            }),
    ],
    [
        FailureReason.evicted,
        "server",
        none,
        HandshakeType.clientKeyExchange,
        () => {
            const s = simulate((_client, server) => (server.limits = { ...server.limits, halfOpenPeers: 1 }))
            s.fault = (index) => (index === 3 ? [] : [5])
            s.begin()
            s.run(100)
            s.clientAddress = "another|1"
            s.rebootClient()
            s.begin()
            s.run(s.now + 500)
            return ended(s)
        },
    ],
    [
        FailureReason.closedLocally,
        "client",
        none,
        HandshakeType.serverHello,
        () => {
            const s = simulate()
            s.begin()
            s.client.shutdown(true, true)
            return ended(s)
        },
    ],
    [
        FailureReason.idle,
        "server",
        none,
        -1,
        () =>
            afterConnect(
                () => undefined,
                (_client, server) => (server.limits = { ...server.limits, idleTimeout: 5000 }),
            ),
    ],
]

/** Reasons tested elsewhere, because they need a failing platform, or a peer with certificates or two versions. */
const elsewhere = [
    "badCookie",
    "internalError",
    "certificateUnsupported",
    "certificateRefused",
    "badSignature",
    "certificateRequired",
    "downgraded",
]

describe("failures", () => {
    for (const [reason, side, alert, expecting, run] of cases)
        it(`[P10] ${FailureReason[reason]} (${side}) comes with its alert, the state it happened in, and a sentence`, () => {
            const [client, server] = run()
            const failure = side === "client" ? client : server
            deepStrictEqual(failure, { reason, alert, expecting })
            ok(failureText(failure).length > 10)
        })

    it("[P10] every reason has such a test", () => {
        const tested = new Set(cases.map(([reason]) => FailureReason[reason]))
        const names = Object.values(FailureReason).filter((name) => typeof name === "string")
        deepStrictEqual(
            names.filter((name) => !tested.has(name) && !elsewhere.includes(name)),
            [],
        )
    })

    it("[P09 part] a late key completes the handshake; after the end it changes nothing", () => {
        const s = simulate()
        s.serverAnswers = false
        s.begin()
        s.run(30000)
        s.answerServer()
        s.drain()
        s.run(60000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        const late = simulate()
        late.serverAnswers = false
        late.begin()
        const [, server] = ended(late)
        strictEqual(server?.reason, FailureReason.timeout)
        const count = late.serverOutputs.length
        late.answerServer()
        late.drain()
        strictEqual(late.serverOutputs.length, count)
        ok(late.serverOutputs.every(({ kind }) => kind !== OutputKind.connected))
    })
})
