import { CoapClient } from "../coap/client.js"
import { MessageLayer } from "../coap/message-layer.js"
import { type CoapParameters } from "../coap/parameters.js"
import { type CoapUri } from "../coap/uri.js"
import { type Cancellable } from "../gio/cancellable.js"
import { type DtlsClientConnection, type NewClientConnection } from "../gio/dtls-client-connection.js"
import { type DtlsSettings } from "../gio/settings.js"
import { type Services, type UdpSocket } from "../platform/services.js"

/**
 * A DTLS session with a CoAP client on it.
 * @devsWhenUsed
 */
export class CoapsSession {
    coap: CoapClient

    constructor(
        services: Services,
        private socket: UdpSocket,
        public connection: DtlsClientConnection,
        parameters: CoapParameters,
        /** duration of the handshake, ms */
        public handshakeTime: number,
    ) {
        this.coap = new CoapClient(new MessageLayer(services, connection, parameters))
    }

    /** Sends close_notify and closes the socket. */
    async close(): Promise<void> {
        this.coap.layer.close()
        await this.connection.close()
        this.socket.close()
    }
}

/**
 * Resolves the host, connects and performs the handshake. Of several addresses each attempt takes the next, cyclically.
 * @param localPort 0: any free port
 * @param newConnection creates a connection for the configured versions
 * Throws GError.
 */
export async function openSession(
    services: Services,
    target: CoapUri,
    settings: DtlsSettings,
    parameters: CoapParameters,
    localPort: number,
    attempt: number,
    cancellable: Cancellable,
    newConnection: NewClientConnection,
): Promise<CoapsSession> {
    const addresses = await services.resolve(target.host)
    const index = attempt - Math.floor(attempt / addresses.length) * addresses.length
    const remote = { address: addresses[index] as string, port: target.port }
    const socket = await services.openUdp({ remote, localHost: undefined, localPort })
    const connection = newConnection(services, socket, settings, target.host)
    const begun = services.now()
    try {
        await connection.handshake(cancellable)
    } catch (error) {
        await connection.close()
        socket.close()
        throw error
    }
    return new CoapsSession(services, socket, connection, parameters, services.now() - begun)
}
