import { Reader } from "../../dtls/bytes/reader.js"
import { derContent, DerTag, derTag } from "../../dtls/wire/der.js"
import { type CertificateFields, readCertificate, readCertificateExtension } from "../../dtls/wire/x509.js"

/** What a certificate may be used for (RFC 5280 §4.2.1), as far as node:crypto does not report it. */
export interface CertificateConstraints {
    /** its key may verify certificates, by basicConstraints and keyUsage */
    isAuthority: boolean
    /** number of intermediate certificates that may follow it */
    pathLength: number
    /** its key may verify a handshake's signature, by keyUsage */
    maySign: boolean
    /** signed with MD5 or SHA-1 */
    hasWeakSignature: boolean
}

/** Contents of OBJECT IDENTIFIERs in hexadecimal. */
const KEY_USAGE = "551d0f"
const SUBJECT_ALT_NAME = "551d11"
const BASIC_CONSTRAINTS = "551d13"
const NAME_CONSTRAINTS = "551d1e"
const EXTENDED_KEY_USAGE = "551d25"
const UNDERSTOOD = [KEY_USAGE, SUBJECT_ALT_NAME, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE]
/** md5WithRSAEncryption, sha1WithRSAEncryption, ecdsa-with-SHA1 */
const WEAK_SIGNATURES = ["2a864886f70d010104", "2a864886f70d010105", "2a8648ce3d0401"]

/** First byte of the BIT STRING of KeyUsage. */
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04

/**
 * @returns undefined if it is malformed, or has a critical extension that is not supported here (RFC 5280 §4.2). Name
 * constraints are not supported: a certificate with them is refused, even if they are not critical.
 */
export function readConstraints(der: Buffer): CertificateConstraints | undefined {
    const fields = readCertificate(der)
    const values = fields === undefined ? undefined : understoodExtensions(fields)
    if (fields === undefined || values === undefined) return undefined
    const { isAuthority, pathLength } = readBasicConstraints(values.get(BASIC_CONSTRAINTS))
    const usage = readKeyUsage(values.get(KEY_USAGE))
    return {
        isAuthority: isAuthority && (usage & KEY_CERT_SIGN) !== 0,
        pathLength,
        maySign: (usage & DIGITAL_SIGNATURE) !== 0,
        hasWeakSignature: WEAK_SIGNATURES.includes(idOf(fields.signatureAlgorithm)),
    }
}

function idOf(algorithm: Reader): string {
    const id = derContent(algorithm, DerTag.objectIdentifier)
    return id.bytes(id.remaining()).toString("hex")
}

function understoodExtensions({ extensions }: CertificateFields): Map<string, Reader> | undefined {
    const values = new Map<string, Reader>()
    while (extensions.remaining() > 0) {
        const extension = readCertificateExtension(extensions)
        if (extension === undefined) return undefined
        const id = extension.id.toString("hex")
        if (id === NAME_CONSTRAINTS || (extension.critical && !UNDERSTOOD.includes(id))) return undefined
        values.set(id, extension.value)
    }
    return values
}

/** Without basicConstraints a certificate does not belong to an authority (RFC 5280 §4.2.1.9). */
function readBasicConstraints(value: Reader | undefined): { isAuthority: boolean; pathLength: number } {
    if (value === undefined) return { isAuthority: false, pathLength: 0 }
    const content = derContent(value, DerTag.sequence)
    const isAuthority = derTag(content) === DerTag.boolean && derContent(content, DerTag.boolean).uint(1) !== 0
    if (derTag(content) !== DerTag.integer) return { isAuthority, pathLength: Infinity }
    const length = derContent(content, DerTag.integer)
    // A negative number, or one of more than a byte, is not a plausible limit and counts as 0.
    return { isAuthority, pathLength: length.remaining() === 1 ? length.uint(1) : 0 }
}

/** The first byte of the bits; without keyUsage a key may be used for anything (RFC 5280 §4.2.1.3). */
function readKeyUsage(value: Reader | undefined): number {
    if (value === undefined) return 0xff
    const bits = derContent(value, DerTag.bitString)
    bits.uint(1) // unused bits
    return bits.uint(1)
}
