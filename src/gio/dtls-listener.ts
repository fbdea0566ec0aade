import { newExchangeV12 } from "../dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { type Services } from "../platform/services.js"
import { type DatagramBased } from "./datagram-based.js"
import { DtlsServerConnection } from "./dtls-server-connection.js"
import { Listener } from "./listener.js"
import { type DtlsSettings } from "./settings.js"

/**
 * Serves many clients on one socket, like Gio.SocketListener: each `accept` returns a connection whose handshake is complete. The version
 * is DTLS 1.2 unless `newExchange` of the settings selects others.
 * @devsWhenUsed
 */
export class DtlsListener extends Listener {
    newExchange(): NewHelloExchange {
        return newExchangeV12()
    }

    newConnection(services: Services, base: DatagramBased, settings: DtlsSettings): DtlsServerConnection {
        return new DtlsServerConnection(services, base, settings)
    }
}
