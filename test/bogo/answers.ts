import * as nodeCrypto from "node:crypto"
import { type KeyOperations } from "../../src/dtls/crypto/keys.js"
import { hybridKeys } from "../../src/dtls/key-exchange/v13/hybrid-keys.js"
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
import { AlertDescription, CertificateType, NamedGroup } from "../../src/dtls/wire/code-points.js"
import { readCertificate, subjectPublicKeyInfo } from "../../src/dtls/wire/x509.js"
import { readPem } from "../../src/gio/pem.js"
import { NodeKeys, NodePrivateKey } from "../../src/platform/node/keys.js"
import { mlKem768 } from "../../src/platform/node/ml-kem.js"
import {
    certifiedBy,
    type Credential,
    type ImportedCredential,
    importedOf,
    type ShimConfiguration,
    Unimplemented,
} from "./flags.js"

/**
 * The platform's key operations within the groups and schemes that a test asks for; where it asks for nothing, without the
 * hybrid group, which BoringSSL does not have by default either.
 * @param isNewer DTLS 1.3, for which hybrid groups are
 */
export function keyOperations(of: ShimConfiguration, isNewer: boolean): KeyOperations {
    const older = new NodeKeys()
    const isHybrid = isNewer && of.curves.includes(NamedGroup.x25519MlKem768)
    const keys: KeyOperations = isHybrid ? hybridKeys(older, mlKem768()) : new NodeKeys()
    const known = [NamedGroup.x25519MlKem768, ...older.groups]
    const groups = of.curves.length === 0 ? older.groups : within(known, of.curves, "curve")
    keys.groups = groups.filter((group) => isHybrid || older.groups.includes(group))
    keys.schemes = within(older.schemes, of.verifyPrefs, "signature algorithm")
    return keys
}

function within(known: number[], wanted: number[], what: string): number[] {
    if (wanted.length === 0) return known
    const usable = wanted.filter((code) => known.includes(code))
    if (usable.length < wanted.length) throw new Unimplemented(`a ${what} of ${wanted.join(", ")}`)
    return usable
}

/** What this side may present, and what the flags say of it. */
interface OwnCredential {
    credential: Credential
    answer: CertificateAnswer
    /** names of those who issued the chain, DER */
    issuers: Buffer[]
}

/** Answers the engine's questions as a test's flags say. */
export class Answers {
    /** the host name that the client asked for */
    serverName: string | undefined
    /** `Credential.index` of what was presented */
    selected: number | undefined
    private own: OwnCredential[]

    /** @param isResumption the connection is to resume a session */
    constructor(
        private configuration: ShimConfiguration,
        private isResumption: boolean,
    ) {
        // The one that is not named by itself comes last.
        const inOrder = certifiedBy(configuration).sort((a, b) => (a.index >>> 0) - (b.index >>> 0))
        this.own = inOrder.map(ownCredential)
    }

    async answer(question: Question): Promise<Answer | undefined> {
        const { psk, pskIdentity } = this.configuration
        if (question.kind === QuestionKind.operation) return await question.perform()
        if (question.kind === QuestionKind.certificate) return this.choose(question)
        if (question.kind === QuestionKind.peerCertificate) return this.judge(question)
        const credential = importedOf(this.configuration)
        if (credential?.imported !== undefined) return this.answerImported(question, credential, credential.imported)
        if (psk === undefined) return undefined
        if (question.kind === QuestionKind.psk && !question.identity.equals(pskIdentity)) return undefined
        return { identity: pskIdentity, key: psk }
    }

    private answerImported(question: Question, { index }: Credential, own: ImportedCredential): Answer | undefined {
        if (question.kind === QuestionKind.psk && !question.identity.equals(own.identity)) return undefined
        this.selected = index
        return own
    }

    private choose(question: CertificateQuestion): CertificateAnswer | undefined {
        const { types, schemes, serverName, authorities } = question
        this.serverName = serverName
        const chosen = this.own.find(
            ({ answer: { type, key }, credential, issuers }) =>
                types.includes(type) &&
                key.schemes.some((scheme) => schemes.includes(scheme)) &&
                (!credential.mustMatchIssuer || authorities.some((name) => issuers.some((own) => own.equals(name)))),
        )
        this.selected = chosen?.credential.index
        return chosen?.answer
    }

    /** Whatever it is, unless the test wants it to be refused: chains are judged elsewhere. */
    private judge(question: PeerCertificateQuestion): PeerCertificateAnswer {
        const [first] = question.certificates
        if (first === undefined) return { alert: this.missing(), publicKey: Buffer.alloc(0) }
        const publicKey = question.type === CertificateType.x509 ? subjectPublicKeyInfo(first) : first
        if (publicKey === undefined) return { alert: AlertDescription.badCertificate, publicKey: Buffer.alloc(0) }
        return { alert: this.verdict(), publicKey }
    }

    /** BoringSSL's own alerts for the two ways in which its application refuses. */
    private verdict(): number {
        const { verifyFail, customVerify, verifyPeer, requireClientCertificate, reverifyOnResume } = this.configuration
        const matters = customVerify || verifyPeer || requireClientCertificate
        // BoringSSL asks nobody about the peer of a session, unless told to.
        if (!verifyFail || !matters || (this.isResumption && !reverifyOnResume)) return AlertDescription.none
        return customVerify ? AlertDescription.certificateUnknown : AlertDescription.handshakeFailure
    }

    private missing(): number {
        return this.configuration.requireClientCertificate ? AlertDescription.handshakeFailure : AlertDescription.none
    }
}

function ownCredential(credential: Credential): OwnCredential {
    const { chain, key, isRawKey, signingPrefs } = credential
    const answer = { key: privateKey(key, signingPrefs) }
    if (isRawKey) {
        const certificates = [nodeCrypto.createPublicKey(key).export({ format: "der", type: "spki" })]
        return { credential, answer: { ...answer, type: CertificateType.rawPublicKey, certificates }, issuers: [] }
    }
    const certificates = (readPem(chain) ?? []).map(({ data }) => data)
    const issuers = certificates.map((certificate) => readCertificate(certificate)?.issuer ?? Buffer.alloc(0))
    return { credential, answer: { ...answer, type: CertificateType.x509, certificates }, issuers }
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
