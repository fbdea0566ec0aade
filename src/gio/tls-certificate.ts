import { equal, wipe } from "../dtls/bytes/bytes.js"
import { type PrivateKey } from "../dtls/handshake/question.js"
import { alternativeNames, nameText, readValidity } from "../dtls/wire/x509-names.js"
import { type CertificateFields, readCertificate } from "../dtls/wire/x509.js"
import { type Services } from "../platform/services.js"
import { CertificatePurpose, TlsCertificateFlags } from "./enums.js"
import { ErrorDomain, GError, invalidArgument, TlsError } from "./errors.js"
import { type PemBlock, readPem } from "./pem.js"

/** GIO's error for whatever cannot be read as a certificate or key. */
export function badCertificate(message: string): GError {
    return new GError(ErrorDomain.tls, TlsError.BAD_CERTIFICATE, message)
}

/**
 * Gio.TlsCertificate: an X.509 certificate, perhaps with its private key, perhaps with the certificate of its issuer.
 * Nothing of it is verified until `verify` is called. The key is an object of the platform: its bytes are in no field.
 * @devsWhenUsed
 */
export class TlsCertificate {
    private fields: CertificateFields

    /**
     * @param certificate DER; @param issuer the next certificate of the chain, as far as there is one
     * Throws TlsError.BAD_CERTIFICATE.
     */
    constructor(
        private services: Services,
        readonly certificate: Buffer,
        readonly issuer: TlsCertificate | undefined,
        readonly privateKey: PrivateKey | undefined,
    ) {
        if (!(certificate instanceof Buffer)) throw invalidArgument("certificate", "a Buffer")
        const fields = readCertificate(certificate)
        if (fields === undefined) throw badCertificate("Could not parse DER certificate")
        this.fields = fields
    }

    /**
     * The first certificate of a text, with the private key that stands there (PKCS#8 or SEC 1, not encrypted) and with the
     * chain that follows it. Throws TlsError.BAD_CERTIFICATE.
     */
    static newFromPem(services: Services, text: string): TlsCertificate {
        const blocks = pemBlocks(text)
        const ders = certificatesOf(blocks)
        if (ders.length === 0) throw badCertificate("No PEM-encoded certificate found")
        return certificateChain(services, ders, importKey(services, blocks)) as TlsCertificate
    }

    /** Every certificate of a text, each alone; none is an empty array. Throws TlsError.BAD_CERTIFICATE. */
    static listNewFromPem(services: Services, text: string): TlsCertificate[] {
        return certificatesOf(pemBlocks(text)).map((der) => new TlsCertificate(services, der, undefined, undefined))
    }

    getIssuer(): TlsCertificate | undefined {
        return this.issuer
    }

    /** "O=Example,CN=Example CA", as GIO writes it; undefined when the name is malformed. */
    getIssuerName(): string | undefined {
        return nameText(this.fields.issuer)
    }

    getSubjectName(): string | undefined {
        return nameText(this.fields.subject)
    }

    /** dNSNames of subjectAltName. */
    getDnsNames(): string[] {
        const names = alternativeNames(this.fields)
        return names === undefined ? [] : names.dns
    }

    /** iPAddresses of subjectAltName, 4 or 16 bytes each. */
    getIpAddresses(): Buffer[] {
        const names = alternativeNames(this.fields)
        return names === undefined ? [] : names.ip
    }

    /** Unix seconds; undefined when it is malformed. */
    getNotValidBefore(): number | undefined {
        const validity = readValidity(this.fields)
        return validity === undefined ? undefined : validity.notBefore
    }

    /** Unix seconds; undefined when it is malformed. */
    getNotValidAfter(): number | undefined {
        const validity = readValidity(this.fields)
        return validity === undefined ? undefined : validity.notAfter
    }

    /** SubjectPublicKeyInfo, DER: what a raw public key of the same key is (RFC 7250 §3). */
    getPublicKey(): Buffer {
        return this.fields.publicKey
    }

    /** The DER of this certificate and of its issuers. */
    getChain(): Buffer[] {
        const chain: Buffer[] = []
        let certificate: TlsCertificate | undefined = this
        while (certificate !== undefined) {
            chain.push(certificate.certificate)
            certificate = certificate.issuer
        }
        return chain
    }

    isSame(other: TlsCertificate): boolean {
        return equal(this.certificate, other.certificate)
    }

    /**
     * Whether it may be believed, for clients or for servers.
     * @param identity host name or IP address that it must have (RFC 9525); undefined: BAD_IDENTITY is not looked for
     * @param trustedCa undefined: UNKNOWN_CA is not looked for
     */
    async verify(identity: string | undefined, trustedCa: TlsCertificate | undefined): Promise<TlsCertificateFlags> {
        const chain = this.getChain()
        const anchor = trustedCa === undefined ? chain[chain.length - 1] : trustedCa.certificate
        const request = {
            chain,
            anchors: [anchor],
            identity: identity ?? "",
            purpose: CertificatePurpose.authenticateServer,
            when: this.services.wallClock(),
        }
        let flags = await this.services.checkCertificates(request)
        if ((flags & TlsCertificateFlags.GENERIC_ERROR) !== 0) {
            request.purpose = CertificatePurpose.authenticateClient
            flags = await this.services.checkCertificates(request)
        }
        return trustedCa === undefined ? flags & ~TlsCertificateFlags.UNKNOWN_CA : flags
    }
}

/**
 * A chain as peers send it, the own certificate first; undefined when there is none. Throws TlsError.BAD_CERTIFICATE.
 * @param key of the first certificate
 */
export function certificateChain(
    services: Services,
    ders: Buffer[],
    key: PrivateKey | undefined,
): TlsCertificate | undefined {
    let certificate: TlsCertificate | undefined = undefined
    for (let i = ders.length - 1; i >= 0; i--)
        certificate = new TlsCertificate(services, ders[i], certificate, i === 0 ? key : undefined)
    return certificate
}

function pemBlocks(text: string): PemBlock[] {
    if (typeof text !== "string") throw invalidArgument("data", "a text in PEM")
    const blocks = readPem(text)
    if (blocks === undefined) throw badCertificate("Could not parse PEM: a block is cut, or is not base64")
    return blocks
}

function certificatesOf(blocks: PemBlock[]): Buffer[] {
    return blocks.filter((block) => block.label === "CERTIFICATE").map((block) => block.data)
}

/** The first key; its bytes are wiped. */
function importKey(services: Services, blocks: PemBlock[]): PrivateKey | undefined {
    const found = blocks.find((block) => block.label.endsWith("PRIVATE KEY"))
    if (found === undefined) return undefined
    if (found.label.startsWith("ENCRYPTED")) throw badCertificate("The private key is encrypted: decrypt it first")
    const key = services.importPrivateKey(found.data)
    wipe(found.data)
    if (key === undefined) throw badCertificate("Could not parse PEM-encoded private key, or it is of an unknown kind")
    return key
}
