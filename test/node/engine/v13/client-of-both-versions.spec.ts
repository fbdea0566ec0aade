import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { clientRoleV12V13 } from "../../../../src/dtls/association/v13/roles.js"
import { type NewHelloExchange } from "../../../../src/dtls/endpoint/hello-exchange.js"
import { newExchangeV12 } from "../../../../src/dtls/endpoint/cookie-exchange.js"
import { newExchangeV12V13, newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { type CipherSuite } from "../../../../src/dtls/handshake/cipher-suite.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { clientRole, serverRole } from "../../../../src/dtls/association/v12/roles.js"
import { QuestionKind, type Question } from "../../../../src/dtls/handshake/question.js"
import { EcdhePskKeyExchange } from "../../../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 } from "../../../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { connectionIdsV13 } from "../../../../src/dtls/handshake/v13/connection-ids.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../../src/dtls/key-exchange/suites.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { AlertDescription, ContentType, DTLS_1_2, HandshakeType } from "../../../../src/dtls/wire/code-points.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { readServerHello, type ServerHello, writeServerHello } from "../../../../src/dtls/wire/server-hello.js"
import { DTLS_1_3, SUPPORTED_VERSIONS } from "../../../../src/dtls/wire/v13/code-points.js"
import { hasDowngradeMark } from "../../../../src/dtls/wire/v13/downgrade.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { findExtension } from "../../../../src/dtls/wire/extensions.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"
import { AssociationPair, PairSide } from "../../../engine/association-pair.js"
import { IDENTITY, type Simulation, testKey, testSettings } from "../../../engine/simulation.js"
import { simulate } from "../../../support/connected.js"
import { KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { cut, handshake, type Message, messages, records } from "../../../support/wire.js"

/** A server's suites and hello exchange. */
interface ServerKind {
    suites: () => CipherSuite[]
    newExchange: NewHelloExchange
}

const SUITES = {
    "1.2": () => [TLS_PSK_WITH_AES_128_CCM_8()],
    "1.3": () => [TLS_AES_128_CCM_SHA256()],
    both: () => [TLS_AES_128_CCM_SHA256(), TLS_PSK_WITH_AES_128_CCM_8()],
}

const SERVERS: Record<keyof typeof SUITES, ServerKind> = {
    "1.2": { suites: SUITES["1.2"], newExchange: newExchangeV12() },
    "1.3": { suites: SUITES["1.3"], newExchange: newExchangeV13() },
    both: { suites: SUITES.both, newExchange: newExchangeV12V13() },
}

/** A client of both versions. @param path the server's path budget, bytes */
function clientOfBoth({ suites, newExchange }: ServerKind, path = 1232): Simulation {
    return simulate(
        (client, server) => {
            client.suites = SUITES.both()
            server.suites = suites()
            server.pathBudget = path
        },
        { clientRole: clientRoleV12V13, newExchange },
    )
}

/** The same with key agreements: psk_dhe_ke in 1.3, ECDHE_PSK in 1.2. */
function keyedClientOfBoth({ suites, newExchange }: ServerKind): KeyedSimulation {
    const crypto = new NodeCryptoProvider()
    const keys = new NodeKeys()
    const older = TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(new EcdhePskKeyExchange(keys))
    const settings = (own: CipherSuite[]): AssociationSettings => ({
        ...testSettings(crypto),
        suites: own.map((suite) => (suite.keyExchange === undefined ? suite : older)),
        extensions: [keyShares(keys, true)(crypto)],
    })
    const answer = ({ kind }: Question): object | undefined =>
        kind === QuestionKind.psk || kind === QuestionKind.clientPsk
            ? { identity: Buffer.from(IDENTITY), key: testKey() }
            : undefined
    const versions = { clientRole: clientRoleV12V13, newExchange }
    return new KeyedSimulation(settings(SUITES.both()), settings(suites()), answer, answer, versions)
}

function hasConnected(s: Simulation, version: number): void {
    strictEqual(s.client.phase, AssociationPhase.connected)
    strictEqual(s.client.parameters.version, version)
    s.clientSends("ping")
    s.run(s.now + 50)
    s.serverSends("pong")
    s.run(s.now + 50)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["ping"], ["pong"]])
}

/** The hello of this type at the beginning of a datagram; what follows it may be protected. */
function helloIn(datagram: Buffer, type: HandshakeType): Message | undefined {
    if (datagram[0] !== ContentType.handshake) return undefined
    const [message] = messages(Buffer.from(datagram.subarray(0, 13 + datagram.readUInt16BE(11))))
    return message?.header.type === type ? message : undefined
}

