import * as nodeCrypto from "node:crypto"
import { type KeyOperations } from "../../src/dtls/crypto/keys.js"
import {
    type Answer,
    type CertificateAnswer,
    type CertificateQuestion,
    type PeerCertificateAnswer,
    type PeerCertificateQuestion,
    type PrivateKey,
    type Question,
    QuestionKind,
} from "../../src/dtls/handshake/question.js"
import { AlertDescription, CertificateType } from "../../src/dtls/wire/code-points.js"
import { subjectPublicKeyInfo } from "../../src/dtls/wire/x509.js"
import { readPem } from "../../src/gio/pem.js"
import { NodeKeys, NodePrivateKey } from "../../src/platform/node/keys.js"
import { type Credential, type ShimConfiguration, Unimplemented } from "./flags.js"

/** The platform's key operations within the groups and schemes that a test asks for. */
export function keyOperations(of: ShimConfiguration): KeyOperations {
    const keys = new NodeKeys()
    const groups = within(keys.groups, of.curves, "curve")
    const schemes = within(keys.schemes, of.verifyPrefs, "signature algorithm")
    return {
        groups,
        schemes,
        newKeyPair: (group) => keys.newKeyPair(group),
        verify: (publicKey, scheme, data, signature) => keys.verify(publicKey, scheme, data, signature),
    }
}

function within(known: number[], wanted: number[], what: string): number[] {
    if (wanted.length === 0) return known
    const usable = wanted.filter((code) => known.includes(code))
    if (usable.length < wanted.length) throw new Unimplemented(`a ${what} of ${wanted.join(", ")}`)
    return usable
}

/** Answers the engine's questions as a test's flags say. */
export class Answers {
    private own: CertificateAnswer[]

    constructor(private configuration: ShimConfiguration) {
        this.own = configuration.credentials.map((credential) => presented(credential, configuration.signingPrefs))
    }

    async answer(question: Question): Promise<Answer | undefined> {
        const { psk, pskIdentity } = this.configuration
        if (question.kind === QuestionKind.operation) return await question.perform()
        if (question.kind === QuestionKind.certificate) return this.choose(question)
        if (question.kind === QuestionKind.peerCertificate) return this.judge(question)
        if (psk === undefined) return undefined
        if (question.kind === QuestionKind.psk && !question.identity.equals(pskIdentity)) return undefined
        return { identity: pskIdentity, key: psk }
    }

    private choose(question: CertificateQuestion): CertificateAnswer | undefined {
        if (!question.types.includes(CertificateType.x509)) return undefined
        return this.own.find(({ key }) => key.schemes.some((scheme) => question.schemes.includes(scheme)))
    }

    /** Whatever it is, unless the test wants it to be refused: chains are judged elsewhere. */
    private judge(question: PeerCertificateQuestion): PeerCertificateAnswer {
        const [first] = question.certificates
        if (first === undefined) return { alert: this.missing(), publicKey: Buffer.alloc(0) }
        const publicKey = subjectPublicKeyInfo(first)
        if (publicKey === undefined) return { alert: AlertDescription.badCertificate, publicKey: Buffer.alloc(0) }
        return { alert: this.verdict(), publicKey }
    }

    /** BoringSSL's own alerts for the two ways in which its application refuses. */
    private verdict(): number {
        const { verifyFail, customVerify } = this.configuration
        if (!verifyFail) return AlertDescription.none
        return customVerify ? AlertDescription.certificateUnknown : AlertDescription.handshakeFailure
    }

    private missing(): number {
        return this.configuration.requireClientCertificate ? AlertDescription.handshakeFailure : AlertDescription.none
    }
}

function presented({ chain, key }: Credential, signingPrefs: number[]): CertificateAnswer {
    const certificates = (readPem(chain) ?? []).map(({ data }) => data)
    return { type: CertificateType.x509, certificates, key: privateKey(key, signingPrefs) }
}

function privateKey(pem: string, signingPrefs: number[]): PrivateKey {
    let key: NodePrivateKey
    try {
        key = new NodePrivateKey(nodeCrypto.createPrivateKey(pem))
    } catch (error) {
        throw new Unimplemented((error as Error).message)
    }
    const schemes = signingPrefs.length === 0 ? key.schemes : signingPrefs.filter((code) => key.schemes.includes(code))
    if (schemes.length === 0) throw new Unimplemented("a signature algorithm")
    return { schemes, sign: (scheme, data) => key.sign(scheme, data) }
}
