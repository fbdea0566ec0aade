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
 * What client connections of every version have.
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

    /** In the version that the class speaks. */
    abstract newAssociation(): Association

    protected async begin(): Promise<void> {
        if (this.pump !== undefined) return
        await this.drive(this.newAssociation())
    }

    protected associationSettings(): AssociationSettings {
        return associationSettings(this.services, this.settings, this.newExtensions())
    }

    /**
     * Goes on with what `exportAssociation` gave, in place of a handshake. Export it anew, and save that, before anything is
     * sent: until then a send throws NO_SPACE, and what arrives waits (`takeHeld`).
     * @param minimumGeneration of the newest copy that is known to exist; an older one is refused
     * Throws GError: INVALID_ARGUMENT (`saved`), NOT_SUPPORTED; PENDING when this connection has begun.
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

    /** Ends this connection without a word to the server, where the association goes on: what was exported may be imported. */
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

    /** @param identity host name or IP address that the server's certificate must have (RFC 9525); undefined: see `verifyPeer` */
    setServerIdentity(identity: string | undefined): void {
        this.serverIdentity = identity
    }

    /** The errors for which a server is refused unless an accept-certificate handler accepts it; all of them, unless set. */
    getValidationFlags(): TlsCertificateFlags {
        return this.validationFlags
    }

    setValidationFlags(flags: TlsCertificateFlags): void {
        if (typeof flags !== "number") throw invalidArgument("validation_flags", "a number made of TlsCertificateFlags")
        this.validationFlags = flags
    }

    /** DER of the Names of the authorities that the server accepts; none: it asked for no certificate, or for any. */
    getAcceptedCas(): Buffer[] {
        return this.acceptedCas ?? []
    }

    async certificateRequested(authorities: Buffer[]): Promise<void> {
        this.acceptedCas = authorities
        const interaction = this.interaction
        if (interaction === undefined || this.getCertificate() !== undefined) return
        await interaction.requestCertificate(this)
    }

    /** Without an identity that it could be compared with, a certificate has BAD_IDENTITY, as with GIO. */
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
