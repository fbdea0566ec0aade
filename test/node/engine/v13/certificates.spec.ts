import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { AuthenticationMode } from "../../../../src/dtls/handshake/key-exchange.js"
import { QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { serverName } from "../../../../src/dtls/handshake/server-name.js"
import { rawPublicKeysOnly, x509Only } from "../../../../src/dtls/key-exchange/certificate-types.js"
import { AlertDescription, CertificateType, NamedGroup } from "../../../../src/dtls/wire/code-points.js"
import { type Answers, type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { drawnFaults, expectSeedsToComplete } from "../../../support/seeded-faults.js"
import { seededRandom } from "../../../support/spy-crypto.js"
import { certified, CertifiedSide, exchangesMessages } from "./certified.js"
import { isSettled } from "./versions.js"

const { requested, required } = AuthenticationMode

/** Presents nothing, and otherwise answers like `answers`. */
function without(answers: Answers): Answers {
    return (question) => (question.kind === QuestionKind.certificate ? undefined : answers(question))
}

describe("certificates in DTLS 1.3", function () {
    this.timeout(60000)
    const [client, server, unknownParty] = [true, true, true].map((hasChain) => new CertifiedSide(hasChain))
    const known = { client: client.knows(server), server: server.knows(client) }

    it("a client trusts the server that proves possession of its certificate's key; both derive the same keys", async () => {
        for (const group of [NamedGroup.x25519, NamedGroup.secp256r1]) {
            const s = certified({ ...known, groups: [group] })
            await s.shakeHands(1000)
            await exchangesMessages(s)
            deepStrictEqual(s.client.parameters.peerCertificate?.certificates, server.presents().certificates)
            strictEqual(s.serverAssociation().parameters.peerCertificate, undefined)
            const [ours, theirs] = [s.client, s.serverAssociation()].map((side) =>
                side.exportKeyingMaterial("EXPORTER-test", undefined, 32)?.toString("hex"),
            )
            ok(ours !== undefined)
            strictEqual(ours, theirs)
        }
    })

    it("a server that asks for it receives the client's certificate", async () => {
        for (const mode of [requested, required]) {
            const s = certified({ ...known, mode })
            await s.shakeHands(1000)
            await exchangesMessages(s)
            const { certificates } = client.presents()
            deepStrictEqual(s.serverAssociation().parameters.peerCertificate?.certificates, certificates)
            deepStrictEqual(s.client.parameters.ownCertificate?.certificates, certificates)
        }
    })

    it("a server that only requests a certificate serves a client without one; one that requires it sends certificate_required", async () => {
        const s = certified({ client: without(known.client), server: known.server, mode: requested })
        await s.shakeHands(1000)
        await exchangesMessages(s)
        const t = certified({ client: without(known.client), server: known.server, mode: required })
        await t.shakeHands(70000)
        strictEqual(t.serverAssociation().failure?.reason, FailureReason.certificateRequired)
        strictEqual(t.client.failure?.alert, AlertDescription.certificateRequired)
    })

    it("the server learns which host name the client asks for, and confirms that it used the name", async () => {
        let asked: string | undefined
        const listening: Answers = (question) => {
            if (question.kind === QuestionKind.certificate) asked = question.serverName
            return known.server(question)
        }
        let confirmed = false
        const s = certified({
            client: known.client,
            server: listening,
            change: (settings) => {
                const extension = serverName("sensors.example")()
                const { accept } = extension
                extension.accept = (data, answers) => {
                    confirmed = true
                    return accept.call(extension, data, answers)
                }
                settings.extensions.push(extension)
            },
        })
        await s.shakeHands(1000)
        await exchangesMessages(s)
        strictEqual(asked, "sensors.example")
        ok(confirmed)
    })

    describe("is refused", () => {
        const impersonator = (own: CertifiedSide, answers: Answers): Answers => {
            return (question) =>
                question.kind === QuestionKind.certificate
                    ? { ...unknownParty.presents(), certificates: own.presents().certificates }
                    : answers(question)
        }

        it("an unknown server with unknown_ca, and an unknown client", async () => {
            const s = certified({ client: client.knows(unknownParty), server: known.server })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.reason, FailureReason.certificateRefused)
            strictEqual(s.serverAssociation().failure?.alert, AlertDescription.unknownCa)
            const t = certified({ client: known.client, server: server.knows(unknownParty), mode: required })
            await t.shakeHands(70000)
            strictEqual(t.serverAssociation().failure?.reason, FailureReason.certificateRefused)
            strictEqual(t.client.failure?.alert, AlertDescription.unknownCa)
        })

        it("a signature by another key than the certificate's, of either side, with decrypt_error", async () => {
            const s = certified({ client: known.client, server: impersonator(server, known.server) })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.reason, FailureReason.badSignature)
            strictEqual(s.serverAssociation().failure?.alert, AlertDescription.decryptError)
            const t = certified({ client: impersonator(client, known.client), server: known.server, mode: required })
            await t.shakeHands(70000)
            strictEqual(t.serverAssociation().failure?.reason, FailureReason.badSignature)
            strictEqual(t.client.failure?.alert, AlertDescription.decryptError)
        })

        it("a client to which the server has nothing to present, with handshake_failure", async () => {
            const s = certified({ client: known.client, server: without(known.server) })
            await s.shakeHands(70000)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.noCredentials)
            strictEqual(s.client.failure?.alert, AlertDescription.handshakeFailure)
        })

        it("a malformed host name, with decode_error", async () => {
            const s = certified({
                ...known,
                change: (settings) => {
                    const extension = serverName("sensors.example")()
                    const name = extension.offer() as Buffer
                    extension.offer = () => Buffer.concat([name, Buffer.of(0)])
                    settings.extensions.push(extension)
                },
            })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.alert, AlertDescription.decodeError)
        })
    })
})

