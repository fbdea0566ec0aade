import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic, type Output, OutputKind } from "../../../src/dtls/association/output.js"
import { Alpn } from "../../../src/dtls/handshake/alpn.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { writeHelloVerifyRequest } from "../../../src/dtls/wire/hello-verify-request.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../../src/dtls/wire/server-hello.js"
import { type Simulation } from "../../engine/simulation.js"
import { drops, simulate } from "../../support/connected.js"
import { fragment, handshake, type Message, messages, record, records } from "../../support/wire.js"

/*
 * Before keys exist anyone can send a handshake message, so errors are postponed, and the genuine message still counts.
 */

const { serverHello, helloVerifyRequest, certificate, certificateRequest, serverKeyExchange } = HandshakeType
const { serverHelloDone, clientKeyExchange, helloRequest } = HandshakeType

/** Datagrams on a link without faults: hello, HelloVerifyRequest, hello, server's flight, Finished, Finished. */
const SERVER_FLIGHT = 3

/** A client that sent its second hello; the server's flight is in the log, but has not arrived. */
function awaitingServerHello(change?: Parameters<typeof simulate>[0]): { s: Simulation; flight: Message[] } {
    const s = simulate(change)
    s.fault = (index) => (index === SERVER_FLIGHT ? [] : [5])
    s.begin()
    s.run(100)
    return { s, flight: messages(s.log[SERVER_FLIGHT]) }
}

/** A server that waits for the ClientKeyExchange; the client's flight is in the log, but has not arrived. */
function awaitingClientKeyExchange(): Simulation {
    const s = simulate()
    s.fault = (index) => (index === 4 ? [] : [5])
    s.begin()
    s.run(100)
    return s
}

function changed(message: Message, change: (hello: ServerHello) => void): Buffer {
    const hello = readServerHello(message.body) as ServerHello
    change(hello)
    return handshake(serverHello, message.header.messageSeq, writeServerHello(hello), 9)
}

/** Diagnostics about refused messages, by FailureReason. */
function refusals(outputs: Output[]): (number | undefined)[] {
    return outputs.filter((o) => o.diagnostic === Diagnostic.refusedMessage).map((o) => o.detail)
}

function asked(outputs: Output[]): boolean {
    return outputs.some((output) => output.diagnostic === Diagnostic.keyMismatch)
}

/** Unprotected alerts on the wire. */
function alerts(s: Simulation): number[] {
    return s.log.flatMap((datagram) =>
        records(datagram)
            .filter(({ header }) => header.type === ContentType.alert && header.epoch === 0)
            .map(({ fragment: body }) => body.readUInt8(1)),
    )
}

/** Nothing arrives any more from now on. */
function alone(s: Simulation, until: number): void {
    s.fault = () => []
    s.run(until)
}

const brokenHellos: [string, (message: Message) => Buffer, FailureReason][] = [
    [
        "undecodable",
        ({ header }) => handshake(serverHello, header.messageSeq, Buffer.alloc(7)),
        FailureReason.decodeError,
    ],
    ["suite not offered", (m) => changed(m, (h) => (h.cipherSuite = 0x1301)), FailureReason.illegalParameter],
    ["compression", (m) => changed(m, (h) => (h.compressionMethod = 1)), FailureReason.illegalParameter],
    ["other version", (m) => changed(m, (h) => (h.version = 0xfeff)), FailureReason.nothingInCommon],
    [
        "extension not offered",
        (m) => changed(m, (h) => h.extensions.push({ type: 4711, data: Buffer.alloc(0) })),
        FailureReason.illegalParameter,
    ],
    [
        "renegotiation_info with data",
        (m) => changed(m, (h) => (h.extensions = [{ type: 0xff01, data: Buffer.from([1, 7]) }])),
        FailureReason.badRenegotiation,
    ],
]

