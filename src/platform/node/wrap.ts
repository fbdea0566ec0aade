import { randomBytes } from "node:crypto"
import { type Aead } from "../../dtls/crypto/provider.js"

/** Kinds of keys in the format. */
export enum WrappedKind {
    aead = 1,
    keyPair = 2,
    secret = 3,
}

/**
 * A key without its handle. `number`: the AeadAlgorithm, the NamedGroup of a key pair (0: P-256, for signatures), or
 * the HashAlgorithm of a secret.
 */
export interface BareKey {
    kind: WrappedKind
    number: number
    secret: Buffer
}

const VERSION = 1
const HEADER_LENGTH = 16
const NONCE = 4
const MOST_SECRET = 48

/**
 * The format of firmware/natives/wrap.h: version, kind, number, 0, nonce of 12 bytes, then the key sealed with these as
 * AAD.
 */
export function wrapKey({ kind, number, secret }: BareKey, wrapper: Aead): Buffer {
    const header = Buffer.concat([Buffer.from([VERSION, kind, number, 0]), randomBytes(HEADER_LENGTH - NONCE)])
    return Buffer.concat([header, wrapper.seal(header.subarray(NONCE), header, secret)])
}

/** Undefined if it is not authentic. */
export function unwrapKey(wrapped: Buffer, wrapper: Aead): BareKey | undefined {
    const length = wrapped.length - HEADER_LENGTH - wrapper.tagLength
    if (length < 0 || length > MOST_SECRET || wrapped[0] !== VERSION) return undefined
    const header = wrapped.subarray(0, HEADER_LENGTH)
    const secret = wrapper.open(header.subarray(NONCE), header, wrapped.subarray(HEADER_LENGTH))
    return secret === undefined ? undefined : { kind: wrapped[1], number: wrapped[2], secret }
}
