import { Association } from "../../dtls/association/association.js"
import { clientRoleV12V13, clientRoleV13 } from "../../dtls/association/v13/roles.js"
import { ClientConnection } from "../client-connection.js"

/**
 * A client of DTLS 1.3, and of no other version.
 * @devsWhenUsed
 */
export class DtlsClientConnectionV13 extends ClientConnection {
    newAssociation(): Association {
        return new Association(this.associationSettings(), clientRoleV13(), 0, 0)
    }
}

/**
 * A client of DTLS 1.2 and 1.3, which goes on with the version that the server picks. Connection ids, where it has some, are those of DTLS
 * 1.3: `connectionIdsV13`.
 * @devsWhenUsed
 */
export class DtlsClientConnectionV12V13 extends ClientConnection {
    newAssociation(): Association {
        return new Association(this.associationSettings(), clientRoleV12V13(), 0, 0)
    }
}
