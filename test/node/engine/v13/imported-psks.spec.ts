import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createHash, createHmac, hkdfSync } from "node:crypto"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { type HashParameters, SHA_256, SHA_384 } from "../../../../src/dtls/crypto/algorithms.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { type CipherSuite } from "../../../../src/dtls/handshake/cipher-suite.js"
import { importedPsks, type ImportOptions } from "../../../../src/dtls/handshake/v13/imported-psks.js"
import { TLS_AES_128_CCM_SHA256, TLS_AES_256_GCM_SHA384 } from "../../../../src/dtls/handshake/v13/suites.js"
import { AlertDescription } from "../../../../src/dtls/wire/code-points.js"
import { readClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { findExtension } from "../../../../src/dtls/wire/extensions.js"
import { PRE_SHARED_KEY } from "../../../../src/dtls/wire/v13/code-points.js"
import { readOfferedPsks } from "../../../../src/dtls/wire/v13/extensions.js"
import { IDENTITY, type Simulation, testKey } from "../../../engine/simulation.js"
import { messages } from "../../../support/wire.js"
import { type Change } from "../../../support/resumable.js"
import { ResumableV13 } from "./resumable.js"
import { simulateV13 } from "./versions.js"

const CONTEXT = Buffer.from("gateway and sensor")
const CCM = TLS_AES_128_CCM_SHA256()
const GCM_256 = TLS_AES_256_GCM_SHA384()

interface Side {
    suites: CipherSuite[]
    hash?: HashParameters
    context?: Buffer
    /** default: the key is imported */
    imports?: boolean
}

function simulation(client: Side, server: Side): Simulation {
    return simulateV13((ofClient, ofServer) => {
        for (const [settings, side] of [
            [ofClient, client],
            [ofServer, server],
        ] as const) {
            const { suites, hash = SHA_256(), context = CONTEXT, imports = true } = side
            settings.suites = suites
            settings.extensions = imports ? [importedPsks({ hash, context })(settings.crypto)] : []
        }
    })
}

function connected(client: Side, server: Side): Simulation {
    const s = simulation(client, server)
    s.connect()
    strictEqual(s.client.phase, AssociationPhase.connected)
    strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
    s.clientSends("up")
    s.serverSends("down")
    s.run(s.now + 100)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
    return s
}

/** ImportedIdentity according to RFC 9258 §5.1: identity, context, DTLS 1.3, KDF. */
function importedIdentity(kdf: number): Buffer {
    const vector = (data: Buffer): Buffer[] => [Buffer.of(data.length >> 8, data.length & 255), data]
    return Buffer.concat([
        ...vector(Buffer.from(IDENTITY)),
        ...vector(CONTEXT),
        Buffer.of(0xfe, 0xfc),
        Buffer.of(0, kdf),
    ])
}

const LENGTHS: Record<string, number> = { sha256: 32, sha384: 48 }

/** HKDF-Expand-Label of at most one hash length: HKDF-Expand's only block is an HMAC. */
function expandLabel(hash: string, secret: Buffer, label: string, context: Buffer, length: number): Buffer {
    const name = Buffer.from(`dtls13${label}`)
    const info = [Buffer.of(0, length, name.length), name, Buffer.of(context.length), context, Buffer.of(1)]
    return createHmac(hash, secret).update(Buffer.concat(info)).digest().subarray(0, length)
}

/** The imported key, computed with node:crypto's HKDF. */
function imported(hash: string, identity: Buffer, length: number): Buffer {
    const name = Buffer.from("dtls13derived psk")
    const digest = createHash(hash).update(identity).digest()
    const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(digest.length), digest])
    return Buffer.from(hkdfSync(hash, testKey(), Buffer.alloc(LENGTHS[hash]), info, length))
}

/** The binder of a key in the first hello. @param target hash of the suite */
function binder(target: string, psk: Buffer, hello: Buffer): Buffer {
    const length = LENGTHS[target]
    const digest = (data: Buffer): Buffer => createHash(target).update(data).digest()
    const early = createHmac(target, Buffer.alloc(length)).update(psk).digest()
    const key = expandLabel(target, early, "imp binder", digest(Buffer.alloc(0)), length)
    const finished = expandLabel(target, key, "finished", Buffer.alloc(0), length)
    return createHmac(target, finished).update(digest(hello)).digest()
}

