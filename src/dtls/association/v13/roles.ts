import { type Role } from "../../handshake/role.js"
import { newClientHandshake } from "../../handshake/v13/client.js"
import { newClientHandshakeV12V13 } from "../../handshake/v13/client-v12-v13.js"
import { newServerHandshake } from "../../handshake/v13/server.js"
import { type DriverOwner } from "../driver.js"
import { type DriverRole, type HandshakeDriver } from "../handshake-driver.js"
import { ClientDriverV12V13 } from "./client-driver-v12-v13.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/** The client's side of DTLS 1.3, and of no other version. */
export function clientRoleV13(): DriverRole {
    return { isClient: true, newHandshake: newClientHandshake, newDriver }
}

/** The server's side of DTLS 1.3, and of no other version. */
export function serverRoleV13(): DriverRole {
    return { isClient: false, newHandshake: newServerHandshake, newDriver }
}

function newDriver(owner: DriverOwner, role: Role, firstSeq: number): HandshakeDriver {
    return new HandshakeDriverV13(owner, role, firstSeq)
}

/**
 * The client's side of DTLS 1.2 and 1.3: one hello offers both, and the server picks. Connection ids have to be those of
 * DTLS 1.3 (`connectionIdsV13`), which do for both.
 */
export function clientRoleV12V13(): DriverRole {
    return {
        isClient: true,
        newHandshake: newClientHandshakeV12V13,
        newDriver: (owner, role, firstSeq) => new ClientDriverV12V13(owner, role, firstSeq),
    }
}
