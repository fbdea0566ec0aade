import { newClientHandshake } from "../../handshake/v13/client.js"
import { newClientHandshakeV12V13 } from "../../handshake/v13/client-v12-v13.js"
import { newServerHandshake } from "../../handshake/v13/server.js"
import { type DriverRole } from "../handshake-driver.js"
import { ClientDriverV12V13 } from "./client-driver-v12-v13.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/** The client's side of DTLS 1.3, and of no other version. */
export function clientRoleV13(): DriverRole {
    const role: DriverRole = { isClient: true, newHandshake: newClientHandshake }
    role.newDriver = (settings, record, counters, outputs, owner, firstSeq) =>
        new HandshakeDriverV13(settings, role, record, counters, outputs, owner, firstSeq)
    return role
}

/** The server's side of DTLS 1.3, and of no other version. */
export function serverRoleV13(): DriverRole {
    const role: DriverRole = { isClient: false, newHandshake: newServerHandshake }
    role.newDriver = (settings, record, counters, outputs, owner, firstSeq) =>
        new HandshakeDriverV13(settings, role, record, counters, outputs, owner, firstSeq)
    return role
}

/**
 * The client's side of DTLS 1.2 and 1.3: one hello offers both, and the server picks. Connection ids have to be those of
 * DTLS 1.3 (`connectionIdsV13`), which do for both.
 */
export function clientRoleV12V13(): DriverRole {
    const role: DriverRole = { isClient: true, newHandshake: newClientHandshakeV12V13 }
    role.newDriver = (settings, record, counters, outputs, owner, firstSeq) =>
        new ClientDriverV12V13(settings, role, record, counters, outputs, owner, firstSeq)
    return role
}
