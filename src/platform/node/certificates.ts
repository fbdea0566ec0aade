import { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { CertificatePurpose, TlsCertificateFlags } from "../../gio/enums.js"
import { type CertificateCheck } from "../services.js"
import { type CertificateConstraints, readConstraints } from "./certificate-constraints.js"

/*
 * Verifies certificate chains by the same rules as the devices' native (firmware/natives/certificate.c);
 * test/certificates checks that both reach the same verdict. node:crypto verifies signatures and names but not chains,
 * and packages that do stop at the first error, whereas TlsCertificateFlags report all of them.
 */

const { NO_FLAGS, UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, INSECURE, GENERIC_ERROR } = TlsCertificateFlags

/** Limit on intermediate certificates between the peer's own and a trust anchor. */
const MAX_INTERMEDIATES = 8
/**
 * Limits on the length of an RSA modulus in bits: below the first it is insecure, and above the second verification
 * takes too long for data that anyone can send.
 */
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 4096
/** Limit on an RSA exponent; a longer one makes each verification slow. */
const MAX_EXPONENT = 2n ** 64n

/** ExtKeyUsage ids (RFC 5280 §4.2.1.12). */
const ANY_USAGE = "2.5.29.37.0"
const SERVER_USAGE = "1.3.6.1.5.5.7.3.1"
const CLIENT_USAGE = "1.3.6.1.5.5.7.3.2"

interface Certificate {
    x509: X509Certificate
    constraints: CertificateConstraints
}

/** undefined: it is not a certificate, or one that cannot be checked. */
function read(der: Buffer): Certificate | undefined {
    const constraints = readConstraints(der)
    if (constraints === undefined) return undefined
    try {
        const x509 = new X509Certificate(der)
        return hasBearableKey(x509) ? { x509, constraints } : undefined
    } catch {
        return undefined // the only way that node:crypto reports it
    }
}

/**
 * Whether verification with this key is fast enough: anyone can send a chain, and each signature is verified before
 * anything is trusted.
 */
function hasBearableKey({ publicKey }: X509Certificate): boolean {
    const { modulusLength = 0, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {}
    return modulusLength <= MAX_RSA_BITS && publicExponent < MAX_EXPONENT
}

function hasWeakKey({ publicKey }: X509Certificate): boolean {
    const { modulusLength } = publicKey.asymmetricKeyDetails ?? {}
    return modulusLength !== undefined && modulusLength < MIN_RSA_BITS
}

function timeFlags({ x509 }: Certificate, when: number | undefined): TlsCertificateFlags {
    if (when === undefined) return NO_FLAGS
    if (when < Date.parse(x509.validFrom) / 1000) return NOT_ACTIVATED
    return when > Date.parse(x509.validTo) / 1000 ? EXPIRED : NO_FLAGS
}

function isSame(a: Certificate, b: Certificate): boolean {
    return a.x509.raw.equals(b.x509.raw)
}

/**
 * Whether `issuer` was allowed to sign `certificate`, and did.
 * @param intermediates number of certificates between `issuer` and the peer's own, self-issued ones not counted
 * (RFC 5280 §6.1.4 l)
 */
function isIssuedBy(certificate: Certificate, issuer: Certificate, intermediates: number): boolean {
    const { pathLength, isAuthority } = issuer.constraints
    if (!isAuthority || intermediates > pathLength || !certificate.x509.checkIssued(issuer.x509)) return false
    return certificate.x509.verify(issuer.x509.publicKey)
}

function hasUsage({ x509 }: Certificate, purpose: CertificatePurpose): boolean {
    const usages = x509.keyUsage // node:crypto's name for ExtKeyUsage
    const needed = purpose === CertificatePurpose.authenticateClient ? CLIENT_USAGE : SERVER_USAGE
    return usages === undefined || usages.includes(needed) || usages.includes(ANY_USAGE)
}

/** One path from a peer's certificate to a trust anchor. */
class Path {
    private flags = NO_FLAGS
    private readonly used: Certificate[] = []

    constructor(
        private readonly others: Certificate[],
        private readonly anchors: Certificate[],
        private readonly check: CertificateCheck,
    ) {}

    walk(own: Certificate): TlsCertificateFlags {
        let current = own
        for (let intermediates = 0; !this.ends(current);) {
            const issuer = this.issuerOf(current, intermediates)
            if (issuer === undefined || this.used.length > MAX_INTERMEDIATES) return this.flags | UNKNOWN_CA
            if (hasWeakKey(issuer.x509)) this.flags |= INSECURE
            if (issuer.x509.issuer !== issuer.x509.subject) intermediates++
            current = issuer
        }
        return this.flags
    }

    /** Appends `certificate` to the path. @returns whether it is a trust anchor itself */
    private ends(certificate: Certificate): boolean {
        const isOwn = this.used.length === 0
        this.used.push(certificate)
        this.flags |= timeFlags(certificate, this.check.when)
        if (!isOwn && !hasUsage(certificate, this.check.purpose)) this.flags |= GENERIC_ERROR
        if (this.anchors.some((anchor) => isSame(anchor, certificate))) return true
        if (certificate.constraints.hasWeakSignature) this.flags |= INSECURE
        return false
    }

    /**
     * A trust anchor, or a certificate that the peer sent after `certificate`: each certifies the one before it
     * (RFC 5246 §7.4.2). Prefers one that is valid now, like the native.
     */
    private issuerOf(certificate: Certificate, intermediates: number): Certificate | undefined {
        const later = this.others.slice(this.others.indexOf(certificate) + 1)
        const candidates = [...this.anchors, ...later].filter(
            (candidate) => !this.used.includes(candidate) && isIssuedBy(certificate, candidate, intermediates),
        )
        return candidates.find((candidate) => timeFlags(candidate, this.check.when) === NO_FLAGS) ?? candidates[0]
    }
}

/** The certificates that can be checked, those that are valid now first. */
function readAll(ders: Buffer[], when: number | undefined): Certificate[] {
    const certificates = ders.map(read).filter((entry) => entry !== undefined)
    const isValid = (certificate: Certificate): boolean => timeFlags(certificate, when) === NO_FLAGS
    return [...certificates.filter(isValid), ...certificates.filter((entry) => !isValid(entry))]
}

/**
 * RFC 9525: checks only subjectAltName, its dNSNames (where a wildcard stands for the whole left-most label) and
 * iPAddresses.
 */
function names({ x509 }: Certificate, identity: string): boolean {
    const bare = identity.replace(/%.*/, "").replace(/\.$/, "")
    if (isIP(bare) !== 0) return isIP(identity.replace(/%.*/, "")) !== 0 && x509.checkIP(bare) !== undefined
    const exact = { subject: "never", partialWildcards: false, multiLabelWildcards: false } as const
    return x509.checkHost(bare, exact) !== undefined
}

/** @returns all errors that were found; at least one if the chain must not be trusted */
export function checkCertificates(check: CertificateCheck): TlsCertificateFlags {
    const [first, ...others] = check.chain
    const own = first === undefined ? undefined : read(first)
    if (own === undefined) return GENERIC_ERROR
    const { anchors, when } = check
    let flags = new Path(readAll(others, when), readAll(anchors, when), check).walk(own)
    if (hasWeakKey(own.x509)) flags |= INSECURE
    if (check.identity !== "" && !names(own, check.identity)) flags |= BAD_IDENTITY
    if (!own.constraints.maySign || !hasUsage(own, check.purpose)) flags |= GENERIC_ERROR
    return flags
}
