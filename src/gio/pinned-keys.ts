import { equal } from "../dtls/bytes/bytes.js"
import { SHA_256 } from "../dtls/crypto/algorithms.js"
import { type CryptoProvider } from "../dtls/crypto/provider.js"
import {
    type CertificateAnswer,
    type CertificateQuestion,
    type PresentedCertificate,
    type PrivateKey,
} from "../dtls/handshake/question.js"
import { TlsCertificateFlags } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { KeyCredentials, plainVerdict, type Verdict } from "./key-credentials.js"

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
export class PinnedKeys extends KeyCredentials {
    /**
     * @param pins of each peer the SubjectPublicKeyInfo, DER, or its SHA-256 of 32 bytes
     * @param own what this side presents; undefined: nothing
     */
    constructor(
        private crypto: CryptoProvider,
        private pins: Buffer[],
        private own: OwnKey | undefined,
    ) {
        super()
        if (!Array.isArray(pins)) throw invalidArgument("pins", "an array of Buffers")
        for (const pin of pins) {
            if (!(pin instanceof Buffer) || pin.length < DIGEST_LENGTH)
                throw invalidArgument("pins", "a SubjectPublicKeyInfo in DER, or its SHA-256 of 32 bytes")
        }
    }

    protected override async present(question: CertificateQuestion): Promise<CertificateAnswer | undefined> {
        const own = this.own
        return own !== undefined && question.types.indexOf(own.type) >= 0 ? own : undefined
    }

    protected override async judge(_peer: PresentedCertificate, publicKey: Buffer): Promise<Verdict> {
        return plainVerdict(this.isPinned(publicKey) ? TlsCertificateFlags.NO_FLAGS : TlsCertificateFlags.UNKNOWN_CA)
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
