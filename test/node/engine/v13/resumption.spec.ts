import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { Alpn } from "../../../../src/dtls/handshake/alpn.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { AuthenticationMode } from "../../../../src/dtls/handshake/key-exchange.js"
import { QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { serverName } from "../../../../src/dtls/handshake/server-name.js"
import { TicketKeys } from "../../../../src/dtls/handshake/ticket-keys.js"
import { writeSession } from "../../../../src/dtls/handshake/v12/session.js"
import { x509Only } from "../../../../src/dtls/key-exchange/certificate-types.js"
import { certificates } from "../../../../src/dtls/key-exchange/v13/certificates.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../../src/dtls/wire/code-points.js"
import { readClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { findExtension } from "../../../../src/dtls/wire/extensions.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { writeNewSessionTicketV13 } from "../../../../src/dtls/wire/v13/new-session-ticket.js"
import {
    NEW_SESSION_TICKET,
    PRE_SHARED_KEY,
    PSK_KEY_EXCHANGE_MODES,
} from "../../../../src/dtls/wire/v13/code-points.js"
import { type OfferedPsk, readOfferedPsks } from "../../../../src/dtls/wire/v13/extensions.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { IDENTITY, testKey } from "../../../engine/simulation.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { HOUR } from "../../../support/resumable.js"
import { messages } from "../../../support/wire.js"
import { CertifiedSide } from "./certified.js"
import { answersOf, ResumableV13 } from "./resumable.js"
import { isSettled } from "./versions.js"

/** Checks that both sides are connected, in this kind of handshake, and exchanges a message in each direction. */
async function goesOn(s: KeyedSimulation, resumed: boolean): Promise<void> {
    strictEqual(s.client.failure, undefined, JSON.stringify(s.client.failure))
    ok(isSettled(s))
    deepStrictEqual([s.client.parameters.resumed, s.serverAssociation().parameters.resumed], [resumed, resumed])
    s.clientSends("up")
    s.serverSends("down")
    await s.runTo(s.now + 20)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
}

/** A pair after one full handshake, in which the client has got a ticket. */
async function afterFirst(cached = false): Promise<ResumableV13> {
    const pair = new ResumableV13(cached)
    await goesOn(await pair.connect(), false)
    strictEqual(pair.kept().length, 1)
    return pair
}

/** The identities and modes in the client's last hello. */
function offers(s: KeyedSimulation): { psks: OfferedPsk[]; modes: Buffer | undefined } {
    const hellos = s.log
        .filter((datagram) => datagram[0] === ContentType.handshake && datagram[13] === HandshakeType.clientHello)
        .flatMap((datagram) => messages(datagram))
    const hello = readClientHello(hellos[hellos.length - 1].body)
    ok(hello !== undefined)
    const psks = readOfferedPsks(findExtension(hello.extensions, PRE_SHARED_KEY) ?? Buffer.alloc(0))
    return { psks: psks ?? [], modes: findExtension(hello.extensions, PSK_KEY_EXCHANGE_MODES) }
}

describe("resumption in DTLS 1.3", () => {
    it("uses a ticket, offered beside the identity and with psk_dhe_ke only; keys are new", async () => {
        const pair = await afterFirst()
        const [{ ticket, ageAdd }] = pair.kept()
        pair.clock += 5000
        const s = await pair.connect()
        const { psks, modes } = offers(s)
        deepStrictEqual(
            psks.map(({ identity, age }) => [identity.toString("hex"), age]),
            [
                [ticket.toString("hex"), (5000 + ageAdd) % 2 ** 32],
                [Buffer.from(IDENTITY).toString("hex"), 0],
            ],
        )
        deepStrictEqual(modes, Buffer.from([1, 1]))
        strictEqual(
            s.asked.filter((kind) => kind === QuestionKind.psk).length,
            1,
            "whether the identity is still known",
        )
        await goesOn(s, true)
        strictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
        const keys = [s.client, s.serverAssociation(), (await pair.connect()).client].map((one) =>
            one.exportKeyingMaterial("EXPORTER-test", undefined, 32),
        )
        deepStrictEqual(keys[0], keys[1])
        notDeepStrictEqual(keys[0], keys[2])
    })

    it("works again and again, with another ticket each time", async () => {
        const pair = await afterFirst()
        const seen = new Set<string>()
        for (let i = 0; i < 4; i++) {
            const [{ ticket }] = pair.kept()
            seen.add(ticket.toString("hex"))
            await goesOn(await pair.connect(), true)
        }
        strictEqual(seen.size, 4)
    })

    it("a ticket is offered once, even when the handshake fails (RFC 8446 appendix C.4)", async () => {
        const pair = await afterFirst()
        const s = pair.simulate()
        s.fault = () => []
        await s.shakeHands(100000)
        strictEqual(s.client.failure?.reason, FailureReason.timeout)
        strictEqual(pair.kept().length, 0)
        await goesOn(await pair.connect(), false)
    })

    it("a client accepts four tickets of a connection and keeps four, and uses the newest first", async () => {
        const pair = await afterFirst()
        const [first] = pair.kept()
        pair.keep([1, 2, 3, 4].map((n) => ({ ...first, ticket: Buffer.from([n]) })))
        const s = await pair.connect()
        deepStrictEqual(s.client.parameters.resumed, false)
        deepStrictEqual(offers(s).psks[0].identity, Buffer.from([4]))
        deepStrictEqual(
            pair.kept().map(({ ticket }) => ticket.length < 2 && ticket[0]),
            [1, 2, 3, false],
        )
    })

    it("secrets and keys are erased when they are not in use", async () => {
        const pair = new ResumableV13()
        for (const resumed of [false, true]) {
            const s = await pair.connect()
            await goesOn(s, resumed)
            s.client.drop(FailureReason.closedLocally)
            s.serverAssociation().drop(FailureReason.closedLocally)
        }
        for (const secret of pair.crypto.secrets) {
            const isPsk = secret.toString("hex") === testKey().toString("hex")
            ok(isPsk || secret.every((byte) => byte === 0), "a key that is not erased")
        }
    })

    it("a malformed NewSessionTicket ends the association with decode_error; a client's with unexpected_message", async () => {
        const later = async (fromClient: boolean, body: Buffer): Promise<AlertDescription | undefined> => {
            const s = await new ResumableV13().connect()
            const [sender, receiver] = fromClient
                ? [s.client, s.serverAssociation()]
                : [s.serverAssociation(), s.client]
            const write = sender.record.writeEpoch(3)
            ok(write?.protection !== undefined)
            const message = wholeMessage(NEW_SESSION_TICKET, receiver.snapshot().nextSeq, body)
            const datagram = write.protection.sealRecords(ContentType.handshake, write.nextSequence++, [message], true)
            if (fromClient) s.toServer(datagram)
            else s.toClient(datagram)
            s.drain()
            return receiver.failure?.alert
        }
        const whole = writeNewSessionTicketV13({
            lifetime: 9,
            ageAdd: 9,
            nonce: Buffer.alloc(1),
            ticket: Buffer.alloc(9),
        })
        for (const body of [whole.subarray(2), whole.subarray(0, -2), Buffer.concat([whole, Buffer.alloc(1)])])
            strictEqual(await later(false, body), AlertDescription.decodeError)
        strictEqual(await later(false, whole), undefined)
        strictEqual(await later(true, whole), AlertDescription.unexpectedMessage)
    })

    it("a ticket is issued only where both sides support psk_dhe_ke, and said so", async () => {
        const pair = new ResumableV13()
        await goesOn(await pair.connect((client) => client.extensions.shift()), false)
        strictEqual(pair.kept().length, 0)
        await goesOn(await pair.connect((client) => client.extensions.pop()), false)
        strictEqual(pair.kept().length, 0)
    })

    it("[V25] a changed key is noticed: a client with the old one gets a full handshake, which fails", async () => {
        for (const isCached of [false, true]) {
            const pair = await afterFirst(isCached)
            // A ticket of a resumed handshake can be used in the same way.
            await goesOn(await pair.connect(), true)
            pair.serverAnswers = answersOf(IDENTITY, Buffer.alloc(16, 77))
            const s = await pair.connect()
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.keyMismatch)
            strictEqual(s.serverAssociation().parameters.resumed, false)
        }
    })

    describe("what leads to a full handshake without an alert", () => {
        const cases: Record<string, (pair: ResumableV13) => void> = {
            "a ticket that the client knows to be too old": (pair) => (pair.clock += HOUR),
            "a ticket that is too old, by the server's clock": (pair) => {
                pair.clock += HOUR
                pair.lag = HOUR
            },
            "a forged ticket": (pair) => pair.change(({ ticket }) => (ticket[ticket.length - 1] ^= 1)),
            "a ticket of another server": (pair) => (pair.options.keys = new TicketKeys(pair.crypto, () => 0, HOUR)),
            "a suite that is no longer known, nor its hash": (pair) => pair.reseal((s) => (s.suite = 0x1302)),
            "a ticket for another server name": (pair) => pair.reseal((s) => (s.serverName = "a.example")),
            "a ticket for another protocol": (pair) => pair.reseal((s) => (s.protocol = "coap")),
            "a pre-shared key that was changed on both sides": (pair) => {
                pair.clientAnswers = answersOf(IDENTITY, Buffer.alloc(16, 77))
                pair.serverAnswers = answersOf(IDENTITY, Buffer.alloc(16, 77))
            },
            "an identity that is no longer known": (pair) => pair.reseal((s) => (s.identity = Buffer.from("x"))),
            "a session of DTLS 1.2 with its master secret": (pair) =>
                pair.change((session) => {
                    const secret = Buffer.alloc(48)
                    const older = { ...session, secret, id: Buffer.alloc(0), ticket: Buffer.alloc(0) }
                    const marked = Buffer.concat([Buffer.alloc(16), writeSession(older)])
                    session.ticket = (pair.options.keys as TicketKeys).seal(marked)
                }),
        }
        for (const [name, change] of Object.entries(cases))
            it(`[V25] [H18] ${name}; the next one is resumed`, async () => {
                const pair = await afterFirst()
                change(pair)
                await goesOn(await pair.connect(), false)
                await goesOn(await pair.connect(), true)
            })

        it("[V25] a ticket of the cache that is replayed", async () => {
            const pair = await afterFirst(true)
            const sessions = pair.kept()
            await goesOn(await pair.connect(), true)
            pair.keep(sessions)
            await goesOn(await pair.connect(), false)
        })

        it("another server name, another protocol than in the full handshake", async () => {
            const pair = new ResumableV13()
            const connect = (name: string, protocol: string): Promise<KeyedSimulation> =>
                pair.connect((client, server) => {
                    client.extensions.push(serverName(name)(), new Alpn([protocol], false))
                    server.extensions = [serverName("")(), new Alpn(["a", "b"], false)]
                })
            await goesOn(await connect("a.example", "a"), false)
            await goesOn(await connect("b.example", "a"), false)
            await goesOn(await connect("b.example", "a"), true)
            await goesOn(await connect("b.example", "b"), false)
            await goesOn(await connect("b.example", "b"), true)
        })
    })

    it("[V25] a sealed ticket that is replayed resumes again, with new keys: the replaying side needs its key", async () => {
        const pair = await afterFirst()
        const sessions = pair.kept()
        await goesOn(await pair.connect(), true)
        pair.keep(sessions)
        await goesOn(await pair.connect(), true)
        sessions[0].secret[0] ^= 1
        pair.keep(sessions)
        const s = pair.simulate()
        await s.shakeHands(3000)
        strictEqual(s.client.failure?.alert, AlertDescription.decryptError)
    })

    it("a wrong binder ends the handshake with decrypt_error on both sides, and the next one is a full one", async () => {
        for (const cached of [false, true]) {
            const pair = await afterFirst(cached)
            pair.change(({ secret }) => (secret[0] ^= 1))
            const s = pair.simulate()
            await s.shakeHands(3000)
            strictEqual(s.client.failure?.reason, FailureReason.peerAlert)
            strictEqual(s.client.failure.alert, AlertDescription.decryptError)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.keyMismatch)
            await goesOn(await pair.connect(), false)
        }
    })

    it("renewed tickets do not extend a session's lifetime, which counts from the full handshake", async () => {
        const pair = await afterFirst()
        for (const minutes of [20, 40]) {
            pair.clock += HOUR / 3
            await goesOn(await pair.connect(), true)
            strictEqual(pair.kept()[0].lifetime, HOUR - minutes * 60000)
        }
        pair.clock += HOUR / 3
        await goesOn(await pair.connect(), false)
    })

    it("servers with the same keys accept each other's tickets; one of the previous key is accepted, one of an older key is not", async () => {
        const pair = new ResumableV13()
        const keys = [7, 8, 9, 10].map((n) => Buffer.alloc(32, n))
        const givenTo = async (given: Buffer[], resumed: boolean): Promise<void> => {
            pair.options.keys = new TicketKeys(pair.crypto, pair.options.clock, HOUR)
            pair.options.keys.setKeys(given)
            await goesOn(await pair.connect(), resumed)
        }
        await givenTo([keys[0]], false)
        await givenTo([keys[0]], true)
        await givenTo([keys[1], keys[0]], true)
        await givenTo([keys[3], keys[2]], false)
    })

    it("of several identities a server picks the first that it knows; when it knows none it sends decrypt_error", async () => {
        const pair = await afterFirst()
        pair.serverAnswers = answersOf("somebody else")
        const s = await pair.connect()
        strictEqual(
            s.asked.filter((kind) => kind === QuestionKind.psk).length,
            2,
            "that of the ticket, and that beside it",
        )
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.keyMismatch)
        strictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
    })

    it("a server without resumption uses the identity beside an unknown ticket", async () => {
        const pair = await afterFirst()
        pair.options = { ...pair.options, keys: undefined }
        const s = await pair.connect()
        await goesOn(s, false)
        strictEqual(pair.kept().length, 0, "nor does it give a new one")
    })

    describe("with certificates on both sides", () => {
        const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]

        /** @param mode whether clients are asked for a certificate */
        function connect(pair: ResumableV13, mode = AuthenticationMode.required): Promise<KeyedSimulation> {
            return pair.connect((ofClient, ofServer) => {
                ofClient.extensions.push(certificates(new NodeKeys(), x509Only())(pair.crypto))
                ofServer.extensions = [certificates(new NodeKeys(), x509Only())(pair.crypto)]
                ofServer.authenticationMode = mode
            })
        }

        async function certifiedPair(mode?: AuthenticationMode): Promise<ResumableV13> {
            const pair = new ResumableV13(true)
            pair.clientAnswers = client.knows(server)
            pair.serverAnswers = server.knows(client)
            await goesOn(await connect(pair, mode), false)
            return pair
        }

        it("each side judges again what the other had presented, and nothing is signed", async () => {
            const pair = await certifiedPair()
            for (let i = 0; i < 2; i++) {
                const s = await connect(pair)
                deepStrictEqual(
                    s.asked.filter(
                        (kind) => kind === QuestionKind.peerCertificate || kind === QuestionKind.certificate,
                    ),
                    [QuestionKind.peerCertificate, QuestionKind.peerCertificate],
                )
                deepStrictEqual(offers(s).psks.length, 1)
                await goesOn(s, true)
                for (const one of [s.client, s.serverAssociation()])
                    strictEqual(one.parameters.peerCertificate?.certificates.length, 2)
            }
        })

        it("[V25] whose client is no longer known: a full handshake, which fails there", async () => {
            const pair = await certifiedPair()
            pair.serverAnswers = server.knows(new CertifiedSide(true))
            const s = await connect(pair)
            strictEqual(s.serverAssociation().parameters.resumed, false)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.certificateRefused)
        })

        it("whose server is no longer known: it is refused", async () => {
            const pair = await certifiedPair()
            pair.clientAnswers = client.knows(new CertifiedSide(true))
            const s = await connect(pair)
            strictEqual(s.client.failure?.reason, FailureReason.certificateRefused)
        })

        it("a session without a client's certificate is not resumed by a server that asks for one", async () => {
            const pair = await certifiedPair(AuthenticationMode.none)
            await goesOn(await connect(pair, AuthenticationMode.none), true)
            await goesOn(await connect(pair), false)
            await goesOn(await connect(pair), true)
        })
    })

    describe("a lossy link", () => {
        it("[F14] [F15] each datagram lost, and each pair, until the ticket is acknowledged: resumed, with a new ticket", async () => {
            const undisturbed = await (await afterFirst()).connect()
            await undisturbed.runTo(5000)
            const { sent } = undisturbed
            for (let first = 0; first < sent; first++)
                for (let second = first; second < sent + 2; second++) {
                    const pair = await afterFirst()
                    const s = pair.simulate()
                    s.fault = (index) => (index === first || index === second ? [] : [5])
                    await s.shakeHands(9000)
                    s.fault = () => [5]
                    strictEqual(pair.kept().length, 1, `datagrams ${first} and ${second} lost`)
                    await goesOn(s, true)
                }
        })

        it("[V16] a retransmitted ticket is acknowledged again, and kept once", async () => {
            const pair = new ResumableV13()
            const s = pair.simulate()
            let acknowledgements = 0
            s.fault = (index, toServer) => {
                if (!toServer || s.client.phase !== AssociationPhase.connected || pair.kept().length === 0) return [5]
                acknowledgements++
                return acknowledgements < 3 ? [] : [5]
            }
            await s.shakeHands(20000)
            strictEqual(acknowledgements, 3)
            strictEqual(pair.kept().length, 1)
            await goesOn(s, false)
        })

        it("a client that sleeps after its handshake: the association survives, and the ticket arrives when it is awake", async () => {
            const pair = new ResumableV13()
            const s = pair.simulate()
            let asleep = true
            let afterwards = 0
            s.fault = (_index, toServer) => {
                if (s.peer?.association.phase === AssociationPhase.connected && !toServer) afterwards++
                // The first one acknowledges the client's Finished.
                return asleep && !toServer && afterwards > 1 ? [] : [5]
            }
            await s.shakeHands(4 * HOUR)
            ok(afterwards > 4, "the ticket was sent again")
            strictEqual(pair.kept().length, 0)
            strictEqual(s.serverAssociation().failure, undefined)
            asleep = false
            s.now = 4 * HOUR
            s.clientSends("awake")
            await s.runTo(s.now + 100)
            deepStrictEqual(s.serverMessages, ["awake"])
            strictEqual(pair.kept().length, 1)
        })
    })
})
