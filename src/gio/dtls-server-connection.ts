import { newExchangeV12 } from "../dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { ServerConnection } from "./server-connection.js"

/**
 * Gio.DtlsServerConnection: alone over a base socket that has one peer, or one of many that a DtlsListener accepted.
 * Alone it serves the first peer whose handshake succeeds, and no other until it is closed; for clients that come and
 * go, or reboot, use a DtlsListener. Of DTLS 1.2, where `newExchange` of its settings names no other versions.
 * @devsWhenUsed
 */
export class DtlsServerConnection extends ServerConnection {
    newExchange(): NewHelloExchange {
        return newExchangeV12()
    }
}
