import { Association } from "../dtls/association/association.js"
import { loadAssociation, type LoadedAssociation } from "../dtls/association/saved-association.js"
import { type Aead } from "../dtls/crypto/provider.js"
import { type AssociationSettings } from "../dtls/handshake/settings.js"
import { ClientEndpoint } from "../dtls/endpoint/client-endpoint.js"
import { FailureReason } from "../dtls/handshake/failure.js"
import { clientRole } from "../dtls/handshake/v12/client.js"
import { type Services } from "../platform/services.js"
import { Answering } from "./credentials.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump } from "./endpoint-pump.js"
import { DtlsConnection } from "./dtls-connection.js"
import { TlsCertificateFlags } from "./enums.js"
import { ioError, IOErrorEnum } from "./errors.js"
import { asGError, outOfNumbers } from "./saved-errors.js"
import { associationSettings, type DtlsSettings } from "./settings.js"

/**
 * Gio.DtlsClientConnection. The base socket is connected to the server, or only ever hears from it.
 * @devsWhenUsed
 */
export class DtlsClientConnection extends DtlsConnection {
    private validationFlags = TlsCertificateFlags.VALIDATE_ALL

    constructor(
        services: Services,
        base: DatagramBased,
        settings: DtlsSettings,
        private serverIdentity: string | undefined,
    ) {
        super(services, base, settings)
    }

    /** In the version that this class speaks. */
    protected newAssociation(): Association {
        return new Association(this.associationSettings(), clientRole(), 0, 0)
    }

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
        try {
            return loadAssociation(this.associationSettings(), clientRole(), wrapper, saved, minimumGeneration, now)
        } catch (error) {
            throw asGError(error)
        }
    }

    private async drive(association: Association): Promise<void> {
        const endpoint = new ClientEndpoint(association, undefined)
        const { datagramBytes } = this.settings.limits
        this.peer = endpoint.peer
        this.pump = new EndpointPump(
            this.services,
            this.base,
            endpoint,
            new Answering(this.services, this.settings.credentials),
            this,
            datagramBytes,
        )
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

    /** Of no effect without certificates. */
    getValidationFlags(): TlsCertificateFlags {
        return this.validationFlags
    }

    setValidationFlags(flags: TlsCertificateFlags): void {
        this.validationFlags = flags
    }

    /** Names of the certificate authorities that the server accepts: none without a CertificateRequest. */
    getAcceptedCas(): Buffer[] {
        return []
    }
}
