import { type NewHelloExchange } from "../../../dtls/endpoint/hello-exchange.js"
import { newExchangeV12V13, newExchangeV13 } from "../../../dtls/endpoint/v13/hello-exchange.js"
import { DtlsClientConnection, type NewClientConnection } from "../../../gio/dtls-client-connection.js"
import { DtlsClientConnectionV12V13, DtlsClientConnectionV13 } from "../../../gio/v13/dtls-client-connection.js"

/** Of DTLS. */
export type Version = "1.2" | "1.3"

/** Those that one side speaks: the two that are named, and all between. */
export interface Versions {
    oldest: Version
    newest: Version
}

/** How a client connection of these versions is made. */
export function clientOf({ oldest, newest }: Versions): NewClientConnection {
    const Connection =
        newest === "1.2"
            ? DtlsClientConnection
            : oldest === "1.3"
              ? DtlsClientConnectionV13
              : DtlsClientConnectionV12V13
    return (services, base, settings, serverIdentity) => new Connection(services, base, settings, serverIdentity)
}

/** For `DtlsSettings.newExchange`: how a server of these versions takes hellos; undefined: DTLS 1.2 alone. */
export function exchangeOf({ oldest, newest }: Versions): NewHelloExchange | undefined {
    if (newest === "1.2") return undefined
    return oldest === "1.3" ? newExchangeV13() : newExchangeV12V13()
}