function clientHellos(s: Simulation): ClientHello[] {
    return s.log.flatMap((datagram) => {
        const message = helloIn(datagram, HandshakeType.clientHello)
        return message === undefined ? [] : [readClientHello(message.body)!]
    })
}

/** Modifies hellos on their way. @param first number of the first one to modify, counted from 0 */
function changeHellos(s: Simulation, type: HandshakeType, change: (body: Buffer) => Buffer, first = 0): void {
    let seen = 0
    s.fault = (_index, toServer, data) => {
        const message = helloIn(data, type)
        if (message === undefined || seen++ < first) return [5]
        const changed = handshake(type, message.header.messageSeq, change(message.body))
        if (toServer) s.toServer(changed)
        else s.toClient(changed)
        return []
    }
}

function changeServerHello(s: Simulation, change: (hello: ServerHello) => Partial<ServerHello>, first = 0): void {
    const changed = (hello: ServerHello): ServerHello => ({ ...hello, ...change(hello) })
    changeHellos(s, HandshakeType.serverHello, (body) => writeServerHello(changed(readServerHello(body)!)), first)
}

describe("a client that offers DTLS 1.2 and 1.3 in one hello", () => {
    for (const [kind, version] of [
        ["1.2", DTLS_1_2],
        ["1.3", DTLS_1_3],
        ["both", DTLS_1_3],
    ] as const)
        it(`[V30] continues with ${version === DTLS_1_2 ? "1.2" : "1.3"} with a server of ${kind}, and keeps one random in all its hellos`, () => {
            const s = clientOfBoth(SERVERS[kind])
            s.connect()
            hasConnected(s, version)
            const randoms = clientHellos(s).map(({ random }) => random.toString("hex"))
            deepStrictEqual([randoms.length, new Set(randoms).size], [2, 1])
        })

    it("[V30] continues with a server of 1.2 that asks for no cookie", () => {
        const settings = (suites: CipherSuite[]): AssociationSettings => ({
            ...testSettings(new NodeCryptoProvider()),
            suites,
        })
        const client = new PairSide(settings(SUITES.both()), clientRoleV12V13(), testKey())
        const server = new PairSide(settings(SUITES["1.2"]()), serverRole(), testKey())
        const two = new AssociationPair(client, server)
        two.connect()
        client.association.send([Buffer.from("ping")], false)
        two.exchange()
        strictEqual(client.association.parameters.version, DTLS_1_2)
        deepStrictEqual(server.messages, ["ping"])
    })

    it("offers psk_dhe_ke beside ECDHE of 1.2, each extension once", async () => {
        for (const kind of ["1.2", "1.3", "both"] as const) {
            const s = keyedClientOfBoth(SERVERS[kind])
            await s.shakeHands(1000)
            strictEqual(s.client.phase, AssociationPhase.connected)
            strictEqual(s.client.parameters.version, kind === "1.2" ? DTLS_1_2 : DTLS_1_3)
        }
    })

    it("resends the hello unchanged but for the cookie of 1.2, since a cookie may be bound to all of it", () => {
        const s = clientOfBoth(SERVERS["1.2"])
        s.connect()
        const [first, second] = clientHellos(s)
        ok(second.cookie.length > 0)
        deepStrictEqual({ ...second, cookie: first.cookie }, first)
    })

    it("[F14] each datagram lost, of the ServerHello in fragments too: completes with a server of 1.2", () => {
        for (const path of [1232, 228])
            for (let lost = 0; lost < 10; lost++) {
                const s = clientOfBoth(SERVERS["1.2"], path)
                s.fault = (index) => (index === lost ? [] : [5])
                s.begin()
                s.run(20000)
                strictEqual(s.client.phase, AssociationPhase.connected, `datagram ${lost} of a path of ${path}`)
                strictEqual(s.client.parameters.version, DTLS_1_2)
            }
    })

    it("accepts fragments of a server of 1.2 in any order", () => {
        const s = clientOfBoth(SERVERS["1.2"])
        s.fault = (_index, toServer, data) => {
            const hello = toServer ? undefined : helloIn(data, HandshakeType.serverHello)
            if (hello === undefined) return [5]
            for (const piece of cut(hello, 20).reverse()) s.toClient(piece)
            const rest = records(data).slice(1)
            for (const { bytes } of rest) s.toClient(bytes)
            return []
        }
        s.connect()
        hasConnected(s, DTLS_1_2)
    })

    it("has connection ids in both versions", () => {
        for (const kind of ["1.2", "1.3"] as const) {
            const s = simulate(
                (client, server) => {
                    client.suites = SUITES.both()
                    server.suites = SERVERS[kind].suites()
                    client.extensions = [connectionIdsV13(3, 0)(client.crypto)]
                    server.extensions = [connectionIdsV13(5, 0)(server.crypto)]
                },
                { clientRole: clientRoleV12V13, newExchange: SERVERS[kind].newExchange },
            )
            s.connect()
            const { readId, writeId } = s.client.snapshot()
            deepStrictEqual([s.client.phase, readId.length, writeId.length], [AssociationPhase.connected, 3, 5])
        }
    })

    it("without suites of 1.2 offers 1.3 only", () => {
        const s = clientOfBoth(SERVERS.both)
        s.clientSettings.suites = SUITES["1.3"]()
        s.connect()
        hasConnected(s, DTLS_1_3)
        const [hello] = clientHellos(s)
        deepStrictEqual(findExtension(hello.extensions, SUPPORTED_VERSIONS), Buffer.from([2, 0xfe, 0xfc]))
    })
})

