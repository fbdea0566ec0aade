import { equal, wipe } from "../dtls/bytes/bytes.js"
import { type PrivateKey } from "../dtls/handshake/question.js"
import { alternativeNames, nameText, readValidity } from "../dtls/wire/x509-names.js"
import { type CertificateFields, readCertificate } from "../dtls/wire/x509.js"
import { type Services } from "../platform/services.js"
import { CertificatePurpose, TlsCertificateFlags } from "./enums.js"
import { ErrorDomain, GError, invalidArgument, TlsError } from "./errors.js"
import { type PemBlock, readPem } from "./pem.js"

/** GIO's error for data that is not a valid certificate or key. */
export function badCertificate(message: string): GError {
    return new GError(ErrorDomain.tls, TlsError.BAD_CERTIFICATE, message)
}

/**
 * Gio.TlsCertificate: an X.509 certificate, optionally with its private key and its issuer's certificate. Nothing is verified before
 * `verify` is called. The platform holds the private key, and no property contains its bytes.
 * @devsWhenUsed
 */
export class TlsCertificate {
    private fields: CertificateFields

    /**
     * @param certificate DER
     * @param issuer the next certificate of the chain, if there is one
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
     * Reads the first certificate of a PEM text, with its private key (PKCS#8 or SEC 1, not encrypted) and chain if the text contains them.
     * Throws TlsError.BAD_CERTIFICATE.
     */
    static newFromPem(services: Services, text: string): TlsCertificate {
        const blocks = pemBlocks(text)
        const ders = certificatesOf(blocks)
        if (ders.length === 0) throw badCertificate("No PEM-encoded certificate found")
        return certificateChain(services, ders, importKey(services, blocks)) as TlsCertificate
    }

    /**
     * Reads all certificates of a PEM text, each without a chain. Returns an empty array if there are none. Throws
     * TlsError.BAD_CERTIFICATE.
     */
    static listNewFromPem(services: Services, text: string): TlsCertificate[] {
        return certificatesOf(pemBlocks(text)).map((der) => new TlsCertificate(services, der, undefined, undefined))
    }

    getIssuer(): TlsCertificate | undefined {
        return this.issuer
    }

    /** The issuer's name in GIO's form, such as "O=Example,CN=Example CA"; undefined if the name is malformed. */
    getIssuerName(): string | undefined {
        return nameText(this.fields.issuer)
    }

    getSubjectName(): string | undefined {
        return nameText(this.fields.subject)
    }

    /** The dNSName entries of subjectAltName. */
    getDnsNames(): string[] {
        const names = alternativeNames(this.fields)
        return names === undefined ? [] : names.dns
    }

    /** The iPAddress entries of subjectAltName, 4 or 16 bytes each. */
    getIpAddresses(): Buffer[] {
        const names = alternativeNames(this.fields)
        return names === undefined ? [] : names.ip
    }

    /** Start of the validity period, Unix seconds; undefined if the validity period is malformed. */
    getNotValidBefore(): number | undefined {
        const validity = readValidity(this.fields)
        return validity === undefined ? undefined : validity.notBefore
    }

    /** End of the validity period, Unix seconds; undefined if the validity period is malformed. */
    getNotValidAfter(): number | undefined {
        const validity = readValidity(this.fields)
        return validity === undefined ? undefined : validity.notAfter
    }

    /** The SubjectPublicKeyInfo (DER). A raw public key of the same key has the same bytes (RFC 7250 §3). */
    getPublicKey(): Buffer {
        return this.fields.publicKey
    }

    /** This certificate and its issuers, in DER. */
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
     * Verifies this certificate as that of a server, or else of a client. Returns the errors found.
     * @param identity host name or IP address that the certificate must contain (RFC 9525); undefined: BAD_IDENTITY is not checked
     * @param trustedCa undefined: UNKNOWN_CA is not checked
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
 * Makes a chain from certificates in the order in which peers send them, the peer's own certificate first; undefined if there are none.
 * Throws TlsError.BAD_CERTIFICATE.
 * @param key private key of the first certificate
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

/** Imports the first private key of the text, and wipes its bytes. */
function importKey(services: Services, blocks: PemBlock[]): PrivateKey | undefined {
    const found = blocks.find((block) => block.label.endsWith("PRIVATE KEY"))
    if (found === undefined) return undefined
    if (found.label.startsWith("ENCRYPTED")) throw badCertificate("The private key is encrypted: decrypt it first")
    const key = services.importPrivateKey(found.data)
    wipe(found.data)
    if (key === undefined) throw badCertificate("Could not parse PEM-encoded private key, or it is of an unknown kind")
    return key
}
