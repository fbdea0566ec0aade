/* What DTLS 1.3 asks of a platform's cryptography beside; not every platform has it. */
import { type AeadParameters, type HashParameters } from "../algorithms.js"
import { type Aead, type RecordProtection } from "../provider.js"

/** A secret of the key schedule (RFC 8446 §7.1), as long as its hash. The script does not see it where the platform can do that. */
export interface Secret {
    /** HKDF-Expand-Label, 0 to 255 hash lengths. @param context 0 to 255 bytes */
    expandLabel(label: string, context: Buffer, length: number): Buffer
    /** Derive-Secret. @param context hash of a transcript, or empty */
    deriveSecret(label: string, context: Buffer): Secret
    /** The secret of the next stage. @param input result of a key agreement; empty: there was none */
    nextSecret(input: Buffer): Secret
    /**
     * verify_data of Finished (RFC 8446 §4.4.4).
     * @param label not empty: a binder, by the key of this label that is derived from the secret (RFC 8446 §4.2.11.2)
     */
    verifyData(label: string, transcriptHash: Buffer): Buffer
    /** Erases it; the object is of no use afterwards. */
    close(): void
}

/** Of an endpoint that gave its peer ids: hears which of them verified records carry. */
export interface IdListener {
    /** those that the peer may still turn to; without any nobody need be told */
    given: Buffer[]
    use(id: Buffer): void
}

/** Records of one direction of one epoch of DTLS 1.3 (RFC 9147 §4). */
export interface ProtectionWithId extends RecordProtection {
    /** The records that it seals carry another id. */
    setId(id: Buffer): void
}

/** What records of one direction of one epoch are made with. */
export interface RecordContext {
    secret: Secret
    aead: AeadParameters
    epoch: number
    /** connection id that the records carry, or another one of that length when it opens them; empty: none */
    id: Buffer
    /** whether it opens records or seals them */
    reading: boolean
    /** where ids of opened records are told */
    ids: IdListener | undefined
}

export interface CryptoV13 {
    /** The secret of the first stage. @param psk empty: there is none */
    newSecret(hash: HashParameters, psk: Buffer): Secret
    /** By the keys of a traffic secret, which stays its caller's. */
    newProtectionV13(context: RecordContext): ProtectionWithId
    /** The secret, sealed by `wrapper`. */
    wrapSecret(secret: Secret, wrapper: Aead): Buffer
    /** @returns undefined when `wrapped` is not authentic, or no secret of that hash */
    unwrapSecret(wrapped: Buffer, wrapper: Aead, hash: HashParameters): Secret | undefined
}
