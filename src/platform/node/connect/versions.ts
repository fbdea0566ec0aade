import { type NewHelloExchange } from "../../../dtls/endpoint/hello-exchange.js"
import { newExchangeV12V13, newExchangeV13 } from "../../../dtls/endpoint/v13/hello-exchange.js"
import { DtlsClientConnection, type NewClientConnection } from "../../../gio/dtls-client-connection.js"
import { DtlsClientConnectionV12V13, DtlsClientConnectionV13 } from "../../../gio/v13/dtls-client-connection.js"
import { wrongArgument } from "./errors.js"

/** A version of DTLS. */
export type Version = "1.2" | "1.3"

/** Options for the range of versions. */
export interface VersionOptions {
    /** oldest DTLS version to support; default: "1.2" */
    minVersion?: Version | undefined
    /**
     * newest DTLS version to support; default: `minVersion`. With "1.2" and "1.3" a server chooses the newest version that the client
     * offers
     */
    maxVersion?: Version | undefined
}

/** The range of versions that one side supports, both ends included. */
export interface Versions {
    oldest: Version
    newest: Version
}

/** The range of versions that options set. Throws ERR_DTLS_INVALID_ARGUMENT for an unknown version or an empty range. */
export function versionsOf(options: VersionOptions): Versions {
    const oldest = options.minVersion ?? "1.2"
    const newest = options.maxVersion ?? oldest
    if (oldest !== "1.2" && oldest !== "1.3") throw wrongArgument("minVersion", `"1.2" or "1.3"`)
    if (newest !== "1.2" && newest !== "1.3") throw wrongArgument("maxVersion", `"1.2" or "1.3"`)
    if (oldest > newest) throw wrongArgument("minVersion", "no newer than maxVersion")
    return { oldest, newest }
}

/** Returns a function that creates client connections for these versions. */
export function clientOf({ oldest, newest }: Versions): NewClientConnection {
    const Connection =
        newest === "1.2"
            ? DtlsClientConnection
            : oldest === "1.3"
              ? DtlsClientConnectionV13
              : DtlsClientConnectionV12V13
    return (services, base, settings, serverIdentity) => new Connection(services, base, settings, serverIdentity)
}

/** Value for `DtlsSettings.newExchange`: how a server of these versions handles ClientHellos; undefined: DTLS 1.2 only. */
export function exchangeOf({ oldest, newest }: Versions): NewHelloExchange | undefined {
    if (newest === "1.2") return undefined
    return oldest === "1.3" ? newExchangeV13() : newExchangeV12V13()
}
