import { Association } from "../dtls/association/association.js"
import { loadAssociation, type LoadedAssociation } from "../dtls/association/saved-association.js"
import { type Aead } from "../dtls/crypto/provider.js"
import { type AssociationSettings } from "../dtls/handshake/settings.js"
import { ClientEndpoint } from "../dtls/endpoint/client-endpoint.js"
import { FailureReason } from "../dtls/handshake/failure.js"
import { type Services } from "../platform/services.js"
import { certificateOf } from "./certificate-calls.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump } from "./endpoint-pump.js"
import { DtlsConnection } from "./dtls-connection.js"
import { CertificatePurpose, TlsCertificateFlags } from "./enums.js"
import { invalidArgument, ioError, IOErrorEnum } from "./errors.js"
import { asGError, outOfNumbers } from "./saved-errors.js"
import { associationSettings, type DtlsSettings } from "./settings.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/**
 * The common part of client connections of all versions.
 * @devsWhenUsed
 */
export abstract class ClientConnection extends DtlsConnection {
    private validationFlags = TlsCertificateFlags.VALIDATE_ALL
    private acceptedCas: Buffer[] | undefined

    constructor(
        services: Services,
        base: DatagramBased,
        settings: DtlsSettings,
        private serverIdentity: string | undefined,
    ) {
        super(services, base, settings)
    }

    /** Creates an association for the version of the class. */
    abstract newAssociation(): Association

    protected async begin(): Promise<void> {
        if (this.pump !== undefined) return
        await this.drive(this.newAssociation())
    }

    protected associationSettings(): AssociationSettings {
        return associationSettings(this.services, this.settings, this.newExtensions())
    }

    /**
     * Resumes an association that `exportAssociation` saved, without a handshake. Before you send anything, export the association again
     * and save the result: until then a send throws NO_SPACE, and received messages are held back (`takeHeld`).
     * @param minimumGeneration generation of the newest copy that is known to exist; an older copy is refused
     * Throws GError: INVALID_ARGUMENT (for `saved`), NOT_SUPPORTED; PENDING if this connection has already begun.
     */
    async importAssociation(saved: Buffer, wrapper: Aead, minimumGeneration: number): Promise<void> {
        if (this.pump !== undefined) throw ioError(IOErrorEnum.PENDING, "This connection has begun")
        const loaded = this.load(saved, wrapper, minimumGeneration)
        this.generation = loaded.note.generation
        this.outOfNumbers = outOfNumbers()
        await this.drive(loaded.association)
    }

    private load(saved: Buffer, wrapper: Aead, minimumGeneration: number): LoadedAssociation {
        const now = this.services.now()
        const versions = this.savedVersions()
        try {
            return loadAssociation(this.associationSettings(), versions, wrapper, saved, minimumGeneration, now)
        } catch (error) {
            throw asGError(error)
        }
    }

    private async drive(association: Association): Promise<void> {
        const endpoint = new ClientEndpoint(association, undefined)
        this.peer = endpoint.peer
        this.pump = new EndpointPump(this.services, this.base, this.settings, endpoint, this)
        this.pump.start()
        association.begin(this.services.now())
        await this.touch(endpoint.peer)
    }

    /** Ends this connection without notifying the server, which keeps the association. An exported state may still be imported. */
    abandon(): void {
        this.readClosed = true
        this.writeClosed = true
        const association = this.association()
        if (association !== undefined) association.drop(FailureReason.closedLocally)
        this.release()
        this.changed.notify()
    }

    protected release(): void {
        if (this.pump !== undefined) this.pump.stop()
    }

    getServerIdentity(): string | undefined {
        return this.serverIdentity
    }

    /**
     * Sets the expected identity of the server.
     * @param identity host name or IP address that the server's certificate must contain (RFC 9525); undefined: see `verifyPeer`
     */
    setServerIdentity(identity: string | undefined): void {
        this.serverIdentity = identity
    }

    /** The certificate errors for which a server is refused, unless an accept-certificate handler accepts it. Default: all errors. */
    getValidationFlags(): TlsCertificateFlags {
        return this.validationFlags
    }

    setValidationFlags(flags: TlsCertificateFlags): void {
        if (typeof flags !== "number") throw invalidArgument("validation_flags", "a number made of TlsCertificateFlags")
        this.validationFlags = flags
    }

    /**
     * The names (DER of Name) of the authorities that the server accepts. Empty: the server requested no certificate, or accepts any
     * authority.
     */
    getAcceptedCas(): Buffer[] {
        return this.acceptedCas ?? []
    }

    async certificateRequested(authorities: Buffer[]): Promise<void> {
        this.acceptedCas = authorities
        const interaction = this.interaction
        if (interaction === undefined || this.getCertificate() !== undefined) return
        await interaction.requestCertificate(this)
    }

    /** Without an expected identity every certificate has the error BAD_IDENTITY, as in GIO. */
    async verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags> {
        const identity = this.serverIdentity
        const errors = await database.verifyChain(peer, CertificatePurpose.authenticateServer, identity)
        return identity === undefined ? errors | TlsCertificateFlags.BAD_IDENTITY : errors
    }

    async acceptsPeer(peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean> {
        return (errors & this.validationFlags) === 0 || (await this.acceptCertificate(peer, errors))
    }

    protected serverCertificate(): Buffer {
        return certificateOf(this.presentedByPeer())
    }
}
