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

/** Length of a pin that is a digest, in bytes. */
const DIGEST_LENGTH = 32

/** This side's raw public key or certificate, with its private key. */
export interface OwnKey {
    /** a CertificateType */
    type: number
    /** DER. rawPublicKey: one SubjectPublicKeyInfo; x509: a chain, starting with the own certificate */
    certificates: Buffer[]
    key: PrivateKey
}

/**
 * Trusts peers by their public key (RFC 7250 §6), whether they present it as a raw public key or in a certificate. Nothing else in a
 * certificate is checked: neither names nor validity nor signatures.
 * @devsWhenUsed
 */
export class PinnedKeys extends KeyCredentials {
    /**
     * @param pins for each trusted peer its SubjectPublicKeyInfo (DER), or the SHA-256 digest of that (32 bytes)
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
