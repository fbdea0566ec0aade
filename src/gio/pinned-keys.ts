import { EMPTY, equal } from "../dtls/bytes/bytes.js"
import { SHA_256 } from "../dtls/crypto/algorithms.js"
import { type CryptoProvider } from "../dtls/crypto/provider.js"
import {
    type Answer,
    type CertificateAnswer,
    type PeerCertificateAnswer,
    type PrivateKey,
    type Question,
    QuestionKind,
} from "../dtls/handshake/question.js"
import { AlertDescription, CertificateType } from "../dtls/wire/code-points.js"
import { subjectPublicKeyInfo } from "../dtls/wire/x509.js"
import { type Credentials } from "./credentials.js"
import { invalidArgument } from "./errors.js"

/** Bytes of a pin that is a digest. */
const DIGEST_LENGTH = 32

/** Raw public key or certificate of this side, with its private key. */
export interface OwnKey {
    /** CertificateType */
    type: number
    /** rawPublicKey: one SubjectPublicKeyInfo; x509: a chain, the own certificate first; DER */
    certificates: Buffer[]
    key: PrivateKey
}

/**
 * Peers known by their public key (RFC 7250 §6), whether they present it bare or in a certificate: of a certificate nothing
 * else is looked at, neither names nor validity nor who signed it.
 * @devsWhenUsed
 */
export class PinnedKeys implements Credentials {
    /**
     * @param pins of each peer the SubjectPublicKeyInfo, DER, or its SHA-256 of 32 bytes
     * @param own what this side presents; undefined: nothing
     */
    constructor(
        private crypto: CryptoProvider,
        private pins: Buffer[],
        private own: OwnKey | undefined,
    ) {
        if (!Array.isArray(pins)) throw invalidArgument("pins", "an array of Buffers")
        for (const pin of pins) {
            if (!(pin instanceof Buffer) || pin.length < DIGEST_LENGTH)
                throw invalidArgument("pins", "a SubjectPublicKeyInfo in DER, or its SHA-256 of 32 bytes")
        }
    }

    async answer(question: Question): Promise<Answer | undefined> {
        if (question.kind === QuestionKind.certificate) return this.present(question.types)
        if (question.kind !== QuestionKind.peerCertificate) return undefined
        return this.judge(question.type, question.certificates[0] ?? EMPTY)
    }

    private present(types: number[]): CertificateAnswer | undefined {
        const own = this.own
        return own !== undefined && types.indexOf(own.type) >= 0 ? own : undefined
    }

    private judge(type: number, first: Buffer): PeerCertificateAnswer {
        const publicKey = type === CertificateType.rawPublicKey ? first : subjectPublicKeyInfo(first)
        if (publicKey === undefined) return { alert: AlertDescription.badCertificate, publicKey: EMPTY }
        const alert = this.isPinned(publicKey) ? AlertDescription.none : AlertDescription.unknownCa
        return { alert, publicKey }
    }

    private isPinned(publicKey: Buffer): boolean {
        const hash = this.crypto.newHash(SHA_256().algorithm)
        hash.update(publicKey)
        const digest = hash.digest()
        for (const pin of this.pins) {
            if (equal(pin, pin.length === DIGEST_LENGTH ? digest : publicKey)) return true
        }
        return false
    }
}
