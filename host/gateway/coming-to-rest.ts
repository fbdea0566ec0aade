import { type CoapServer } from "../../src/coap/server.js"
import { IOCondition } from "../../src/gio/enums.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { type Services } from "../../src/platform/services.js"
import { ReservedMessageLayer } from "./reserved-message-layer.js"

/** How long a client's requests may take to finish before it is handed over, ms. */
const COMING_TO_REST = 500

/** Waits until a client's requests are answered. @returns false if that takes too long, or the connection ends */
export async function comesToRest(
    services: Services,
    server: CoapServer,
    connection: DtlsServerConnection,
): Promise<boolean> {
    const until = services.now() + COMING_TO_REST
    for (let calm = 0; calm < 2 && services.now() < until;) {
        const isIdle = isAtRest(server, connection)
        calm = isIdle ? calm + 1 : 0
        // Lets received data be processed, and answers be sent.
        await new Promise((resolve) => (isIdle ? setImmediate(resolve) : setTimeout(resolve, 2)))
        if (!connection.isOpen()) return false
    }
    return isAtRest(server, connection)
}

/** Whether every request is answered, and no answer waits to be sent. */
function isAtRest({ underWay, layer }: CoapServer, connection: DtlsServerConnection): boolean {
    const isSending = layer instanceof ReservedMessageLayer && layer.sending > 0
    return underWay === 0 && !isSending && connection.conditionCheck(IOCondition.IN) === 0
}
