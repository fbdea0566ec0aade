import { equal } from "../../../src/dtls/bytes/bytes.js"
import { type KeyOperations } from "../../../src/dtls/crypto/keys.js"
import {
    type Answer,
    type CertificateAnswer,
    type CertificateQuestion,
    type PeerCertificateAnswer,
    type PeerCertificateQuestion,
    type PrivateKey,
    type PskQuestion,
    type Question,
    QuestionKind,
} from "../../../src/dtls/handshake/question.js"
import { AlertDescription, CertificateType, NamedGroup } from "../../../src/dtls/wire/code-points.js"
import { readCertificate, subjectPublicKeyInfo } from "../../../src/dtls/wire/x509.js"
import {
    certifiedBy,
    type Credential,
    importedAs,
    importedOf,
    type ShimConfiguration,
    Unimplemented,
} from "./configuration.js"
import { type Side } from "./side.js"

/**
 * The platform's key operations, restricted to the groups and schemes that a test asks for. Unless it asks for groups,
 * the hybrid group is left out, as in BoringSSL's default.
 * @param isNewer DTLS 1.3, the only version with hybrid groups
 */
export function keyOperations(of: ShimConfiguration, side: Side, isNewer: boolean): KeyOperations {
    const { keys, hybridKeys } = side
    const known = hybridKeys === undefined ? keys.groups : [NamedGroup.x25519MlKem768, ...keys.groups]
    const wanted = of.curves.length === 0 ? keys.groups : within(known, of.curves, "curve")
    const isHybrid = isNewer && wanted.includes(NamedGroup.x25519MlKem768)
    const own = isHybrid && hybridKeys !== undefined ? hybridKeys() : keys
    const groups = wanted.filter((group) => isHybrid || keys.groups.includes(group))
    return { ...operationsOf(own), groups, schemes: within(keys.schemes, of.verifyPrefs, "signature algorithm") }
}

function operationsOf(keys: KeyOperations): KeyOperations {
    const operations: KeyOperations = {
        groups: keys.groups,
        schemes: keys.schemes,
        newKeyPair: async (group) => await keys.newKeyPair(group),
        verify: async (publicKey, scheme, data, signature) => await keys.verify(publicKey, scheme, data, signature),
    }
    if (keys.answer !== undefined) operations.answer = async (group, share) => await keys.answer?.(group, share)
    return operations
}

function within(known: number[], wanted: number[], what: string): number[] {
    if (wanted.length === 0) return known
    const usable = wanted.filter((code) => known.includes(code))
    if (usable.length < wanted.length) throw new Unimplemented(`a ${what} of ${wanted.join(", ")}`)
    return usable
}

/** A credential that this side may present, and the flags about it. */
interface OwnCredential {
    credential: Credential
    answer: CertificateAnswer
    /** DER names of the issuers in the chain */
    issuers: Buffer[]
}

/** Answers the engine's questions according to a test's flags. */
export class Answers {
    /** the host name requested by the client */
    serverName: string | undefined
    /** `Credential.index` of the certificate or raw public key presented */
    private selected: number | undefined
    private own: OwnCredential[]

    /** @param isResumption the connection is to resume a session */
    constructor(
        private configuration: ShimConfiguration,
        side: Side,
        private isResumption: boolean,
    ) {
        // The credential without an index comes last.
        const certified = certifiedBy(configuration)
        const named = certified.filter((credential) => credential.index >= 0)
        const others = certified.filter((credential) => credential.index < 0)
        this.own = [...named, ...others].map((credential) => ownCredential(credential, side))
    }

