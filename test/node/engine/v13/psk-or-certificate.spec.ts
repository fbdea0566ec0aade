import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { type HelloExtension } from "../../../../src/dtls/handshake/hello-extension.js"
import { QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { type KeyImporter } from "../../../../src/dtls/handshake/v13/resumption.js"
import { severalPsks } from "../../../../src/dtls/handshake/v13/several-psks.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { AlertDescription } from "../../../../src/dtls/wire/code-points.js"
import { PSK_KE, PSK_KEY_EXCHANGE_MODES } from "../../../../src/dtls/wire/v13/code-points.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { type Answers, type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { IDENTITY, testKey } from "../../../engine/simulation.js"
import { certified, CertifiedSide, exchangesMessages } from "./certified.js"

describe("a client of DTLS 1.3 with a pre-shared key and certificates", () => {
    const [client, server] = [true, true].map((hasChain) => new CertifiedSide(hasChain))
    const known = { client: client.knows(server), server: server.knows(client) }

    /** The client's answers, with its key. */
    const withPsk: Answers = (question) =>
        question.kind === QuestionKind.clientPsk
            ? { identity: Buffer.from(IDENTITY), key: testKey() }
            : known.client(question)

    /** The server's answers, with each key. */
    const knowing: Answers = (question) =>
        question.kind === QuestionKind.psk ? { identity: question.identity, key: testKey() } : known.server(question)

    it("continues with certificates where the server does not know the identity", async () => {
        const s = certified({ client: withPsk, server: known.server })
        await s.shakeHands(1000)
        await exchangesMessages(s)
        strictEqual(s.serverAssociation().parameters.identity.length, 0)
        ok(s.client.parameters.peerCertificate !== undefined)
        const t = certified({ client: withPsk, server: knowing })
        await t.shakeHands(1000)
        await exchangesMessages(t)
        strictEqual(t.serverAssociation().parameters.identity.toString(), IDENTITY)
        strictEqual(t.client.parameters.peerCertificate, undefined)
    })

    it("whose key allows only modes that the server does not know is shown a certificate", async () => {
        const s = certified({ client: withPsk, server: known.server })
        s.fault = (_index, toServer, data) => {
            // psk_key_exchange_modes of both hellos: one unassigned mode.
            const at = data.indexOf(Buffer.from("002d00020101", "hex"))
            const modes = at >= 0 ? at : data.indexOf(Buffer.from("002d0003020100", "hex"))
            if (toServer && modes >= 0) data.fill(0x1a, modes + 5, modes + 4 + data[modes + 3])
            return [5]
        }
        await s.shakeHands(1000)
        ok(s.asked.includes(QuestionKind.certificate))
        ok(!s.asked.includes(QuestionKind.psk))
    })

    /** Makes the hello offer only psk_ke, which our clients do only without certificates. */
    function offerWithoutAgreement(settings: AssociationSettings): HelloExtension {
        const offer = severalPsks()(settings.crypto) as HelloExtension & KeyImporter
        const { bind } = offer
        offer.bind = (h, hello) => {
            const modes = hello.extensions.find(({ type }) => type === PSK_KEY_EXCHANGE_MODES)!
            modes.data = Buffer.from([1, PSK_KE])
            return bind.call(offer, h, hello)
        }
        return offer
    }

    interface Sides {
        /** the client has certificates in addition to its key */
        isCertified: boolean
        /** the server requires psk_dhe_ke */
        requires: boolean
        server: Answers
    }

    function withoutAgreement({ isCertified, requires, server: answers }: Sides): KeyedSimulation {
        const change = (ofClient: AssociationSettings, ofServer: AssociationSettings): void => {
            ofClient.extensions = [...(isCertified ? ofClient.extensions : []), offerWithoutAgreement(ofClient)]
            ofServer.extensions[0] = keyShares(new NodeKeys(), requires)(ofServer.crypto)
        }
        return certified({ client: withPsk, server: answers, change })
    }

    it("whose key is for psk_ke only is shown a certificate by a server that requires psk_dhe_ke, and by one that does not know the key", async () => {
        for (const [requires, answers] of [
            [true, knowing],
            [false, known.server],
        ] as const) {
            const s = withoutAgreement({ isCertified: true, requires, server: answers })
            await s.shakeHands(1000)
            await exchangesMessages(s)
            strictEqual(s.asked.includes(QuestionKind.psk), !requires)
            strictEqual(s.serverAssociation().parameters.identity.length, 0)
            deepStrictEqual(s.client.parameters.peerCertificate?.certificates, server.presents().certificates)
        }
    })

    const { handshakeFailure, decryptError } = AlertDescription

    it("whose key is for psk_ke only is refused where it has no certificates, unless the server accepts psk_ke and knows the key", async () => {
        for (const [requires, answers, alert] of [
            [true, knowing, handshakeFailure],
            [false, known.server, decryptError],
            [false, knowing, undefined],
        ] as const) {
            const s = withoutAgreement({ isCertified: false, requires, server: answers })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.alert, alert)
        }
    })

    it("is served by its key at a server that uses psk_ke, and ends the handshake itself when it did not allow that", async () => {
        const s = withoutAgreement({ isCertified: true, requires: false, server: knowing })
        await s.shakeHands(70000)
        strictEqual(s.serverAssociation().parameters.identity.toString(), IDENTITY)
        strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
    })
})