describe("a downgrade from DTLS 1.3 to 1.2", () => {
    it("[V08] is marked in the random of a server that supports both, and of no other", () => {
        for (const kind of ["both", "1.2"] as const) {
            const s = simulate((client, server) => (server.suites = SERVERS[kind].suites()), {
                clientRole: () => clientRole(),
                newExchange: SERVERS[kind].newExchange,
            })
            s.connect()
            hasConnected(s, DTLS_1_2)
            strictEqual(hasDowngradeMark(s.client.parameters.serverRandom), kind === "both")
        }
    })

    it("[V08] by someone who removes 1.3 from the hello ends with illegal_parameter", () => {
        const s = clientOfBoth(SERVERS.both)
        changeHellos(s, HandshakeType.clientHello, (body) => {
            const hello = readClientHello(body)!
            const extensions = hello.extensions.filter(({ type }) => type !== SUPPORTED_VERSIONS)
            return writeClientHello({ ...hello, extensions })
        })
        s.begin()
        s.run(60000)
        strictEqual(s.client.failure?.reason, FailureReason.downgraded)
        strictEqual(s.client.failure.alert, AlertDescription.illegalParameter)
    })

    it("[V07] after a HelloRetryRequest ends with illegal_parameter: 1.2 can no longer be chosen", () => {
        const s = clientOfBoth(SERVERS.both)
        changeServerHello(s, () => ({ cipherSuite: TLS_PSK_WITH_AES_128_CCM_8().id, extensions: [] }), 1)
        s.begin()
        s.run(60000)
        strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
    })

    it("[V09] 1.2, or what was not offered, in supported_versions of a ServerHello is illegal_parameter", () => {
        for (const version of [DTLS_1_2, 0x0304]) {
            const s = clientOfBoth(SERVERS.both)
            const data = Buffer.from([version >> 8, version & 255])
            changeServerHello(s, () => ({ extensions: [{ type: SUPPORTED_VERSIONS, data }] }))
            s.begin()
            s.run(60000)
            strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
        }
    })
})

describe("legacy fields of hellos of DTLS 1.3", () => {
    it("[V03] a legacy_cookie beside an offer of 1.3 is refused with illegal_parameter", () => {
        const s = clientOfBoth(SERVERS.both)
        s.fault = () => []
        s.begin()
        const [message] = messages(s.log[0])
        const hello = { ...readClientHello(message.body)!, cookie: Buffer.alloc(32) }
        s.toServer(handshake(message.header.type, 0, writeClientHello(hello)))
        s.drain()
        deepStrictEqual(records(s.log[1])[0].fragment, Buffer.from([2, AlertDescription.illegalParameter]))
        strictEqual(s.server.halfOpenCount(), 0)
    })

    it("[V03] a client's session id is not echoed, and an echoed one is illegal_parameter", () => {
        const s = clientOfBoth(SERVERS.both)
        changeServerHello(s, () => ({ sessionId: Buffer.alloc(8) }), 1)
        s.begin()
        s.run(60000)
        strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
        strictEqual(readServerHello(messages(s.log[1])[0].body)!.sessionId.length, 0)
    })

    it("[V03] another legacy_version than that of 1.2 is illegal_parameter", () => {
        const s = clientOfBoth(SERVERS.both)
        changeServerHello(s, () => ({ version: DTLS_1_3 }), 1)
        s.begin()
        s.run(60000)
        strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
    })
})
