import { EMPTY } from "../dtls/bytes/bytes.js"
import { type PeerCertificate, type PresentedCertificate } from "../dtls/handshake/question.js"
import { CertificateType } from "../dtls/wire/code-points.js"
import { subjectPublicKeyInfo } from "../dtls/wire/x509.js"
import { TlsCertificateFlags } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { guardedLater } from "./guarded.js"
import { HandshakeCall } from "./handshake-call.js"
import { certificateChain, type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/**
 * accept-certificate (Gio.DtlsConnection): @returns true to accept in spite of `errors`, at once or later. The peer waits
 * meanwhile, until the handshake's deadline.
 */
export type AcceptCertificateHandler = (
    peerCert: TlsCertificate,
    errors: TlsCertificateFlags,
) => boolean | Promise<boolean>

/** Gio.TlsInteractionResult. */
export enum TlsInteractionResult {
    UNHANDLED = 0,
    HANDLED = 1,
    FAILED = 2,
}

/** Gio.TlsInteraction, as far as connections use it. */
export interface TlsInteraction {
    /**
     * A server asks for a certificate, and `connection` has none: the interaction may call its `setCertificate` now, and
     * look at `getAcceptedCas` for that.
     */
    requestCertificate(connection: RequestedConnection): Promise<TlsInteractionResult>
}

/** The client that is asked for a certificate. */
export interface RequestedConnection {
    setCertificate(certificate: TlsCertificate | undefined): void
    getAcceptedCas(): Buffer[]
}

/** DER of the certificate that a side presented; empty: none, or a raw public key. */
export function certificateOf(presented: PresentedCertificate | undefined): Buffer {
    if (presented === undefined || presented.type !== CertificateType.x509) return EMPTY
    return presented.certificates[0] as Buffer
}

/**
 * The certificates of both sides, and who decides about the peer's.
 * @devsWhenUsed
 */
export abstract class CertificateCalls extends HandshakeCall {
    private handlers: AcceptCertificateHandler[] = []
    private certificate: TlsCertificate | undefined
    private database: TlsDatabase | undefined
    protected interaction: TlsInteraction | undefined

    /** Asks the accept-certificate handlers until one accepts; without one the answer is false. What they throw is logged. */
    async acceptCertificate(peerCert: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean> {
        for (const handler of this.handlers) {
            if (await this.isAcceptedBy(handler, peerCert, errors)) return true
        }
        return false
    }

    private async isAcceptedBy(
        handler: AcceptCertificateHandler,
        peerCert: TlsCertificate,
        errors: TlsCertificateFlags,
    ): Promise<boolean> {
        const ask = async () => (await handler(peerCert, errors)) === true
        return await guardedLater(this.services, "An accept-certificate handler", ask, false)
    }

    /** @param signal "accept-certificate" */
    connect(signal: string, handler: AcceptCertificateHandler): void {
        if (signal !== "accept-certificate") throw invalidArgument("signal", "only accept-certificate exists")
        if (typeof handler !== "function") throw invalidArgument("handler", "a function is needed")
        this.handlers.push(handler)
    }

    /** Presented in place of the credentials' own one. Set it before the handshake, or when an interaction is asked. */
    setCertificate(certificate: TlsCertificate | undefined): void {
        this.certificate = certificate
    }

    /** What `setCertificate` set. */
    getCertificate(): TlsCertificate | undefined {
        return this.certificate
    }

    /** Authorities that are trusted in place of the credentials' own ones. */
    setDatabase(database: TlsDatabase | undefined): void {
        this.database = database
    }

    getDatabase(): TlsDatabase | undefined {
        return this.database
    }

    /** Asked by a client that has no certificate when a server wants one. */
    setInteraction(interaction: TlsInteraction | undefined): void {
        this.interaction = interaction
    }

    getInteraction(): TlsInteraction | undefined {
        return this.interaction
    }

    /**
     * The certificate that the peer presented, with its chain; also one that was not accepted. undefined before it came, without
     * one, and for a raw public key. That the peer has its private key is proved when the handshake is done.
     */
    getPeerCertificate(): TlsCertificate | undefined {
        const presented = this.presentedByPeer()
        if (presented === undefined || presented.type !== CertificateType.x509) return undefined
        return certificateChain(this.services, presented.certificates, undefined)
    }

    /** What was wrong with it, also when it was accepted all the same. */
    getPeerCertificateErrors(): TlsCertificateFlags {
        const presented = this.presentedByPeer()
        return presented === undefined ? TlsCertificateFlags.NO_FLAGS : presented.errors
    }

    /** SubjectPublicKeyInfo, DER, of the peer's raw public key or certificate; undefined without one. */
    getPeerPublicKey(): Buffer | undefined {
        const presented = this.presentedByPeer()
        if (presented === undefined) return undefined
        const first = presented.certificates[0] as Buffer
        return presented.type === CertificateType.x509 ? subjectPublicKeyInfo(first) : first
    }

    protected presentedByPeer(): PeerCertificate | undefined {
        const association = this.association()
        return association === undefined ? undefined : association.parameters.peerCertificate
    }

    /** DER of the certificate that the server of this connection presented; empty: none, or a raw public key. */
    protected abstract serverCertificate(): Buffer
}