describe("invalid unprotected handshake messages", () => {
    for (const [name, forge, reason] of brokenHellos)
        it(`[H09 part] [H10] a forged ServerHello (${name}) is set aside and reported at once; the genuine one connects`, () => {
            const { s, flight } = awaitingServerHello()
            s.toClient(forge(flight[0]))
            s.toClient(forge(flight[0]))
            s.drain()
            strictEqual(s.client.phase, AssociationPhase.handshaking)
            deepStrictEqual(refusals(s.clientOutputs), [reason])
            const { suite, serverRandom, extendedMasterSecret } = s.client.parameters
            deepStrictEqual([suite, serverRandom.length, extendedMasterSecret], [undefined, 0, false])
            s.toClient(s.log[SERVER_FLIGHT])
            s.drain()
            s.run(500)
            strictEqual(s.client.phase, AssociationPhase.connected)
            deepStrictEqual(alerts(s), [])
        })

    it("[H09 part] a ServerHello that stays invalid fails the handshake at the next timer, with exactly one alert", () => {
        for (const [name, forge, reason] of brokenHellos) {
            const { s, flight } = awaitingServerHello()
            s.toClient(forge(flight[0]))
            alone(s, 900)
            strictEqual(s.client.phase, AssociationPhase.handshaking, name)
            alone(s, 1200)
            strictEqual(s.client.failure?.reason, reason, name)
            deepStrictEqual(alerts(s), [s.client.failure?.alert], name)
        }
    })

    it("a refused ServerHello leaves no ALPN protocol behind", () => {
        const { s, flight } = awaitingServerHello((client) => (client.extensions = [new Alpn(["coap"], false)]))
        const names = Buffer.from("000504636f6170", "hex")
        s.toClient(
            changed(flight[0], (h) =>
                h.extensions.push({ type: 16, data: names }, { type: 4711, data: Buffer.alloc(0) }),
            ),
        )
        strictEqual((s.client.settings.extensions[0] as Alpn).selected, undefined)
    })

    it("a forged ServerKeyExchange, or a ServerHelloDone with a body, is set aside; the genuine flight connects", () => {
        for (const [type, body] of [
            [serverKeyExchange, Buffer.from("0300174104", "hex")],
            [serverHelloDone, Buffer.alloc(1)],
        ] as const) {
            const { s, flight } = awaitingServerHello()
            s.toClient(handshake(serverHello, flight[0].header.messageSeq, flight[0].body))
            s.toClient(handshake(type, flight[1].header.messageSeq, body, 9))
            s.drain()
            deepStrictEqual(refusals(s.clientOutputs), [FailureReason.decodeError])
            s.toClient(s.log[SERVER_FLIGHT])
            s.drain()
            s.run(500)
            strictEqual(s.client.phase, AssociationPhase.connected)
        }
    })

    it("an unreadable ClientKeyExchange is set aside: the genuine one connects; alone it fails at the server's next timer", () => {
        for (const isAlone of [false, true]) {
            const s = awaitingClientKeyExchange()
            s.toServer(handshake(clientKeyExchange, 2, Buffer.from([0, 5, 1]), 9))
            s.drain()
            strictEqual(s.serverAssociation().phase, AssociationPhase.handshaking)
            deepStrictEqual(refusals(s.serverOutputs), [FailureReason.decodeError])
            if (isAlone) alone(s, 1200)
            else {
                s.toServer(s.log[4])
                s.drain()
                s.run(500)
            }
            const { failure } = s.serverAssociation()
            strictEqual(failure?.reason, isAlone ? FailureReason.decodeError : undefined)
            strictEqual(s.client.phase, isAlone ? AssociationPhase.handshaking : AssociationPhase.connected)
            deepStrictEqual(alerts(s), isAlone ? [AlertDescription.decodeError] : [])
        }
    })

    it("a server that cannot serve a whole ClientHello with its cookie reports it at once, and so does a client without a key", () => {
        const s = simulate((client) => (client.suites = []))
        s.begin()
        strictEqual(s.client.failure?.reason, FailureReason.nothingInCommon)
        const t = simulate((_client, server) => (server.suites = []))
        t.begin()
        t.run(20)
        deepStrictEqual(alerts(t), [AlertDescription.handshakeFailure])
        const u = simulate()
        u.clientKey = Buffer.alloc(0)
        u.begin()
        u.run(50)
        strictEqual(u.client.failure?.reason, FailureReason.noCredentials)
    })

    it("[D07] endless HelloVerifyRequests hold a client up to its next timer, not longer", () => {
        const s = simulate()
        s.begin()
        for (let i = 0; i < 20; i++)
            s.toClient(handshake(helloVerifyRequest, 0, writeHelloVerifyRequest(Buffer.alloc(20, i))))
        s.drain()
        deepStrictEqual(refusals(s.clientOutputs), [FailureReason.badCookie])
        s.run(3000)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[D07] when only HelloVerifyRequests arrive, the handshake ends at its deadline and gives them as the reason", () => {
        const s = simulate()
        s.fault = () => []
        s.begin()
        for (let i = 0; s.client.failure === undefined && i < 10000; i++) {
            s.toClient(handshake(helloVerifyRequest, 0, writeHelloVerifyRequest(Buffer.from(`${i}`))))
            s.drain()
            s.run(s.now + 50)
            s.now += 50
        }
        strictEqual(s.client.failure?.reason, FailureReason.badCookie)
        ok(s.sent <= 9 * 70, `${s.sent} hellos in 64 s`)
    })

    it("[D07] an empty cookie is invalid: reported at once, without another hello, and the genuine cookie is followed", () => {
        const s = simulate()
        s.begin()
        const sent = s.sent
        s.toClient(handshake(helloVerifyRequest, 0, writeHelloVerifyRequest(Buffer.alloc(0))))
        s.drain()
        strictEqual(s.sent, sent)
        deepStrictEqual(refusals(s.clientOutputs), [FailureReason.decodeError])
        s.run(500)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })
})

