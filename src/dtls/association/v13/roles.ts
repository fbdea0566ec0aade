import { type Handshake } from "../../handshake/handshake.js"
import { type AssociationSettings } from "../../handshake/settings.js"
import { newClientHandshake } from "../../handshake/v13/client.js"
import { newClientHandshakeV12V13 } from "../../handshake/v13/client-v12-v13.js"
import { newServerHandshake } from "../../handshake/v13/server.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { type DriverOwner } from "../driver.js"
import { type DriverRole, type HandshakeDriver } from "../handshake-driver.js"
import { ClientDriverV12V13 } from "./client-driver-v12-v13.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/** @devsWhenUsed */
class ClientRoleV13 implements DriverRole {
    isClient = true

    newHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
        return newClientHandshake(settings, record, firstSeq)
    }

    newDriver(owner: DriverOwner, firstSeq: number): HandshakeDriver {
        return new HandshakeDriverV13(owner, this, firstSeq)
    }
}

/** @devsWhenUsed */
class ServerRoleV13 implements DriverRole {
    isClient = false

    newHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
        return newServerHandshake(settings, record, firstSeq)
    }

    newDriver(owner: DriverOwner, firstSeq: number): HandshakeDriver {
        return new HandshakeDriverV13(owner, this, firstSeq)
    }
}

/** @devsWhenUsed */
class ClientRoleV12V13 implements DriverRole {
    isClient = true

    newHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
        return newClientHandshakeV12V13(settings, record, firstSeq)
    }

    newDriver(owner: DriverOwner, firstSeq: number): HandshakeDriver {
        return new ClientDriverV12V13(owner, this, firstSeq)
    }
}

/** The client's side of DTLS 1.3 only. */
export function clientRoleV13(): DriverRole {
    return new ClientRoleV13()
}

/** The server's side of DTLS 1.3 only. */
export function serverRoleV13(): DriverRole {
    return new ServerRoleV13()
}

/**
 * The client's side of DTLS 1.2 and 1.3: one hello offers both, and the server picks. Connection ids have to be those
 * of DTLS 1.3 (`connectionIdsV13`), which work for both.
 */
export function clientRoleV12V13(): DriverRole {
    return new ClientRoleV12V13()
}