describe("imported pre-shared keys (RFC 9258)", () => {
    for (const hash of [SHA_256(), SHA_384()])
        it(`of a key with ${hash.opensslName}: the hello's identities and binders are those that node:crypto computes`, () => {
            const s = connected({ suites: [CCM, GCM_256], hash }, { suites: [CCM, GCM_256], hash })
            const [{ header, body }] = messages(s.log[0])
            const offered = readOfferedPsks(findExtension(readClientHello(body)!.extensions, PRE_SHARED_KEY)!)!
            strictEqual(offered.length, 2)
            const { bindersLength } = offered[0]
            strictEqual(bindersLength, 2 + 33 + 49)
            const tlsHeader = Buffer.of(header.type, 0, body.length >> 8, body.length & 255)
            const covered = Buffer.concat([tlsHeader, body.subarray(0, -bindersLength)])
            for (const [i, target] of ["sha256", "sha384"].entries()) {
                const identity = importedIdentity(i + 1)
                deepStrictEqual(offered[i].identity, identity)
                const psk = imported(hash.opensslName, identity, LENGTHS[target])
                deepStrictEqual(offered[i].binder, binder(target, psk, covered), target)
            }
        })

    it("one key fits suites of either hash, whichever the server has; the second hello offers that one only", () => {
        for (const suite of [CCM, GCM_256])
            for (const hash of [SHA_256(), SHA_384()]) {
                const s = connected({ suites: [CCM, GCM_256], hash }, { suites: [suite], hash })
                strictEqual(s.client.parameters.suite?.id, suite.id)
                const [{ body }] = messages(s.log[2])
                const second = readOfferedPsks(findExtension(readClientHello(body)!.extensions, PRE_SHARED_KEY)!)!
                deepStrictEqual(
                    second.map(({ identity }) => identity),
                    [importedIdentity(suite === CCM ? 1 : 2)],
                )
                strictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
            }
    })

    it("another context, or a key that is not imported on one side, is not a shared key", () => {
        const suites = [CCM]
        const cases: [Side, Side, AlertDescription][] = [
            [{ suites }, { suites, context: Buffer.from("others") }, AlertDescription.handshakeFailure],
            [{ suites, imports: false }, { suites }, AlertDescription.handshakeFailure],
            [{ suites, hash: SHA_384() }, { suites }, AlertDescription.decryptError],
            [{ suites }, { suites, imports: false }, AlertDescription.decryptError],
        ]
        for (const [client, server, alert] of cases) {
            const s = simulation(client, server)
            s.begin()
            s.run(100)
            strictEqual(s.serverAssociation().failure?.alert, alert)
        }
    })

    it("each key may have its own context and hash, which both sides look up by its external identity", () => {
        const own = { context: Buffer.from("sensor 2 and gateway"), hash: SHA_384() }
        const of = (identity: Buffer): ImportOptions | undefined => (identity.toString() === IDENTITY ? own : undefined)
        for (const [client, server, isKnown] of [
            [{ context: CONTEXT, of }, { context: CONTEXT, of }, true],
            [{ context: CONTEXT, of }, own, true],
            [{ context: CONTEXT, of }, { context: CONTEXT }, false],
            [{ context: CONTEXT }, { context: CONTEXT, of }, false],
        ] as [ImportOptions, ImportOptions, boolean][]) {
            const s = simulateV13((ofClient, ofServer) => {
                ofClient.extensions = [importedPsks(client)(ofClient.crypto)]
                ofServer.extensions = [importedPsks(server)(ofServer.crypto)]
            })
            const stranger = { identity: Buffer.from("sensor 1"), key: Buffer.alloc(16, 1) }
            s.clientPsk = { ...stranger, others: [{ identity: Buffer.from(IDENTITY), key: testKey() }] }
            s.begin()
            s.run(100)
            strictEqual(s.client.phase === AssociationPhase.connected, isKnown)
        }
    })

    it("a wrong key is decrypt_error, as without import", () => {
        const s = simulation({ suites: [CCM] }, { suites: [CCM] })
        s.serverKey = Buffer.alloc(16, 7)
        s.begin()
        s.run(100)
        deepStrictEqual(
            [s.serverAssociation().failure?.reason, s.serverAssociation().failure?.alert],
            [FailureReason.keyMismatch, AlertDescription.decryptError],
        )
    })

    it("a ticket precedes the imported keys: it is resumed, and a server that does not know it picks a key", async () => {
        const pair = new ResumableV13()
        const change: Change = (client, server) => {
            const { crypto } = client
            client.suites = [CCM, GCM_256]
            server.suites = [GCM_256, CCM]
            client.extensions.push(importedPsks({ context: CONTEXT })(crypto))
            server.extensions.push(importedPsks({ context: CONTEXT })(crypto))
        }
        for (const resumes of [false, true]) {
            const s = await pair.connect(change)
            for (const side of [s.client, s.serverAssociation()]) {
                strictEqual(side.phase, AssociationPhase.connected)
                strictEqual(side.parameters.resumed, resumes)
                strictEqual(side.parameters.identity.toString(), IDENTITY)
            }
            strictEqual(pair.kept().length, 1)
        }
        pair.change((session) => (session.ticket[20] ^= 1))
        const s = await pair.connect(change)
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.client.parameters.resumed, false)
    })

    it("identities of another protocol, of another KDF, or with trailing bytes are not accepted", () => {
        const s = connected({ suites: [CCM] }, { suites: [CCM] })
        const importer = importedPsks({ context: CONTEXT })(s.clientSettings.crypto) as unknown as {
            externalOf(identity: Buffer, target: HashParameters): Buffer | undefined
        }
        const good = importedIdentity(1)
        strictEqual(importer.externalOf(good, SHA_256())?.toString(), IDENTITY)
        const tls = Buffer.from(good)
        tls.writeUInt16BE(0x0304, tls.length - 4)
        for (const wrong of [
            tls,
            importedIdentity(2),
            Buffer.concat([good, Buffer.of(0)]),
            good.subarray(1),
            Buffer.of(0),
        ])
            ok(importer.externalOf(wrong, SHA_256()) === undefined)
    })
})