describe("floods of unprotected alerts and messages during a handshake", () => {
    const alert = (level: number, description: number, sequence: number): Buffer =>
        record(ContentType.alert, 0, 500 + sequence, Buffer.from([level, description]))
    const diagnostics = (outputs: Output[], which: Diagnostic): number =>
        outputs.filter(({ diagnostic }) => diagnostic === which).length

    it("of a thousand warnings of ten kinds each side reports the first, counts the others, and connects", () => {
        const s = simulate()
        s.fault = (index, toServer) => {
            // Before the answer to the second hello arrives, and before the client's last flight does.
            if (index === SERVER_FLIGHT || index === SERVER_FLIGHT + 1)
                for (let i = 0; i < 1000; i++)
                    if (toServer) s.toServer(alert(1, 90 + (i % 10), i))
                    else s.toClient(alert(1, 90 + (i % 10), i))
            return [5]
        }
        s.begin()
        s.run(500)
        for (const [association, outputs] of [
            [s.client, s.clientOutputs],
            [s.serverAssociation(), s.serverOutputs],
        ] as const) {
            strictEqual(association.phase, AssociationPhase.connected)
            strictEqual(diagnostics(outputs, Diagnostic.warningAlert), 1)
            strictEqual(drops(association)["unprotected"], 999)
        }
    })

    it("each handshake reports its own first warning", () => {
        const s = simulate()
        for (let handshakes = 0; handshakes < 2; handshakes++) {
            s.rebootClient()
            s.begin()
            s.toClient(alert(1, 90, 1))
            s.toClient(alert(1, 90, 2))
            s.run(s.now + 500)
            strictEqual(diagnostics(s.clientOutputs, Diagnostic.warningAlert), 1)
        }
    })

    it("alternating fatal alerts and invalid messages are reported a few times, and the handshake still fails with the last", () => {
        const { s, flight } = awaitingServerHello()
        for (let i = 0; i < 500; i++) {
            s.toClient(alert(2, i % 2 === 0 ? AlertDescription.handshakeFailure : AlertDescription.decodeError, i))
            s.toClient(changed(flight[0], (hello) => (hello.cipherSuite = 0x1301)))
        }
        s.toClient(alert(2, AlertDescription.handshakeFailure, 1000))
        s.drain()
        const told = [Diagnostic.unprotectedAlert, Diagnostic.refusedMessage].map((which) =>
            diagnostics(s.clientOutputs, which),
        )
        strictEqual(told[0] + told[1], 4)
        alone(s, 5000)
        deepStrictEqual(
            [s.client.failure?.reason, s.client.failure?.alert],
            [FailureReason.peerAlert, AlertDescription.handshakeFailure],
        )
    })
})

