import { readCertificate } from "../dtls/wire/x509.js"
import { type Services } from "../platform/services.js"
import { type CertificatePurpose, type TlsCertificateFlags } from "./enums.js"
import { badCertificate, TlsCertificate } from "./tls-certificate.js"

/**
 * Gio.TlsDatabase: the trusted certificate authorities.
 * @devsWhenUsed
 */
export class TlsDatabase {
    /** @param anchors DER of each authority; on a device at most 16, and at most 32768 bytes together with a peer's chain */
    constructor(
        private services: Services,
        readonly anchors: Buffer[],
    ) {}

    /** Like Gio.TlsFileDatabase, from the content of the file. Throws TlsError.BAD_CERTIFICATE. */
    static newFromPem(services: Services, text: string): TlsDatabase {
        const list = TlsCertificate.listNewFromPem(services, text)
        if (list.length === 0) throw badCertificate("No PEM-encoded certificate found")
        return new TlsDatabase(
            services,
            list.map((entry) => entry.certificate),
        )
    }

    /** The names of the authorities (DER of Name), for a CertificateRequest (RFC 5246 §7.4.4). */
    subjects(): Buffer[] {
        const names: Buffer[] = []
        for (const anchor of this.anchors) {
            const fields = readCertificate(anchor)
            if (fields !== undefined) names.push(fields.subject)
        }
        return names
    }

    /**
     * Verifies a peer's certificate for the current time. If the time is not known, the validity period is not checked.
     * @param chain the peer's own certificate, with its issuers as `issuer`
     * @param identity host name or IP address that the certificate must contain (RFC 9525); undefined: any
     */
    async verifyChain(
        chain: TlsCertificate,
        purpose: CertificatePurpose,
        identity: string | undefined,
    ): Promise<TlsCertificateFlags> {
        return await this.services.checkCertificates({
            chain: chain.getChain(),
            anchors: this.anchors,
            identity: identity ?? "",
            purpose,
            when: this.services.wallClock(),
        })
    }
}
