import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { AlertDescription, ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, drops, picture, simulate } from "../../support/connected.js"
import { fragment, handshake, messages, record, records } from "../../support/wire.js"

/** Every HandshakeType of the registry that TLS or DTLS ever used, and some unassigned ones. */
const TYPES = [0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 67, 200, 254, 255]

/** Messages that are allowed when `expecting` is the next mandatory one. */
function successors(expecting: number): number[] {
    if (expecting === HandshakeType.serverHello) return [HandshakeType.helloVerifyRequest, HandshakeType.serverHello]
    if (expecting === HandshakeType.serverHelloDone)
        return [HandshakeType.serverKeyExchange, HandshakeType.serverHelloDone]
    return [expecting]
}

/** A handshake in which each record arrives separately; `before` is called first. */
function stepByStep(before: (s: Simulation, toServer: boolean, step: number) => void): Simulation {
    const s = simulate()
    let step = 0
    let sent = 0
    s.fault = (_index, toServer, data) => {
        // Retransmissions pass unchanged.
        if (++sent > 6) return [5]
        for (const { bytes } of records(data)) {
            before(s, toServer, step++)
            if (toServer) s.toServer(bytes)
            else s.toClient(bytes)
            s.drain()
        }
        return []
    }
    s.begin()
    s.run(60000)
    return s
}

/**
 * Hello, HelloVerifyRequest, hello, ServerHello and ServerHelloDone, three records of the client's last flight, two of
 * the server's.
 */
const STEPS = 10

function receiver(s: Simulation, toServer: boolean): Association | undefined {
    return toServer ? s.peer?.association : s.client
}