describe("messages that can never fit", () => {
    const atClient: [string, number, number, FailureReason][] = [
        ["a Certificate", certificate, 40, FailureReason.certificateUnsupported],
        ["a Certificate too large to be kept", certificate, 3000, FailureReason.certificateUnsupported],
        ["a CertificateRequest", certificateRequest, 8, FailureReason.certificateUnsupported],
        ["a ServerHelloDone first", serverHelloDone, 0, FailureReason.unexpectedMessage],
    ]
    for (const [name, type, length, reason] of atClient)
        it(`[H01] [H24 part] ${name} is reported at once, and is the reason at the next timer; the genuine flight connects`, () => {
            for (const isAlone of [false, true]) {
                const { s, flight } = awaitingServerHello((client) => (client.limits = mcuLimits()))
                // Certificates come after the ServerHello.
                if (type !== serverHelloDone) s.toClient(handshake(serverHello, 1, flight[0].body))
                const header = { type, messageSeq: type === serverHelloDone ? 1 : 2, length }
                const first = Math.min(length, 1200)
                s.toClient(
                    record(
                        ContentType.handshake,
                        0,
                        9,
                        fragment({ ...header, fragmentLength: first }, Buffer.alloc(first)),
                    ),
                )
                s.drain()
                deepStrictEqual(refusals(s.clientOutputs), [reason])
                strictEqual(s.client.phase, AssociationPhase.handshaking)
                if (!isAlone) s.toClient(s.log[SERVER_FLIGHT])
                if (isAlone) alone(s, 1200)
                else s.run(500)
                strictEqual(s.client.failure?.reason, isAlone ? reason : undefined)
                deepStrictEqual(alerts(s), isAlone ? [AlertDescription.unexpectedMessage] : [])
            }
        })

    it("[H01] a Certificate in place of the ClientKeyExchange is reported at once; the client may still retransmit the genuine one", () => {
        const s = awaitingClientKeyExchange()
        s.toServer(handshake(certificate, 2, Buffer.alloc(40), 9))
        s.drain()
        deepStrictEqual(refusals(s.serverOutputs), [FailureReason.certificateUnsupported])
        // The client's timer expires a little after the server's, so retransmissions come after that.
        s.run(5000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        const t = awaitingClientKeyExchange()
        t.toServer(handshake(certificate, 2, Buffer.alloc(40), 9))
        alone(t, 70000)
        strictEqual(t.serverAssociation().failure?.reason, FailureReason.certificateUnsupported)
        deepStrictEqual(alerts(t), [AlertDescription.unexpectedMessage])
    })
})

describe("the suspicion of different keys", () => {
    /** A client that has sent its Finished; the answer is lost. */
    function awaitingFinished(): { s: Simulation; flight: Message[] } {
        const s = simulate()
        s.fault = (index) => (index < 5 ? [5] : [])
        s.begin()
        s.run(100)
        return { s, flight: messages(s.log[SERVER_FLIGHT]) }
    }

    it("is not raised by HelloRequests, whatever their message_seq", () => {
        const { s } = awaitingFinished()
        for (let messageSeq = 0; messageSeq < 6; messageSeq++)
            for (let i = 0; i < 4; i++) s.toClient(handshake(helloRequest, messageSeq, Buffer.alloc(0), 9))
        s.drain()
        ok(!asked(s.clientOutputs))
        strictEqual(s.client.counters.total(), 24)
    })

    it("is not raised by retransmissions that anyone can forge: ServerHelloDone, or a ServerHello with another random", () => {
        const { s, flight } = awaitingFinished()
        const done = flight[flight.length - 1]
        for (let i = 0; i < 10; i++) {
            s.toClient(handshake(serverHelloDone, done.header.messageSeq, Buffer.alloc(0), 9))
            s.toClient(changed(flight[0], (h) => (h.random = Buffer.alloc(32, 7))))
            s.toClient(record(ContentType.applicationData, 1, 9, Buffer.alloc(3)))
        }
        s.drain()
        ok(!asked(s.clientOutputs))
    })

    it("is raised, once, when the server's whole flight is retransmitted twice", () => {
        const { s } = awaitingFinished()
        for (let i = 0; i < 5; i++) {
            strictEqual(asked(s.clientOutputs), i >= 2)
            s.toClient(s.log[SERVER_FLIGHT])
            s.drain()
        }
        strictEqual(s.clientOutputs.filter((o) => o.diagnostic === Diagnostic.keyMismatch).length, 1)
        strictEqual(s.clientOutputs.filter((o) => o.kind === OutputKind.failed).length, 0)
    })
})
