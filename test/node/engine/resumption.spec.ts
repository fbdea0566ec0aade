import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { OutputKind } from "../../../src/dtls/association/output.js"
import { ConnectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { serverName } from "../../../src/dtls/handshake/server-name.js"
import { readSession, writeSession } from "../../../src/dtls/handshake/v12/session.js"
import { TicketKeys } from "../../../src/dtls/handshake/ticket-keys.js"
import { TLS_PSK_WITH_AES_128_CCM_8, TLS_PSK_WITH_AES_128_GCM_SHA256 } from "../../../src/dtls/key-exchange/suites.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { readClientHello, writeClientHello } from "../../../src/dtls/wire/client-hello.js"
import { readServerHello, writeServerHello } from "../../../src/dtls/wire/server-hello.js"
import { countOf, IDENTITY, Simulation, testKey } from "../../engine/simulation.js"
import { HOUR, Resumable } from "../../support/resumable.js"
import { handshake, messages, records } from "../../support/wire.js"
import { ABBREVIATED, WAYS, afterFirst, goesOn, isConnected, sentOf } from "../../support/resumed-handshakes.js"

/** Modifies unprotected messages of one kind on their way. */
function rewriting(s: Simulation, type: HandshakeType, change: (body: Buffer) => Buffer): void {
    s.fault = (_index, toServer, data) => {
        const [message] = messages(data)
        if (message?.header.type !== type) return [5]
        const first = handshake(type, message.header.messageSeq, change(message.body), records(data)[0].header.sequence)
        const rest = records(data)
            .slice(1)
            .map(({ bytes }) => bytes)
        const changed = Buffer.concat([first, ...rest])
        // Delivered here, because the link would deliver the original.
        if (toServer) s.toServer(changed)
        else s.toClient(changed)
        return []
    }
}

function helloWithout(type: ExtensionType): (body: Buffer) => Buffer {
    return (body) => {
        const hello = readClientHello(body)
        ok(hello !== undefined)
        return writeClientHello({ ...hello, extensions: hello.extensions.filter((one) => one.type !== type) })
    }
}

function helloWithId(sessionId: Buffer): (body: Buffer) => Buffer {
    return (body) => {
        const hello = readClientHello(body)
        ok(hello !== undefined)
        return writeClientHello({ ...hello, sessionId })
    }
}

/** Modifies the client's stored session. */
function changeStored(pair: Resumable, change: (session: NonNullable<ReturnType<typeof readSession>>) => void): void {
    const stored = pair.store.load("server")
    const session = stored && readSession(stored)
    ok(session !== undefined)
    change(session)
    pair.store.save("server", writeSession(session))
}

describe("session resumption", () => {
    for (const by of WAYS) {
        it(`by ${by}: the second handshake has two flights and one key lookup, and new keys`, () => {
            const pair = afterFirst(by)
            const [first, s] = [pair.simulate(), pair.connect()]
            first.client.drop(FailureReason.closedLocally)
            strictEqual(s.sent, ABBREVIATED)
            strictEqual(countOf(s.clientOutputs, OutputKind.question), 0)
            strictEqual(countOf(s.serverOutputs, OutputKind.question), 1, "whether the identity is still known")
            goesOn(s, true)
            deepStrictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
            const label = "EXPORTER-test"
            const exported = s.client.exportKeyingMaterial(label, undefined, 32)
            deepStrictEqual(exported, s.serverAssociation().exportKeyingMaterial(label, undefined, 32))
            notDeepStrictEqual(exported, pair.connect().client.exportKeyingMaterial(label, undefined, 32))
        })

        it(`by ${by}: again and again, with one full handshake at the start`, () => {
            const pair = afterFirst(by)
            for (let i = 0; i < 5; i++) goesOn(pair.connect(), true)
        })

        it(`[H28 part] by ${by}: both sides have the same tls-unique, since the session has extended master secret`, () => {
            const s = afterFirst(by).connect()
            const { extendedMasterSecret, firstFinished } = s.client.parameters
            ok(extendedMasterSecret && s.serverAssociation().parameters.extendedMasterSecret)
            strictEqual(firstFinished.length, 12)
            deepStrictEqual(firstFinished, s.serverAssociation().parameters.firstFinished)
        })

        it(`[C09] by ${by}: connection ids are negotiated afresh`, () => {
            const pair = new Resumable(by)
            const ids = (client: number, server: number): Simulation =>
                pair.connect((ofClient, ofServer) => {
                    ofClient.extensions.push(new ConnectionIds(Buffer.from([client])))
                    ofServer.extensions = [new ConnectionIds(Buffer.from([server]))]
                })
            goesOn(ids(1, 2), false)
            const s = ids(3, 4)
            goesOn(s, true)
            const { readId, writeId } = s.client.snapshot()
            deepStrictEqual([readId, writeId], [Buffer.from([3]), Buffer.from([4])])
        })

        it(`by ${by}: master secrets and keys are erased when they are not in use`, () => {
            const pair = afterFirst(by)
            const s = pair.connect()
            for (const secret of pair.crypto.secrets) {
                const isPsk = secret.toString("hex") === s.clientKey.toString("hex")
                ok(isPsk || secret.every((byte) => byte === 0), "a key that is not erased")
            }
        })
    }

    describe("what leads to a full handshake without an alert", () => {
        for (const by of WAYS) {
            it(`[H18 part] by ${by}: a session that is too old`, () => {
                const pair = afterFirst(by)
                pair.clock += HOUR
                goesOn(pair.connect(), false)
                goesOn(pair.connect(), true)
            })

            it(`[H18 part] by ${by}: a suite that the client no longer offers, or the server no longer has`, () => {
                const pair = new Resumable(by)
                const both = [TLS_PSK_WITH_AES_128_GCM_SHA256(), TLS_PSK_WITH_AES_128_CCM_8()]
                goesOn(
                    pair.connect((client, server) => (client.suites = server.suites = both)),
                    false,
                )
                goesOn(
                    pair.connect((_client, server) => (server.suites = both)),
                    false,
                )
                // The suite is CCM_8 now.
                goesOn(
                    pair.connect((client) => (client.suites = both)),
                    true,
                )
                goesOn(
                    pair.connect((client, server) => {
                        client.suites = both
                        server.suites = [TLS_PSK_WITH_AES_128_GCM_SHA256()]
                    }),
                    false,
                )
            })

            it(`[H18 part] by ${by}: another server name (RFC 6066 §3)`, () => {
                const pair = new Resumable(by)
                const named = (name: string): Simulation =>
                    pair.connect((client) => client.extensions.push(serverName(name)()))
                goesOn(named("a.example"), false)
                goesOn(named("b.example"), false)
                goesOn(named("b.example"), true)
                goesOn(pair.connect(), false)
            })

            it(`by ${by}: an identity that the server no longer knows is refused as without a session`, () => {
                const pair = afterFirst(by)
                const s = pair.simulate()
                s.serverKey = undefined
                s.begin()
                s.run(100000)
                strictEqual(s.client.failure?.reason, FailureReason.keyMismatch)
                strictEqual(s.serverAssociation().parameters.resumed, false)
            })

            it(`by ${by}: a changed key; a client with the old one is refused as without a session`, () => {
                for (const clientKey of [testKey(), Buffer.alloc(16, 77)]) {
                    const pair = afterFirst(by)
                    goesOn(pair.connect(), true)
                    const s = pair.simulate()
                    s.serverKey = Buffer.alloc(16, 77)
                    s.clientKey = clientKey
                    s.connect()
                    if (clientKey.equals(s.serverKey)) goesOn(s, false)
                    else strictEqual(s.serverAssociation().parameters.resumed, false)
                    strictEqual(isConnected(s), clientKey.equals(s.serverKey))
                }
            })

            it(`by ${by}: a server without resumption; the client's session is deleted then`, () => {
                const pair = afterFirst(by)
                const [client, server] = pair.settings()
                Object.defineProperty(server, "extensions", { value: [], enumerable: true })
                const s = new Simulation(client, server)
                s.connect()
                goesOn(s, false)
                strictEqual(pair.store.count(), 0)
            })
        }

        it("[H18] an unknown id; a hello with one of 33 bytes is malformed (RFC 5246 §7.4.1.2)", () => {
            const pair = afterFirst("id")
            pair.cache.clear()
            goesOn(pair.connect(), false)
            const s = pair.simulate()
            rewriting(s, HandshakeType.clientHello, helloWithId(Buffer.alloc(33)))
            s.begin()
            s.run(100000)
            strictEqual(s.client.failure?.reason, FailureReason.timeout, "no reply to a hello that is none")
        })

        it("a ticket that is truncated, changed in any byte, too long, or another server's", () => {
            const pair = afterFirst("ticket")
            const { ticket } = readSession(pair.store.load("server") as Buffer) as { ticket: Buffer }
            const other = new TicketKeys(pair.crypto, pair.options.clock, HOUR)
            const wrong: Buffer[] = [0, 7, 8, 19, 20, ticket.length - 1].map((at) => {
                const changed = Buffer.from(ticket)
                changed[at] ^= 1
                return changed
            })
            wrong.push(Buffer.from([1]), ticket.subarray(0, 36), ticket.subarray(0, -1), Buffer.alloc(1100, 5))
            wrong.push(other.seal(writeSession(readSession(pair.store.load("server") as Buffer) as never)))
            for (const bytes of wrong) {
                changeStored(pair, (session) => (session.ticket = Buffer.from(bytes)))
                goesOn(pair.connect(), false)
            }
            goesOn(pair.connect(), true)
        })

        it("a ticket that is valid except for the server's name or the client's key; a new one replaces it (RFC 5077 §3.3)", () => {
            const changed = Buffer.alloc(16, 77)
            for (const [name, key] of [
                ["b.example", testKey()],
                ["a.example", changed],
            ] as const) {
                const pair = new Resumable("ticket")
                pair.options.cache = undefined
                const connectAs = (named: string, ofBoth: Buffer): Simulation => {
                    const s = pair.simulate((client) => client.extensions.push(serverName(named)()))
                    s.clientKey = s.serverKey = ofBoth
                    s.connect()
                    return s
                }
                goesOn(connectAs("a.example", testKey()), false)
                goesOn(connectAs("a.example", testKey()), true)
                goesOn(connectAs(name, key), false)
                goesOn(connectAs(name, key), true)
            }
        })

        it("a sealed ticket that contains no session, or one of a later version", () => {
            const pair = afterFirst("ticket")
            const { keys } = pair.options
            ok(keys !== undefined)
            const held = Buffer.from(pair.store.load("server") as Buffer)
            held[0] = 2
            const marked = Buffer.concat([Buffer.alloc(16), held])
            for (const bytes of [Buffer.from("rubbish"), marked, Buffer.alloc(0)]) {
                changeStored(pair, (session) => (session.ticket = keys.seal(bytes)))
                goesOn(pair.connect(), false)
            }
        })
    })

    it("[H19] a hello with a session needs a cookie first, and leaves nothing behind without one", () => {
        for (const by of WAYS) {
            const pair = afterFirst(by)
            const s = pair.simulate()
            const opened = pair.crypto.calls.open
            s.fault = (index) => (index === 0 ? [5] : [])
            s.begin()
            s.run(500)
            strictEqual(s.peer, undefined)
            strictEqual(pair.crypto.calls.open, opened)
            // Falls back to a full handshake, which needs a cookie first, too.
            pair.cache.clear()
            pair.options.keys?.close()
            const full = pair.connect()
            strictEqual(sentOf(full, HandshakeType.helloVerifyRequest).length, 1)
            strictEqual(full.client.parameters.resumed, false)
        }
    })

    it("[H15] a session is not resumed without extended master secret: either side refuses (RFC 7627 §5.3)", () => {
        for (const by of WAYS) {
            const server = afterFirst(by).simulate()
            rewriting(server, HandshakeType.clientHello, helloWithout(ExtensionType.extendedMasterSecret))
            server.begin()
            server.run(3000)
            const reason = FailureReason.extendedMasterSecretRequired
            strictEqual(server.serverAssociation().failure?.reason, reason)
            strictEqual(server.serverAssociation().failure?.alert, AlertDescription.handshakeFailure)

            const client = afterFirst(by).simulate()
            rewriting(client, HandshakeType.serverHello, (body) => {
                const hello = readServerHello(body)
                ok(hello !== undefined)
                const extensions = hello.extensions.filter((one) => one.type !== ExtensionType.extendedMasterSecret)
                return writeServerHello({ ...hello, extensions })
            })
            client.begin()
            client.run(70000)
            strictEqual(client.client.failure?.reason, reason)
        }
    })

    it("[H15] a full handshake without extended master secret leaves no session on either side", () => {
        for (const by of WAYS) {
            const pair = new Resumable(by)
            const s = pair.simulate()
            rewriting(s, HandshakeType.clientHello, helloWithout(ExtensionType.extendedMasterSecret))
            s.begin()
            s.run(70000)
            deepStrictEqual([pair.store.count(), pair.cache.count()], [0, 0])
            strictEqual(sentOf(s, HandshakeType.newSessionTicket).length, 0)
        }
    })

    it("a server that resumes with another suite gets illegal_parameter", () => {
        const pair = new Resumable("id")
        const suites = [TLS_PSK_WITH_AES_128_GCM_SHA256(), TLS_PSK_WITH_AES_128_CCM_8()]
        pair.connect((client, server) => (client.suites = server.suites = suites))
        const s = pair.simulate((client, server) => (client.suites = server.suites = suites))
        rewriting(s, HandshakeType.serverHello, (body) => {
            const hello = readServerHello(body)
            ok(hello !== undefined)
            return writeServerHello({ ...hello, cipherSuite: TLS_PSK_WITH_AES_128_CCM_8().id })
        })
        s.begin()
        s.run(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
    })

    it("a fatal alert deletes the session, too (RFC 5246 §7.2.2); close_notify does not", () => {
        const pair = afterFirst("id")
        const closed = pair.connect()
        closed.client.shutdown(true, true)
        closed.drain()
        closed.run(closed.now + 100)
        deepStrictEqual([pair.store.count(), pair.cache.count()], [1, 1])
        const s = pair.connect()
        s.client.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        s.drain()
        s.run(s.now + 100)
        deepStrictEqual([pair.store.count(), pair.cache.count()], [0, 0])
    })
})
