import { Association } from "../../dtls/association/association.js"
import { AssociationPhase } from "../../dtls/association/association-state.js"
import { type SavedVersion } from "../../dtls/association/saved-association.js"
import { SavedVersionV12 } from "../../dtls/association/v12/saved-version.js"
import { clientRoleV12V13, clientRoleV13 } from "../../dtls/association/v13/roles.js"
import { SavedVersionV13 } from "../../dtls/association/v13/saved-version.js"
import { NEVER } from "../../dtls/flight/retransmission.js"
import { clientRole } from "../../dtls/association/v12/roles.js"
import { type Services, type Signal } from "../../platform/services.js"
import { type Cancellable } from "../cancellable.js"
import { ClientConnection } from "../client-connection.js"
import { ioError, IOErrorEnum } from "../errors.js"
import { Waited, waitUntil } from "../waiting.js"

/**
 * A client connection that supports DTLS 1.3 only.
 * @devsWhenUsed
 */
export class DtlsClientConnectionV13 extends ClientConnection {
    newAssociation(): Association {
        return new Association(this.associationSettings(), clientRoleV13(), 0, 0)
    }

    savedVersions(): SavedVersion[] {
        return [new SavedVersionV13(clientRoleV13())]
    }

    override async exportable(cancellable?: Cancellable): Promise<boolean> {
        return await acknowledged(this.association(), this.services, this.changed, cancellable)
    }
}

/**
 * A client connection that supports DTLS 1.2 and 1.3 and uses the version that the server selects. If it uses connection ids, add the DTLS
 * 1.3 extension, `connectionIdsV13`.
 * @devsWhenUsed
 */
export class DtlsClientConnectionV12V13 extends ClientConnection {
    newAssociation(): Association {
        return new Association(this.associationSettings(), clientRoleV12V13(), 0, 0)
    }

    savedVersions(): SavedVersion[] {
        return [new SavedVersionV13(clientRoleV13()), new SavedVersionV12(clientRole())]
    }

    override async exportable(cancellable?: Cancellable): Promise<boolean> {
        return await acknowledged(this.association(), this.services, this.changed, cancellable)
    }
}

/** Waits until the server has acknowledged the last flight of the handshake. @returns false: the association has ended */
async function acknowledged(
    association: Association | undefined,
    services: Services,
    changed: Signal,
    cancellable: Cancellable | undefined,
): Promise<boolean> {
    if (association === undefined) return false
    const ready = () => {
        const { driver, phase } = association
        return phase > AssociationPhase.connected || driver === undefined || driver.isSettled()
    }
    const waited = await waitUntil(services, changed, ready, NEVER, cancellable)
    if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
    return association.phase === AssociationPhase.connected
}
