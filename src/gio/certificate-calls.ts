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
 * Handler of the signal accept-certificate (Gio.DtlsConnection). The handshake waits for its answer, up to the handshake's deadline.
 * @returns true, or a promise of true, to accept the certificate in spite of `errors`
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

/** Gio.TlsInteraction, the part that connections use. */
export interface TlsInteraction {
    /**
     * Called when a server requests a certificate and `connection` has none. The interaction may call `connection.setCertificate`, and
     * `getAcceptedCas` to find out which authorities the server accepts.
     */
    requestCertificate(connection: RequestedConnection): Promise<TlsInteractionResult>
}

/** The client connection from which a certificate is requested. */
export interface RequestedConnection {
    setCertificate(certificate: TlsCertificate | undefined): void
    getAcceptedCas(): Buffer[]
}

/** The DER encoding of a presented certificate; empty if there is none, and for a raw public key. */
export function certificateOf(presented: PresentedCertificate | undefined): Buffer {
    if (presented === undefined || presented.type !== CertificateType.x509) return EMPTY
    return presented.certificates[0] as Buffer
}

/**
 * The certificates of both sides, and the decision whether to accept the peer's certificate.
 * @devsWhenUsed
 */
export abstract class CertificateCalls extends HandshakeCall {
    private handlers: AcceptCertificateHandler[] = []
    private certificate: TlsCertificate | undefined
    private database: TlsDatabase | undefined
    protected interaction: TlsInteraction | undefined

    /**
     * Calls the accept-certificate handlers until one of them accepts. Returns false without a handler. Errors that handlers throw are
     * logged.
     */
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

    /** Adds a handler of a signal. @param signal "accept-certificate", the only signal */
    connect(signal: string, handler: AcceptCertificateHandler): void {
        if (signal !== "accept-certificate") throw invalidArgument("signal", "only accept-certificate exists")
        if (typeof handler !== "function") throw invalidArgument("handler", "a function is needed")
        this.handlers.push(handler)
    }

    /** Sets the certificate to present instead of the one in the credentials. Call it before the handshake, or from an interaction. */
    setCertificate(certificate: TlsCertificate | undefined): void {
        this.certificate = certificate
    }

    /** The certificate that was set with `setCertificate`. */
    getCertificate(): TlsCertificate | undefined {
        return this.certificate
    }

    /** Sets the trusted authorities to use instead of those in the credentials. */
    setDatabase(database: TlsDatabase | undefined): void {
        this.database = database
    }

    getDatabase(): TlsDatabase | undefined {
        return this.database
    }

    /** Sets the interaction that a client without a certificate calls when a server requests one. */
    setInteraction(interaction: TlsInteraction | undefined): void {
        this.interaction = interaction
    }

    getInteraction(): TlsInteraction | undefined {
        return this.interaction
    }

    /**
     * The certificate that the peer presented, with its chain, even if it was not accepted. undefined before it has arrived, if the peer
     * has none, and for a raw public key. Only a complete handshake proves that the peer has the private key.
     */
    getPeerCertificate(): TlsCertificate | undefined {
        const presented = this.presentedByPeer()
        if (presented === undefined || presented.type !== CertificateType.x509) return undefined
        return certificateChain(this.services, presented.certificates, undefined)
    }

    /** The errors found in the peer's certificate, even if it was accepted. */
    getPeerCertificateErrors(): TlsCertificateFlags {
        const presented = this.presentedByPeer()
        return presented === undefined ? TlsCertificateFlags.NO_FLAGS : presented.errors
    }

    /** The SubjectPublicKeyInfo (DER) of the peer's certificate or raw public key; undefined if the peer presented neither. */
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

    /** The DER encoding of the certificate that the server of this connection presented; empty if it has none, and for a raw public key. */
    protected abstract serverCertificate(): Buffer
}