describe("raw public keys in DTLS 1.3", function () {
    this.timeout(60000)
    const [client, server] = [new CertifiedSide(false), new CertifiedSide(false)]
    const known = { client: client.knows(server), server: server.knows(client) }
    const raw = { clientTypes: rawPublicKeysOnly(), serverTypes: rawPublicKeysOnly() }

    it("authenticate both sides", async () => {
        const s = certified({ ...known, ...raw, mode: required })
        await s.shakeHands(1000)
        await exchangesMessages(s)
        const { peerCertificate } = s.serverAssociation().parameters
        deepStrictEqual([peerCertificate?.type, peerCertificate?.certificates[0]], [2, client.publicKey])
    })

    it("the client presents a raw public key to a server with a certificate", async () => {
        const certifiedServer = new CertifiedSide(true)
        const both = [CertificateType.rawPublicKey, CertificateType.x509]
        const s = certified({
            client: client.knows(certifiedServer),
            server: certifiedServer.knows(client),
            clientTypes: { ...rawPublicKeysOnly(), peerTypes: both },
            serverTypes: { ...x509Only(), peerTypes: [CertificateType.rawPublicKey] },
            mode: required,
        })
        await s.shakeHands(1000)
        await exchangesMessages(s)
        strictEqual(s.client.parameters.peerCertificate?.type, CertificateType.x509)
    })

    it("a server whose type the client did not offer has nothing to present: handshake_failure", async () => {
        const s = certified({ ...known, clientTypes: x509Only(), serverTypes: rawPublicKeysOnly() })
        await s.shakeHands(70000)
        strictEqual(s.client.failure?.alert, AlertDescription.handshakeFailure)
    })
})

describe("a lossy link and certificates in DTLS 1.3", function () {
    this.timeout(120000)
    const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
    const known = { client: client.knows(server), server: server.knows(client) }
    const kinds = {
        "the server alone": {},
        "both sides": { mode: required },
        "both sides, with a HelloRetryRequest for the group and small datagrams": {
            mode: required,
            groups: [NamedGroup.secp256r1],
            path: 500,
        },
    }

    /** Raw public keys of both sides make small flights, in which two losses can be tried. */
    const raw = [new CertifiedSide(false), new CertifiedSide(false)] as const
    const rawKeys = {
        client: raw[0].knows(raw[1]),
        server: raw[1].knows(raw[0]),
        clientTypes: rawPublicKeysOnly(),
        serverTypes: rawPublicKeysOnly(),
        mode: required,
    }

    for (const [name, kind] of Object.entries(kinds))
        it(`[F14] each single datagram lost, ${name}: completes within 3 s`, async () => {
            const undisturbed = certified({ ...known, ...kind })
            await undisturbed.shakeHands(3000)
            ok(isSettled(undisturbed))
            for (let lost = 0; lost < undisturbed.sent; lost++) {
                const s = certified({ ...known, ...kind })
                s.fault = (index) => (index === lost ? [] : [5])
                await s.shakeHands(3000)
                ok(isSettled(s), `datagram ${lost} lost`)
            }
        })

    it("[F15] each pair of datagrams lost, raw public keys of both sides: completes within 8 s", async () => {
        const undisturbed = certified(rawKeys)
        await undisturbed.shakeHands(3000)
        for (let first = 0; first < undisturbed.sent; first++)
            for (let second = first + 1; second < 2 * undisturbed.sent; second++) {
                const s = certified(rawKeys)
                s.fault = (index) => (index === first || index === second ? [] : [5])
                await s.shakeHands(8000)
                ok(isSettled(s), `datagrams ${first} and ${second} lost`)
            }
    })

    it("[F15] [V27 part] 1,000 seeds of loss, delay, duplication, reordering and small paths: 99 % complete, the rest time out", async function () {
        this.timeout(300000)
        await expectSeedsToComplete(linkOf, isSettled)
    })

    /** A link whose faults are determined by one seed, and one way of authentication. */
    function linkOf(seed: number): KeyedSimulation {
        const random = seededRandom(seed * 2 + 1)
        const path = [1232, 548, 228][Math.floor(random() * 3)]
        const groups = random() < 0.3 ? [NamedGroup.secp256r1] : undefined
        const kind = random() < 0.5 ? rawKeys : { ...known, mode: random() < 0.5 ? required : undefined }
        const s = certified({ ...kind, groups, path, seed })
        s.fault = drawnFaults(random)
        return s
    }
})
