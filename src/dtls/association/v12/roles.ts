import { EMPTY } from "../../bytes/bytes.js"
import { type Handshake } from "../../handshake/handshake.js"
import { type AssociationSettings } from "../../handshake/settings.js"
import { newClientHandshakeV12 } from "../../handshake/v12/client.js"
import { newServerHandshakeV12 } from "../../handshake/v12/server.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { type DriverOwner } from "../driver.js"
import { type DriverRole, type HandshakeDriver } from "../handshake-driver.js"
import { HandshakeDriverV12 } from "./handshake-driver.js"

/** @devsWhenUsed */
class ClientRole implements DriverRole {
    isClient = true

    newHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
        return newClientHandshakeV12(settings, record, firstSeq)
    }

    newDriver(owner: DriverOwner, firstSeq: number): HandshakeDriver {
        return new HandshakeDriverV12(owner, this, firstSeq)
    }
}

/** @devsWhenUsed */
class ServerRole implements DriverRole {
    isClient = false

    constructor(private randomEnd: Buffer) {}

    newHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
        return newServerHandshakeV12(settings, record, firstSeq, this.randomEnd)
    }

    newDriver(owner: DriverOwner, firstSeq: number): HandshakeDriver {
        return new HandshakeDriverV12(owner, this, firstSeq)
    }
}

/** The client's side of DTLS 1.2. */
export function clientRole(): DriverRole {
    return new ClientRole()
}

/**
 * The server's side of DTLS 1.2.
 * @param randomEnd last bytes of the ServerHello's random, if a newer version prescribes them; empty: all are random
 */
export function serverRole(randomEnd = EMPTY): DriverRole {
    return new ServerRole(randomEnd)
}
