import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { CookiesV13 } from "../../../../src/dtls/handshake/v13/cookies.js"
import { severalPsks } from "../../../../src/dtls/handshake/v13/several-psks.js"
import {
    TLS_AES_128_CCM_8_SHA256,
    TLS_AES_128_CCM_SHA256,
    TLS_AES_256_GCM_SHA384,
} from "../../../../src/dtls/handshake/v13/suites.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { type ClientHello, readClientHello } from "../../../../src/dtls/wire/client-hello.js"
import {
    AlertDescription,
    ContentType,
    DTLS_1_2,
    HandshakeType,
    NamedGroup,
} from "../../../../src/dtls/wire/code-points.js"
import { type Extension } from "../../../../src/dtls/wire/extensions.js"
import { writeHelloVerifyRequest } from "../../../../src/dtls/wire/hello-verify-request.js"
import { writeServerHello } from "../../../../src/dtls/wire/server-hello.js"
import {
    COOKIE,
    EARLY_DATA,
    HANDSHAKE_EPOCH,
    KEY_SHARE,
    PADDING,
    PRE_SHARED_KEY,
} from "../../../../src/dtls/wire/v13/code-points.js"
import { selectedVersion } from "../../../../src/dtls/wire/v13/extensions.js"
import { cookieExtension } from "../../../../src/dtls/wire/v13/hello-retry-request.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { IDENTITY, type Simulation, testKey } from "../../../engine/simulation.js"
import { KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { handshake, messages } from "../../../support/wire.js"
import { simulateV13 } from "./versions.js"

/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
const RETRY = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex")
const SUITE = TLS_AES_128_CCM_SHA256().id

/** A ServerHello's body; with the random RETRY it is a HelloRetryRequest. */
function hello(extensions: Extension[], random = RETRY, cipherSuite = SUITE): Buffer {
    const all = [selectedVersion(), ...extensions]
    const body = { version: DTLS_1_2, random, sessionId: Buffer.alloc(0), cipherSuite, compressionMethod: 0 }
    return writeServerHello({ ...body, extensions: all })
}

const cookie = (byte: number): Extension => cookieExtension(Buffer.alloc(16, byte))
const asked = (group: number): Extension => ({ type: KEY_SHARE, data: Buffer.from([group >> 8, group & 255]) })

/** A client whose datagrams do not arrive: the test takes the role of the server. */
function begun(s: Simulation): Simulation {
    s.fault = () => []
    s.begin()
    return s
}

/** Delivers this to the client as the server's message with that number. */
function answer(s: Simulation, body: Buffer, messageSeq = 0, type = HandshakeType.serverHello): void {
    s.toClient(handshake(type, messageSeq, body, messageSeq))
    s.drain()
}

/** The hellos sent by the client, without retransmissions. */
function hellos(s: Simulation): ClientHello[] {
    const sent = s.log.filter((datagram) => datagram[0] === ContentType.handshake)
    return sent.map((datagram) => readClientHello(messages(datagram)[0].body)!)
}

/** The client's final failure: unprotected messages may be forged, so it waits for a genuine one first. */
function failureOf(s: Simulation): FailureReason | undefined {
    s.run(s.now + 100000)
    return s.client.failure?.reason
}

/** A psk_dhe_ke client that has sent an X25519 share, and could send a P-256 share. */
async function withShares(): Promise<Simulation> {
    const { clientSettings, serverSettings } = simulateV13()
    const keys = Object.assign(new NodeKeys(), { groups: [NamedGroup.x25519, NamedGroup.secp256r1] })
    clientSettings.extensions = [keyShares(keys, true)(clientSettings.crypto)]
    const psk = { identity: Buffer.from(IDENTITY), key: testKey() }
    const versions = { clientRole: clientRoleV13, newExchange: newExchangeV13() }
    const s = new KeyedSimulation(
        clientSettings,
        serverSettings,
        () => psk,
        () => psk,
        versions,
    )
    begun(s)
    await s.runTo(10)
    return s
}

describe("a HelloRetryRequest", () => {
    it("[V05] is accepted once: a second one is unexpected_message", () => {
        const s = begun(simulateV13())
        answer(s, hello([cookie(1)]))
        strictEqual(hellos(s).length, 2)
        answer(s, hello([cookie(2)]), 1)
        strictEqual(failureOf(s), FailureReason.unexpectedMessage)
        ok(hellos(s).every(({ extensions }) => !extensions.some(({ data }) => data.includes(Buffer.alloc(16, 2)))))
    })

    it("[V05] that changes nothing in the hello is illegal_parameter", () => {
        const s = begun(simulateV13())
        answer(s, hello([]))
        strictEqual(failureOf(s), FailureReason.illegalParameter)
    })

    it("[V05] for a group of which a share was sent, or of which none can be, is illegal_parameter", async () => {
        for (const group of [NamedGroup.x25519, 0x0100]) {
            const s = await withShares()
            strictEqual(hellos(s).length, 1)
            answer(s, hello([asked(group)]))
            strictEqual(failureOf(s), FailureReason.illegalParameter, `${group}`)
        }
    })

    it("[V05] with an extension that requests nothing is illegal_parameter", () => {
        const s = begun(simulateV13())
        answer(s, hello([cookie(1), { type: 10, data: Buffer.from([0, 2, 0, 29]) }]))
        strictEqual(failureOf(s), FailureReason.illegalParameter)
    })

    it("[V05] is not a HelloVerifyRequest, which a client of 1.3 only does not follow", () => {
        const s = begun(simulateV13())
        answer(s, writeHelloVerifyRequest(Buffer.alloc(16, 1)), 0, HandshakeType.helloVerifyRequest)
        strictEqual(failureOf(s), FailureReason.unexpectedMessage)
        ok(hellos(s).every((sent) => sent.cookie.length === 0))
    })

    it("binds the suite: a ServerHello with another one is illegal_parameter (RFC 8446 §4.1.4)", () => {
        const both = [TLS_AES_128_CCM_SHA256(), TLS_AES_128_CCM_8_SHA256()]
        const s = begun(simulateV13((client) => (client.suites = both)))
        answer(s, hello([cookie(1)]))
        const psk = { type: PRE_SHARED_KEY, data: Buffer.from([0, 0]) }
        answer(s, hello([psk], Buffer.alloc(32, 7), TLS_AES_128_CCM_8_SHA256().id), 1)
        strictEqual(failureOf(s), FailureReason.illegalParameter)
    })

    it("[V06] with only a cookie leaves the rest of the hello unchanged, including the key share", async () => {
        for (const s of [begun(simulateV13()), await withShares()]) {
            answer(s, hello([cookie(1)]))
            const [first, second] = hellos(s)
            const { extensions: before, ...rest } = first
            const { extensions: after, ...others } = second
            deepStrictEqual(others, rest)
            // The binder covers the cookie.
            const kept = ({ type }: Extension): boolean => type !== COOKIE && type !== PRE_SHARED_KEY
            deepStrictEqual(after.filter(kept), before.filter(kept))
            deepStrictEqual(after.filter(({ type }) => type === COOKIE).length, 1)
            strictEqual(after.at(-1)?.type, PRE_SHARED_KEY)
        }
    })
})

describe("a HelloRetryRequest with a suite that none of the client's pre-shared keys fits", () => {
    const long = TLS_AES_256_GCM_SHA384()
    const beginning = (...extensions: ReturnType<typeof severalPsks>[]): Simulation =>
        begun(
            simulateV13((client) => {
                client.suites = [TLS_AES_128_CCM_SHA256(), long]
                client.extensions = extensions.map((make) => make(client.crypto))
            }),
        )
    const isOffered = ({ extensions }: ClientHello): boolean => extensions.some(({ type }) => type === PRE_SHARED_KEY)

    for (const [what, extensions] of [
        ["one", []],
        ["several", [severalPsks()]],
    ] as const)
        it(`[V05] is illegal_parameter where it has ${what} and no certificates: no hello goes without either (RFC 8446 §9.2)`, () => {
            const s = beginning(...extensions)
            answer(s, hello([cookie(1)], RETRY, long.id))
            strictEqual(hellos(s).length, 1)
            strictEqual(failureOf(s), FailureReason.illegalParameter)
            strictEqual(s.client.failure?.alert, AlertDescription.illegalParameter)
        })

    it("[V05] changes nothing, since anyone could have sent it: the server's own is followed, with the key", () => {
        for (const s of [beginning(), beginning(severalPsks())]) {
            answer(s, hello([cookie(1)], RETRY, long.id))
            answer(s, hello([cookie(2)]))
            deepStrictEqual(hellos(s).map(isOffered), [true, true])
            answer(s, hello([{ type: PRE_SHARED_KEY, data: Buffer.from([0, 0]) }], Buffer.alloc(32, 7)), 1)
            strictEqual(s.client.record.readEpoch(), HANDSHAKE_EPOCH)
        }
    })
})

describe("the cookie of a HelloRetryRequest", () => {
    const address = Buffer.from("127.0.0.1:1")
    const cookies = new CookiesV13(new NodeCryptoProvider(), 0)
    const first = hellos(begun(simulateV13()))[0]
    const extra = (type: number, length: number): Extension => ({ type, data: Buffer.alloc(length) })
    const made = (...extensions: Extension[]): Buffer => {
        const state = { cipherSuite: SUITE, helloHash: Buffer.alloc(32), group: 0 }
        return cookies.make(address, { ...first, extensions: [...first.extensions, ...extensions] }, state)
    }

    it("[V06] is valid for a second hello with other padding, as dimpl's, or without early data (RFC 8446 §4.1.2)", () => {
        strictEqual(cookies.check(address, first, made(extra(PADDING, 100), extra(EARLY_DATA, 0))), true)
    })

    it("[V06] is invalid for a second hello that lacks another extension of the first one", () => {
        strictEqual(cookies.check(address, first, made(extra(0xfabc, 0))), false)
    })
})
