import { newClientHandshake } from "../../handshake/v13/client.js"
import { newServerHandshake } from "../../handshake/v13/server.js"
import { type DriverRole } from "../handshake-driver.js"
import { HandshakeDriverV13 } from "./handshake-driver.js"

/** The client's side of DTLS 1.3, and of no other version. */
export function clientRoleV13(): DriverRole {
    return inVersion13({ isClient: true, newHandshake: newClientHandshake })
}

/** The server's side of DTLS 1.3, and of no other version. */
export function serverRoleV13(): DriverRole {
    return inVersion13({ isClient: false, newHandshake: newServerHandshake })
}

function inVersion13(role: DriverRole): DriverRole {
    role.newDriver = (settings, record, counters, outputs, owner, firstSeq) =>
        new HandshakeDriverV13(settings, role, record, counters, outputs, owner, firstSeq)
    return role
}
