import { Association } from "../dtls/association/association.js"
import { ClientEndpoint } from "../dtls/endpoint/client-endpoint.js"
import { clientRole } from "../dtls/handshake/v12/client.js"
import { type Services } from "../platform/services.js"
import { Answering } from "./credentials.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump } from "./endpoint-pump.js"
import { DtlsConnection } from "./dtls-connection.js"
import { TlsCertificateFlags } from "./enums.js"
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

    protected async begin(): Promise<void> {
        if (this.pump !== undefined) return
        const settings = associationSettings(this.services, this.settings, this.newExtensions())
        const association = new Association(settings, clientRole(), 0, 0)
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
