import { equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { derContent, derElement, DerTag, derTag } from "./der.js"

/** Tags of the optional fields of TBSCertificate (RFC 5280 §4.1). */
const VERSION = 0xa0
const EXTENSIONS = 0xa3

/** The content of a certificate (RFC 5280 §4.1). Nothing in it is verified. */
export interface CertificateFields {
    /** content of AlgorithmIdentifier */
    signatureAlgorithm: Reader
    /** Name, DER */
    issuer: Buffer
    /** content of Validity */
    validity: Reader
    /** Name, DER */
    subject: Buffer
    /** SubjectPublicKeyInfo, DER */
    publicKey: Buffer
    /** content of Extensions */
    extensions: Reader
}

/** @param der one certificate; @returns undefined if malformed */
export function readCertificate(der: Buffer): CertificateFields | undefined {
    const whole = new Reader(der, 0, der.length)
    const certificate = derContent(whole, DerTag.sequence)
    const tbs = derContent(certificate, DerTag.sequence)
    derContent(certificate, DerTag.sequence) // signatureAlgorithm
    derContent(certificate, DerTag.bitString)
    if (derTag(tbs) === VERSION) derContent(tbs, VERSION)
    derContent(tbs, DerTag.integer) // serialNumber
    const signatureAlgorithm = derContent(tbs, DerTag.sequence)
    const issuer = derElement(tbs, DerTag.sequence)
    const validity = derContent(tbs, DerTag.sequence)
    const subject = derElement(tbs, DerTag.sequence)
    const publicKey = derElement(tbs, DerTag.sequence)
    const extensions = readExtensions(tbs)
    if (!whole.done() || !certificate.done() || !tbs.done()) return undefined
    return { signatureAlgorithm, issuer, validity, subject, publicKey, extensions }
}

/** A certificate's public key, in the same form as raw public keys (RFC 7250 §3). */
export function subjectPublicKeyInfo(der: Buffer): Buffer | undefined {
    const fields = readCertificate(der)
    return fields === undefined ? undefined : fields.publicKey
}

/** Skips issuerUniqueID and subjectUniqueID, which are not in use (RFC 5280 §4.1.2.8). */
function readExtensions(tbs: Reader): Reader {
    for (const tag of [0x81, 0x82]) {
        if (derTag(tbs) === tag) derContent(tbs, tag)
    }
    const none = new Reader(tbs.data, tbs.at, tbs.at)
    if (derTag(tbs) !== EXTENSIONS) return none
    const wrapper = derContent(tbs, EXTENSIONS)
    const extensions = derContent(wrapper, DerTag.sequence)
    if (!wrapper.done()) tbs.failed = true
    return extensions
}

/** RFC 5280 §4.2. */
export interface CertificateExtension {
    /** content of its OBJECT IDENTIFIER */
    id: Buffer
    critical: boolean
    value: Reader
}

/** The next extension in `list`; undefined if malformed. */
export function readCertificateExtension(list: Reader): CertificateExtension | undefined {
    const extension = derContent(list, DerTag.sequence)
    const id = derContent(extension, DerTag.objectIdentifier)
    const isMarked = derTag(extension) === DerTag.boolean
    const critical = isMarked && derContent(extension, DerTag.boolean).uint(1) !== 0
    const value = derContent(extension, DerTag.octetString)
    return extension.done() && !list.failed ? { id: id.bytes(id.remaining()), critical, value } : undefined
}

/**
 * The value of an extension; undefined if there is none.
 * @param id content of its OBJECT IDENTIFIER
 */
export function findCertificateExtension(fields: CertificateFields, id: Buffer): Reader | undefined {
    const { data, at, end } = fields.extensions
    const list = new Reader(data, at, end)
    while (list.remaining() > 0) {
        const extension = readCertificateExtension(list)
        if (extension === undefined) return undefined
        if (equal(extension.id, id)) return extension.value
    }
    return undefined
}