describe("the grammar of a handshake", () => {
    it("[H01] every message at every state of both sides: only the grammar's successor advances, and the genuine one still does", () => {
        let tried = 0
        for (let at = 0; at < STEPS; at++)
            for (const type of TYPES) {
                const s = stepByStep((s, toServer, step) => {
                    const side = receiver(s, toServer)
                    if (step !== at || side === undefined) return
                    const expecting = side.expecting()
                    if (successors(expecting).includes(type)) return
                    tried++
                    const forged = handshake(type, side.snapshot().nextSeq, Buffer.alloc(5), 100)
                    if (toServer) s.toServer(forged)
                    else s.toClient(forged)
                    strictEqual(side.expecting(), expecting, `type ${type} before step ${at}`)
                    strictEqual(side.phase, AssociationPhase.handshaking)
                })
                strictEqual(s.client.phase, AssociationPhase.connected, `type ${type} before step ${at}`)
                strictEqual(s.serverAssociation().phase, AssociationPhase.connected, `type ${type} before step ${at}`)
            }
        ok(tried > 8 * (TYPES.length - 3), `${tried} messages tried`)
    })

    const { certificateUnsupported, unexpectedMessage } = FailureReason

    it("[H01] an authentic message in place of the Finished is unexpected_message, on both sides", () => {
        for (const toServer of [true, false])
            for (const type of TYPES) {
                if (type === HandshakeType.finished || type === HandshakeType.helloRequest) continue
                const s = stepByStep((s, there, step) => {
                    if (there !== toServer || step !== (toServer ? 7 : 9)) return
                    const sender = toServer ? s.client : s.serverAssociation()
                    const side = receiver(s, toServer) as Association
                    strictEqual(side.expecting(), HandshakeType.finished)
                    const body = fragment({ type, messageSeq: side.snapshot().nextSeq }, Buffer.alloc(12))
                    const datagram = sender.record.write.seal(ContentType.handshake, body, true) as Buffer
                    if (toServer) s.toServer(datagram)
                    else s.toClient(datagram)
                })
                const { failure } = receiver(s, toServer) as Association
                const certificates = type === HandshakeType.certificate || type === HandshakeType.certificateRequest
                deepStrictEqual(
                    [failure?.reason, failure?.alert, failure?.expecting],
                    [
                        certificates ? certificateUnsupported : unexpectedMessage,
                        AlertDescription.unexpectedMessage,
                        HandshakeType.finished,
                    ],
                    `type ${type}`,
                )
            }
    })

    it("[H01] after the handshake an unprotected message of any type changes nothing", () => {
        const s = connected()
        for (const side of [s.client, s.serverAssociation()])
            for (const type of TYPES) {
                const before = picture(side)
                const forged = handshake(type, 3 + (type & 3), Buffer.alloc(5), 100)
                if (side === s.client) s.toClient(forged)
                else s.toServer(forged)
                s.drain()
                strictEqual(picture(side), before, `type ${type}`)
            }
    })

    it("[R16] unprotected records of every type are discarded once keys are active, on both sides", () => {
        const s = connected()
        const sent = s.sent
        for (const side of [s.client, s.serverAssociation()]) {
            const before = picture(side)
            for (let type = 0; type < 256; type++) {
                const forged = record(type, 0, 100 + type, Buffer.from([2, 40]))
                if (side === s.client) s.toClient(forged)
                else s.toServer(forged)
            }
            for (const body of [[1, 0], [2, 0], [1]]) {
                const alert = record(ContentType.alert, 0, 400, Buffer.from(body))
                if (side === s.client) s.toClient(alert)
                else s.toServer(alert)
            }
            s.drain()
            strictEqual(picture(side), before)
            ok((drops(side)["unprotected"] ?? 0) >= 5)
        }
        strictEqual(s.sent, sent)
    })

    it("[R16] unprotected records are discarded from the keys' activation on, not only from the end of the handshake", () => {
        const s = stepByStep((s, toServer, step) => {
            const side = receiver(s, toServer)
            // Between ChangeCipherSpec and Finished.
            if (side === undefined || (step !== 7 && step !== 9)) return
            const before = picture(side)
            for (const type of [ContentType.alert, ContentType.changeCipherSpec, ContentType.applicationData]) {
                const forged = record(type, 0, 200, Buffer.from([2, 40].slice(type === 20 ? 1 : 0)))
                if (toServer) s.toServer(forged)
                else s.toClient(forged)
            }
            strictEqual(picture(side), before)
        })
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F13] a ChangeCipherSpec inside a partly received message changes no keys before that message is complete", () => {
        const s = simulate()
        s.fault = (index, _toServer, data) => {
            if (index !== 4) return [5]
            const [exchange, ccs, finished] = records(data)
            const { header, body } = messages(exchange.bytes)[0]
            const part = (from: number, to: number): Buffer => {
                const piece = { ...header, fragmentOffset: from, fragmentLength: to - from }
                return record(ContentType.handshake, 0, 50 + from, fragment(piece, body.subarray(from, to)))
            }
            s.toServer(part(0, 4))
            s.toServer(ccs.bytes)
            s.drain()
            strictEqual(s.serverAssociation().record.readEpoch(), 0)
            s.toServer(finished.bytes)
            s.toServer(part(4, body.length))
            return []
        }
        s.begin()
        s.run(500)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[F13] a Finished whose fragments are under different keys is not reassembled", () => {
        const s = simulate()
        s.fault = (index, _toServer, data) => {
            if (index !== 4) return [5]
            const [exchange, ccs, finished] = records(data)
            const half = { type: 20, messageSeq: 3, length: 12, fragmentOffset: 0, fragmentLength: 6 }
            s.toServer(exchange.bytes)
            s.toServer(record(ContentType.handshake, 0, 60, fragment(half, Buffer.alloc(6))))
            s.toServer(ccs.bytes)
            s.drain()
            strictEqual(s.serverAssociation().snapshot().inboxBytes, 0)
            s.toServer(finished.bytes)
            return []
        }
        s.begin()
        s.run(500)
        strictEqual(s.client.phase, AssociationPhase.connected)
    })

    it("[H15] a server that requires extended master secret refuses a hello without it", () => {
        const s = simulate((_client, server) => (server.requireExtendedMasterSecret = true))
        s.fault = () => []
        s.begin()
        const hello = readClientHello(messages(s.log[0])[0].body)!
        hello.extensions = []
        s.toServer(handshake(HandshakeType.clientHello, 0, writeClientHello(hello)))
        s.drain()
        hello.cookie = Buffer.from(messages(s.log[s.sent - 1])[0].body.subarray(3))
        s.toServer(handshake(HandshakeType.clientHello, 1, writeClientHello(hello), 1))
        s.drain()
        const { failure } = s.serverAssociation()
        strictEqual(failure?.reason, FailureReason.extendedMasterSecretRequired)
        strictEqual(failure.alert, AlertDescription.handshakeFailure)
    })
})
