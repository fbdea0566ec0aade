import { deepStrictEqual, ok } from "node:assert/strict"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { AuthenticationMode } from "../../../../src/dtls/handshake/key-exchange.js"
import { type CertificateAnswer, type Question, QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { type CertificateOptions, x509Only } from "../../../../src/dtls/key-exchange/certificate-types.js"
import { certificates } from "../../../../src/dtls/key-exchange/v13/certificates.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { AlertDescription, CertificateType, NamedGroup } from "../../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { testSettings } from "../../../engine/simulation.js"
import { type Answers, KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { RawKeySide } from "../../../support/raw-key-side.js"
import { SpyCrypto } from "../../../support/spy-crypto.js"
import { isSettled } from "./versions.js"

/** Length of each stand-in for a certificate, bytes; the engine does not parse them. */
const CERTIFICATE_LENGTH = 600

/** A side with a raw public key, or with a chain of two stand-ins for certificates. */
export class CertifiedSide extends RawKeySide {
    private chain = [1, 2].map((n) => Buffer.alloc(CERTIFICATE_LENGTH, n))

    /** @param hasChain false: a raw public key */
    constructor(private hasChain: boolean) {
        super()
        if (hasChain) this.publicKey.copy(this.chain[0])
    }

    override presents(): CertificateAnswer {
        if (!this.hasChain) return super.presents()
        return { ...super.presents(), type: CertificateType.x509, certificates: this.chain }
    }

    /** Accepts `peer`, and nobody else. */
    knows(peer: CertifiedSide): Answers {
        return (question: Question) => {
            if (question.kind === QuestionKind.certificate) return this.presents()
            if (question.kind !== QuestionKind.peerCertificate) return undefined
            const isKnown = question.certificates[0].indexOf(peer.publicKey) === 0
            return { alert: isKnown ? AlertDescription.none : AlertDescription.unknownCa, publicKey: peer.publicKey }
        }
    }
}

/** Options of a simulation with certificates. */
export interface Certified {
    client: Answers
    server: Answers
    /** default: X.509 */
    clientTypes?: CertificateOptions
    serverTypes?: CertificateOptions
    /** whether the client is asked for a certificate; default: no */
    mode?: AuthenticationMode
    /** the server's groups; default: X25519 and P-256 */
    groups?: number[]
    /** path budget, bytes; default: 1232 */
    path?: number
    seed?: number
    change?: (client: AssociationSettings, server: AssociationSettings) => void
}

/** A DTLS 1.3 client and server that trust each other by certificate or raw public key. */
export function certified(given: Certified): KeyedSimulation {
    const { clientTypes = x509Only(), serverTypes = x509Only(), mode, groups, path = 1232, seed = 1 } = given
    const [client, server] = [seed, seed + 5000].map((number) => ({
        ...testSettings(new SpyCrypto(number)),
        suites: [TLS_AES_128_CCM_SHA256()],
        pathBudget: path,
    }))
    const both = new NodeKeys()
    const ofServer = Object.assign(new NodeKeys(), { groups: groups ?? [NamedGroup.x25519, NamedGroup.secp256r1] })
    client.extensions = [keyShares(both, true), certificates(both, clientTypes)].map((make) => make(client.crypto))
    // Each association needs its own extensions; the server has only one here.
    server.extensions = [keyShares(ofServer, true), certificates(ofServer, serverTypes)].map((make) =>
        make(server.crypto),
    )
    server.authenticationMode = mode ?? AuthenticationMode.none
    given.change?.(client, server)
    return new KeyedSimulation(client, server, given.client, given.server, {
        clientRole: clientRoleV13,
        newExchange: newExchangeV13(),
    })
}

/** Exchanges a message in each direction. */
export async function exchangesMessages(s: KeyedSimulation): Promise<void> {
    const failures = [s.client.failure, s.peer?.association.failure]
    ok(isSettled(s), JSON.stringify(failures))
    s.clientSends("up")
    s.serverSends("down")
    await s.runTo(s.now + 20)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
}
