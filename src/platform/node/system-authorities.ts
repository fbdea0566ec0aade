import * as tls from "node:tls"
import { TlsDatabase } from "../../gio/tls-database.js"
import { decodeBase64 } from "../../gio/pem.js"
import { type Services } from "../services.js"

/** Available since Node 22.15; before that Node has only its own list. */
interface SystemCertificates {
    getCACertificates?: (type: "system" | "bundled") => string[]
}

/** Like g_tls_backend_get_default_database: the authorities that this computer trusts, or Node's own list. */
export function systemDatabase(services: Services): TlsDatabase {
    const { getCACertificates } = tls as SystemCertificates
    const system = getCACertificates?.("system") ?? []
    const pems = system.length > 0 ? system : tls.rootCertificates
    const anchors = pems.map((pem) => decodeBase64(pem.replace(/-----[^-]*-----/g, "")))
    return new TlsDatabase(
        services,
        anchors.filter((anchor) => anchor !== undefined),
    )
}
