import { type NewHelloExchange } from "../../dtls/endpoint/hello-exchange.js"
import { newExchangeV13 } from "../../dtls/endpoint/v13/hello-exchange.js"
import { ServerConnection } from "../server-connection.js"

/**
 * A server connection that supports DTLS 1.3 only.
 * @devsWhenUsed
 */
export class DtlsServerConnectionV13 extends ServerConnection {
    newExchange(): NewHelloExchange {
        return newExchangeV13()
    }
}
