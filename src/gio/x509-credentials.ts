import {
    type CertificateAnswer,
    type CertificateQuestion,
    type PresentedCertificate,
} from "../dtls/handshake/question.js"
import { firstCommon } from "../dtls/key-exchange/ecdhe.js"
import { CertificateType } from "../dtls/wire/code-points.js"
import { type Services } from "../platform/services.js"
import { type AskingConnection } from "./credentials.js"
import { TlsCertificateFlags } from "./enums.js"
import { GError, invalidArgument } from "./errors.js"
import { KeyCredentials, plainVerdict, type Verdict } from "./key-credentials.js"
import { certificateChain, TlsCertificate } from "./tls-certificate.js"
import { TlsDatabase } from "./tls-database.js"

/**
 * Credentials with X.509 certificates. Peers are trusted if a trusted authority certifies them (RFC 5280) and their certificate has the
 * expected name (RFC 9525), subject to the connection's settings (validation flags, accept-certificate).
 * @devsWhenUsed
 */
export class X509Credentials extends KeyCredentials {
    private certificates: TlsCertificate[]

    /**
     * @param certificate this side's certificate with its private key, or several, such as one ECDSA and one RSA certificate: the first
     * that suits the peer is presented. Used by connections without a certificate of their own. undefined: none
     * @param database trusted authorities, used by connections without a database of their own; undefined: none
     */
    constructor(
        private services: Services,
        certificate: TlsCertificate | TlsCertificate[] | undefined,
        private database: TlsDatabase | undefined,
    ) {
        super()
        const none: TlsCertificate[] = []
        this.certificates = certificate === undefined ? none : Array.isArray(certificate) ? certificate : [certificate]
        for (const own of this.certificates)
            if (!(own instanceof TlsCertificate)) throw invalidArgument("certificate", "a TlsCertificate, or none")
        if (database !== undefined && !(database instanceof TlsDatabase))
            throw invalidArgument("database", "a TlsDatabase, or none")
    }

    protected override async present(
        question: CertificateQuestion,
        connection: AskingConnection,
    ): Promise<CertificateAnswer | undefined> {
        if (question.types.indexOf(CertificateType.x509) < 0) return undefined
        await connection.certificateRequested(question.authorities)
        const certificate = connection.getCertificate() ?? this.fitting(question.schemes)
        if (certificate === undefined || certificate.privateKey === undefined) return undefined
        return { type: CertificateType.x509, certificates: certificate.getChain(), key: certificate.privateKey }
    }

    /**
     * The first certificate that the peer can verify. If there is none, the very first one, so that the handshake reports what the two
     * sides lack in common.
     */
    private fitting(schemes: number[]): TlsCertificate | undefined {
        for (const own of this.certificates) {
            const { privateKey } = own
            if (privateKey !== undefined && firstCommon(schemes, privateKey.schemes) !== undefined) return own
        }
        return this.certificates[0]
    }

    protected override async judge(
        peer: PresentedCertificate,
        _publicKey: Buffer,
        connection: AskingConnection,
    ): Promise<Verdict> {
        if (peer.type !== CertificateType.x509) return plainVerdict(TlsCertificateFlags.UNKNOWN_CA)
        const chain = this.chainOf(peer.certificates)
        if (chain === undefined) return plainVerdict(TlsCertificateFlags.GENERIC_ERROR)
        const database = connection.getDatabase() ?? this.database ?? new TlsDatabase(this.services, [])
        const errors = await connection.verifyPeer(chain, database)
        return { errors, isAccepted: await connection.acceptsPeer(chain, errors) }
    }

    /** undefined: a certificate cannot be read. */
    private chainOf(certificates: Buffer[]): TlsCertificate | undefined {
        try {
            return certificateChain(this.services, certificates, undefined)
        } catch (error) {
            if (error instanceof GError) return undefined
            throw error
        }
    }
}
