import { type NewHelloExchange } from "../../dtls/endpoint/hello-exchange.js"
import { newExchangeV13 } from "../../dtls/endpoint/v13/hello-exchange.js"
import { type Services } from "../../platform/services.js"
import { type DatagramBased } from "../datagram-based.js"
import { Listener } from "../listener.js"
import { type DtlsSettings } from "../settings.js"
import { DtlsServerConnectionV13 } from "./dtls-server-connection.js"

/**
 * A listener that supports DTLS 1.3 only.
 * @devsWhenUsed
 */
export class DtlsListenerV13 extends Listener {
    newExchange(): NewHelloExchange {
        return newExchangeV13()
    }

    newConnection(services: Services, base: DatagramBased, settings: DtlsSettings): DtlsServerConnectionV13 {
        return new DtlsServerConnectionV13(services, base, settings)
    }
}
