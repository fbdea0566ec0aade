import { Association } from "../dtls/association/association.js"
import { type SavedVersion } from "../dtls/association/saved-association.js"
import { SavedVersionV12 } from "../dtls/association/v12/saved-version.js"
import { clientRole } from "../dtls/association/v12/roles.js"
import { type Services } from "../platform/services.js"
import { ClientConnection } from "./client-connection.js"
import { type DatagramBased } from "./datagram-based.js"
import { type DtlsSettings } from "./settings.js"

/** Creates a client connection for certain versions. The parameters are those of the constructors. */
export type NewClientConnection = (
    services: Services,
    base: DatagramBased,
    settings: DtlsSettings,
    serverIdentity: string | undefined,
) => DtlsClientConnection

/**
 * Gio.DtlsClientConnection for DTLS 1.2. The base socket must be connected to the server, or receive from the server only.
 * @devsWhenUsed
 */
export class DtlsClientConnection extends ClientConnection {
    newAssociation(): Association {
        return new Association(this.associationSettings(), clientRole(), 0, 0)
    }

    savedVersions(): SavedVersion[] {
        return [new SavedVersionV12(clientRole())]
    }
}
