import { Reader } from "../bytes/reader.js"
import { derContent, DerTag, derTag } from "./der.js"

/** Content of an AlgorithmIdentifier: id-ecPublicKey, secp256r1 (RFC 5480 §2.1.1). */
const P256 = "06072a8648ce3d020106082a8648ce3d030107"
/** Length of a scalar of P-256, bytes. */
const SCALAR_LENGTH = 32

/**
 * The scalar of a P-256 key; undefined if it is a key of another kind, or malformed.
 * @param der PrivateKeyInfo (RFC 5958 §2) or ECPrivateKey (RFC 5915 §3)
 */
export function readP256PrivateKey(der: Buffer): Buffer | undefined {
    const whole = new Reader(der, 0, der.length)
    const key = derContent(whole, DerTag.sequence)
    const version = derContent(key, DerTag.integer)
    if (!whole.done() || version.remaining() !== 1) return undefined
    return derTag(key) === DerTag.sequence ? readPrivateKeyInfo(key) : readScalar(key)
}

function readPrivateKeyInfo(key: Reader): Buffer | undefined {
    const algorithm = derContent(key, DerTag.sequence)
    if (algorithm.bytes(algorithm.remaining()).toString("hex") !== P256) return undefined
    const wrapped = derContent(key, DerTag.octetString)
    const inner = derContent(wrapped, DerTag.sequence)
    derContent(inner, DerTag.integer)
    return key.failed || !wrapped.done() ? undefined : readScalar(inner)
}

/** Curve and public key may follow; the length of the scalar is enough to recognize another curve. */
function readScalar(key: Reader): Buffer | undefined {
    const scalar = derContent(key, DerTag.octetString)
    return key.failed || scalar.remaining() !== SCALAR_LENGTH ? undefined : scalar.bytes(SCALAR_LENGTH)
}
