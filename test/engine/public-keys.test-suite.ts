import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { clientRoleV13 } from "../../src/dtls/association/v13/roles.js"
import { blit, copyOf, equal } from "../../src/dtls/bytes/bytes.js"
import { SessionCache } from "../../src/dtls/endpoint/session-cache.js"
import { newExchangeV13 } from "../../src/dtls/endpoint/v13/hello-exchange.js"
import { type ServerSessionOptions } from "../../src/dtls/handshake/server-sessions.js"
import { AuthenticationMode } from "../../src/dtls/handshake/key-exchange.js"
import { type PrivateKey, type Question, QuestionKind } from "../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { resumeSessionsV13 } from "../../src/dtls/handshake/v13/client-sessions.js"
import { serveSessionsV13 } from "../../src/dtls/handshake/v13/server-sessions.js"
import { TLS_AES_128_CCM_SHA256 } from "../../src/dtls/handshake/v13/suites.js"
import { rawPublicKeysOnly, x509Only } from "../../src/dtls/key-exchange/certificate-types.js"
import { certificates } from "../../src/dtls/key-exchange/v13/certificates.js"
import { keyShares } from "../../src/dtls/key-exchange/v13/key-shares.js"
import { AlertDescription, CertificateType } from "../../src/dtls/wire/code-points.js"
import { type Kit, type TestKeys } from "../kit.js"
import { type Answers, KeyedSimulation } from "./keyed-simulation.js"
import { IDENTITY, listTables, testKey, testSettings } from "./simulation.js"

/** An ECPrivateKey of P-256 with that scalar. */
function privateKey(digits: string): Buffer {
    let scalar = ""
    for (let i = 0; i < 32; i++) scalar += digits
    return Buffer.from("30310201010420" + scalar + "a00a06082a8648ce3d030107", "hex")
}

/** SubjectPublicKeyInfo of the scalars 1111... and 2222..., computed with node:crypto. */
const PUBLIC_KEYS = [
    "3059301306072a8648ce3d020106082a8648ce3d030107034200040217e617f0b6443928278f96999e69a23a4f" +
        "2c152bdf6d6cdf66e5b80282d4ed194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e5794",
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004d65a93977caa3d1b081852ff57a79e465f16" +
        "60577304baead505dd3a48589cf350185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285",
]

/** A key, and a stand-in for its certificate: the engine does not parse it. */
interface Party {
    publicKey: Buffer
    key: PrivateKey
    certificate: Buffer
}

function party(keys: TestKeys, index: number): Party {
    const publicKey = Buffer.from(PUBLIC_KEYS[index], "hex")
    const certificate = Buffer.alloc(250)
    blit(certificate, 0, publicKey, 0, publicKey.length)
    const key = keys.importPrivateKey(privateKey(index === 0 ? "11" : "22")) as PrivateKey
    return { publicKey, key, certificate }
}

/** Presents its own key, and accepts the other's. */
function answers(own: Party, other: Party): Answers {
    return (question: Question) => {
        if (question.kind === QuestionKind.certificate) {
            const type = question.types[0]
            const first = type === CertificateType.rawPublicKey ? own.publicKey : own.certificate
            return { type, certificates: [first], key: own.key }
        }
        if (question.kind !== QuestionKind.peerCertificate) return undefined
        const [first] = question.certificates
        const isKnown = equal(copyOf(first, 0, other.publicKey.length), other.publicKey)
        return { alert: isKnown ? AlertDescription.none : AlertDescription.unknownCa, publicKey: other.publicKey }
    }
}

/**
 * Public keys and key agreements of DTLS 1.3 with the platform's keys. Only a few tests, because they are slow on a
 * chip.
 */
export function publicKeyTests(t: Kit): void {
    const keys = t.keys as TestKeys
    const versions = { clientRole: () => clientRoleV13(), newExchange: newExchangeV13() }
    function settings(): AssociationSettings {
        const made = testSettings(t.crypto)
        made.suites = [TLS_AES_128_CCM_SHA256()]
        made.extensions = [keyShares(keys.operations, true)(t.crypto)]
        return made
    }
    function between(isRaw: boolean, client: Answers, server: Answers): KeyedSimulation {
        const [ofClient, ofServer] = [settings(), settings()]
        for (const side of [ofClient, ofServer]) {
            const types = isRaw ? rawPublicKeysOnly() : x509Only()
            side.extensions.push(certificates(keys.operations, types)(t.crypto))
        }
        ofServer.authenticationMode = AuthenticationMode.required
        return new KeyedSimulation(ofClient, ofServer, client, server, versions)
    }
    async function carries(s: KeyedSimulation): Promise<void> {
        t.equal(s.client.phase, AssociationPhase.connected)
        t.equal(s.serverAssociation().phase, AssociationPhase.connected)
        s.clientSends("up")
        s.serverSends("down")
        await s.runTo(s.now + 1000)
        t.equal(s.serverMessages.join(), "up")
        t.equal(s.clientMessages.join(), "down")
    }
    async function knowsBoth(isRaw: boolean): Promise<void> {
        const [client, server] = [party(keys, 0), party(keys, 1)]
        const s = between(isRaw, answers(client, server), answers(server, client))
        await s.shakeHands(500)
        await carries(s)
        const peer = s.serverAssociation().parameters.peerCertificate
        const type = isRaw ? CertificateType.rawPublicKey : CertificateType.x509
        t.equal(peer === undefined ? -1 : peer.type, type)
    }
    async function resumable(store: SessionCache, options: ServerSessionOptions, hasKey: boolean): Promise<boolean> {
        const [client, server] = [settings(), settings()]
        client.extensions.push(resumeSessionsV13(store, "server", clock)(t.crypto))
        server.extensions.push(serveSessionsV13(options)(t.crypto))
        const answer = { identity: Buffer.from(IDENTITY), key: testKey() }
        const ofClient = { identity: answer.identity, key: hasKey ? answer.key : Buffer.alloc(16) }
        const s = new KeyedSimulation(
            client,
            server,
            () => ofClient,
            () => answer,
            versions,
        )
        await s.shakeHands(500)
        await carries(s)
        return s.client.parameters.resumed
    }
    t.describe("public keys in DTLS 1.3", () => {
        t.test("raw public keys on both sides", async () => await knowsBoth(true))
        t.test("certificates on both sides", async () => await knowsBoth(false))
        t.test("a signature by another key than the one presented is decrypt_error", async () => {
            const [client, server] = [party(keys, 0), party(keys, 1)]
            server.key = client.key
            const s = between(true, answers(client, server), answers(server, client))
            await s.shakeHands(500)
            const { failure } = s.client
            t.equal(failure === undefined ? 0 : failure.alert, AlertDescription.decryptError)
        })
    })
    t.describe("tickets of DTLS 1.3", () => {
        t.test("resume a session with psk_dhe_ke, even after the client's pre-shared key was changed", async () => {
            const store = new SessionCache(listTables(), 2)
            const cache = new SessionCache(listTables(), 2)
            const options: ServerSessionOptions = { cache, keys: undefined, lifetime: 3600000, clock }
            t.equal(await resumable(store, options, true), false)
            t.equal(await resumable(store, options, false), true)
        })
    })
}

/** Unix time, ms: beyond 2^32, as on a device. */
function clock(): number {
    return 1700000000000
}
