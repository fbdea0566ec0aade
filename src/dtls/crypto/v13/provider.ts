/* The cryptography that DTLS 1.3 needs in addition; not every platform has it. */
import { type AeadParameters, type HashParameters } from "../algorithms.js"
import { type Aead, type RecordProtection } from "../provider.js"

/**
 * A secret of the key schedule (RFC 8446 §7.1), as long as its hash. The script never sees it if the platform can hide
 * it.
 */
export interface Secret {
    /** HKDF-Expand-Label, 0 to 255 hash lengths. @param context 0 to 255 bytes */
    expandLabel(label: string, context: Buffer, length: number): Buffer
    /** Derive-Secret. @param context hash of a transcript, or empty */
    deriveSecret(label: string, context: Buffer): Secret
    /** The secret of the next stage. @param input result of a key agreement; empty: there was none */
    nextSecret(input: Buffer): Secret
    /**
     * verify_data of Finished (RFC 8446 §4.4.4).
     * @param label not empty: computes a binder, with the key derived from the secret by this label (RFC 8446
     * §4.2.11.2)
     */
    verifyData(label: string, transcriptHash: Buffer): Buffer
    /** Erases the secret; the object must not be used afterwards. */
    close(): void
}

/** Hears which of the ids given to the peer verified records carry. */
export interface IdListener {
    /** ids that the peer may still switch to; if there are none, nobody need be told */
    given: Buffer[]
    use(id: Buffer): void
}

/** Records of one direction of one epoch of DTLS 1.3 (RFC 9147 §4). */
export interface ProtectionWithId extends RecordProtection {
    /** Sets another id for the records that it seals. */
    setId(id: Buffer): void
}

/** The inputs to the records of one direction of one epoch. */
export interface RecordContext {
    secret: Secret
    aead: AeadParameters
    epoch: number
    /** connection id of the records; when opening, another id of the same length is accepted too; empty: none */
    id: Buffer
    /** whether it opens records or seals them */
    reading: boolean
    /** is told the ids of opened records */
    ids: IdListener | undefined
}

export interface CryptoV13 {
    /** The secret of the first stage. @param psk empty: there is none */
    newSecret(hash: HashParameters, psk: Buffer): Secret
    /** Uses keys derived from a traffic secret, which the caller keeps. */
    newProtectionV13(context: RecordContext): ProtectionWithId
    /** The secret, sealed by `wrapper`. */
    wrapSecret(secret: Secret, wrapper: Aead): Buffer
    /** @returns undefined if `wrapped` is not authentic, or not a secret of that hash */
    unwrapSecret(wrapped: Buffer, wrapper: Aead, hash: HashParameters): Secret | undefined
}
