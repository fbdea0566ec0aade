import { Association } from "../../dtls/association/association.js"
import { clientRoleV13 } from "../../dtls/association/v13/roles.js"
import { DtlsClientConnection } from "../dtls-client-connection.js"

/**
 * A client of DTLS 1.3, and of no other version.
 * @devsWhenUsed
 */
export class DtlsClientConnectionV13 extends DtlsClientConnection {
    protected override newAssociation(): Association {
        return new Association(this.associationSettings(), clientRoleV13(), 0, 0)
    }
}
