import { newExchangeV12 } from "../dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { ServerConnection } from "./server-connection.js"

/**
 * Gio.DtlsServerConnection. Created directly, it serves the first peer whose handshake succeeds on the base socket, and no other until it
 * is closed. For clients that come and go, or reboot, use a DtlsListener, which creates one such connection for each client. The version is
 * DTLS 1.2 unless `newExchange` of the settings selects others.
 * @devsWhenUsed
 */
export class DtlsServerConnection extends ServerConnection {
    newExchange(): NewHelloExchange {
        return newExchangeV12()
    }
}
