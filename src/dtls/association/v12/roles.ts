import { EMPTY } from "../../bytes/bytes.js"
import { newClientHandshakeV12 } from "../../handshake/v12/client.js"
import { newServerHandshakeV12 } from "../../handshake/v12/server.js"
import { type Role } from "../../handshake/role.js"
import { type DriverOwner } from "../driver.js"
import { type DriverRole, type HandshakeDriver } from "../handshake-driver.js"
import { HandshakeDriverV12 } from "./handshake-driver.js"

/** The client's side of DTLS 1.2. */
export function clientRole(): DriverRole {
    return { isClient: true, newHandshake: newClientHandshakeV12, newDriver }
}

/**
 * The server's side of DTLS 1.2.
 * @param randomEnd last bytes of the ServerHello's random, where a newer version says what they are; empty: all are random
 */
export function serverRole(randomEnd = EMPTY): DriverRole {
    return {
        isClient: false,
        newHandshake: (settings, record, firstSeq) => newServerHandshakeV12(settings, record, firstSeq, randomEnd),
        newDriver,
    }
}

function newDriver(owner: DriverOwner, role: Role, firstSeq: number): HandshakeDriver {
    return new HandshakeDriverV12(owner, role, firstSeq)
}