    async answer(question: Question): Promise<Answer | undefined> {
        if (question.kind === QuestionKind.operation) return await question.perform()
        if (question.kind === QuestionKind.certificate) return this.choose(question)
        if (question.kind === QuestionKind.peerCertificate) return this.judge(question)
        const asked = question as PskQuestion
        const imported = importedOf(this.configuration)
        if (imported.length > 0)
            return asked.kind === QuestionKind.psk
                ? importedAs(this.configuration, asked.identity)
                : { ...imported[0], others: imported.slice(1, imported.length) }
        const { psk, pskIdentity } = this.configuration
        if (psk === undefined) return undefined
        if (asked.kind === QuestionKind.psk && !equal(asked.identity, pskIdentity)) return undefined
        return { identity: pskIdentity, key: psk }
    }

    /** `Credential.index` of the credential used. @param identity of the pre-shared key; empty: there was none */
    selectedWith(identity: Buffer): number | undefined {
        const imported = importedAs(this.configuration, identity)
        return imported === undefined ? this.selected : imported.index
    }

    private choose(question: CertificateQuestion): CertificateAnswer | undefined {
        this.serverName = question.serverName
        const chosen = this.own.find((own) => isFitting(own, question))
        if (chosen === undefined) return undefined
        this.selected = chosen.credential.index
        return chosen.answer
    }

    /** Accepts the peer unless the test wants it refused: chain verification is tested elsewhere. */
    private judge(question: PeerCertificateQuestion): PeerCertificateAnswer {
        const none = Buffer.alloc(0)
        if (question.certificates.length === 0) return { alert: this.missing(), publicKey: none }
        const first = question.certificates[0]
        const publicKey = question.type === CertificateType.x509 ? subjectPublicKeyInfo(first) : first
        if (publicKey === undefined) return { alert: AlertDescription.badCertificate, publicKey: none }
        return { alert: this.verdict(), publicKey }
    }

    /** BoringSSL's own alerts for the two ways in which its application can refuse. */
    private verdict(): number {
        const { verifyFail, customVerify, verifyPeer, requireClientCertificate, reverifyOnResume } = this.configuration
        const matters = customVerify || verifyPeer || requireClientCertificate
        // BoringSSL does not verify the peer of a resumed session, unless told to.
        if (!verifyFail || !matters || (this.isResumption && !reverifyOnResume)) return AlertDescription.none
        return customVerify ? AlertDescription.certificateUnknown : AlertDescription.handshakeFailure
    }

    private missing(): number {
        return this.configuration.requireClientCertificate ? AlertDescription.handshakeFailure : AlertDescription.none
    }
}

function isFitting(own: OwnCredential, question: CertificateQuestion): boolean {
    const { types, schemes, authorities } = question
    const { type, key } = own.answer
    const isReadable = types.includes(type) && key.schemes.some((scheme) => schemes.includes(scheme))
    if (!isReadable || !own.credential.mustMatchIssuer) return isReadable
    return authorities.some((name) => own.issuers.some((issuer) => equal(issuer, name)))
}

function ownCredential(credential: Credential, side: Side): OwnCredential {
    const { isRawKey, publicKey } = credential
    const key = privateKey(credential, side)
    if (isRawKey) {
        const answer = { key, type: CertificateType.rawPublicKey, certificates: [publicKey] }
        return { credential, answer, issuers: [] }
    }
    const certificates = credential.chain
    return {
        credential,
        answer: { key, type: CertificateType.x509, certificates },
        issuers: certificates.map(issuerOf),
    }
}

function issuerOf(certificate: Buffer): Buffer {
    const fields = readCertificate(certificate)
    return fields === undefined ? Buffer.alloc(0) : fields.issuer
}

function privateKey(credential: Credential, side: Side): PrivateKey {
    const { key, signingPrefs } = credential
    const own = side.importKey(key)
    if (own === undefined) throw new Unimplemented("a kind of private key")
    const schemes = signingPrefs.length === 0 ? own.schemes : signingPrefs.filter((code) => own.schemes.includes(code))
    if (schemes.length === 0) throw new Unimplemented("a signature algorithm")
    return { schemes, sign: async (scheme, data) => await own.sign(scheme, data) }
}
