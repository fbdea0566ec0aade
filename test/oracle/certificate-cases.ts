import { TlsAuthenticationMode } from "../../src/gio/enums.js"
import { type Difference } from "./differences.js"
import { PLAIN, type PairCertificates } from "./pair.js"

const { REQUESTED, REQUIRED } = TlsAuthenticationMode

/** One handshake of the recording: the lines between two headings. */
export interface CertificateCase {
    /** the recording's case, and the heading in it; undefined: the whole case */
    name: string
    heading: string | undefined
    certificates: PairCertificates
    /** the answer of that side's accept-certificate handler; undefined: no handler */
    clientAccepts?: boolean
    serverAccepts?: boolean
    /** differing answers here, by the beginning of the recorded call, and why */
    differs?: Record<string, { why: Difference; result: string; error: string | undefined }>
}

const SELF: PairCertificates = { ...PLAIN, server: "self" }

/** In the recording, the peer of a side that refuses does not learn of it, because it was cancelled. */
const told = (call: string, result: string): CertificateCase["differs"] => ({
    [call]: { why: "alertSent", result, error: "G_TLS_ERROR_HANDSHAKE" },
})
const SERVER_TOLD = told("server.handshake", "0")
const CLIENT_TOLD = told("client.handshake", "false")

function of(
    name: string,
    heading: string | undefined,
    certificates: PairCertificates,
    rest: Partial<CertificateCase> = {},
): CertificateCase {
    return { name, heading, certificates, ...rest }
}

const YES = { clientAccepts: true }
const NO = { clientAccepts: false }

function requested(heading: string, client: string | undefined, rest: Partial<CertificateCase>): CertificateCase {
    const shown = client === undefined ? {} : { client }
    return of("auth-requested", `server REQUESTED, ${heading}`, { ...PLAIN, ...shown, mode: REQUESTED }, rest)
}

function required(heading: string, client: string | undefined, rest: Partial<CertificateCase>): CertificateCase {
    const shown = client === undefined ? {} : { client }
    return of("auth-required", `server REQUIRED, ${heading}`, { ...PLAIN, ...shown, mode: REQUIRED }, rest)
}

export const certificateCases: CertificateCase[] = [
    of("cert-ok", "good chain and name; handler connected", PLAIN, NO),
    of("cert-unknown-ca", "self-signed, handler not connected", SELF, { differs: SERVER_TOLD }),
    of("cert-unknown-ca", "self-signed, handler says false", SELF, { ...NO, differs: SERVER_TOLD }),
    of("cert-unknown-ca", "self-signed, handler says true", SELF, YES),
    of("cert-flags", "wrong identity", { ...PLAIN, identity: "other.test" }, YES),
    of("cert-flags", "no server identity given", { ...PLAIN, identity: undefined }, YES),
    of("cert-flags", "expired", { ...PLAIN, server: "expired" }, YES),
    of("cert-flags", "not yet activated", { ...PLAIN, server: "future" }, YES),
    of("cert-flags", "unknown CA and wrong identity", { ...SELF, identity: "other.test" }, YES),
    of("cert-flags-2", "database left at default", { ...PLAIN, database: undefined }, YES),
    of("cert-flags-2", "validation-flags 0, self-signed, handler connected", { ...SELF, validationFlags: 0 }, NO),
    of(
        "cert-flags-2",
        "server without certificate",
        { ...PLAIN, server: undefined },
        { differs: { ...CLIENT_TOLD, ...told("server.handshake", "0") } },
    ),
    of("auth-none", "server NONE, client has a certificate", { ...PLAIN, client: "client" }, { serverAccepts: false }),
    requested("client has none", undefined, { serverAccepts: false }),
    requested("client sends one from the CA, server handler false", "client", {
        serverAccepts: false,
        differs: CLIENT_TOLD,
    }),
    requested("client sends one from the CA, server handler true", "client", { serverAccepts: true }),
    requested("client sends one from the CA, server handler not connected", "client", { differs: CLIENT_TOLD }),
    required("client has none", undefined, { serverAccepts: true, differs: CLIENT_TOLD }),
    required("client sends one from the CA, server handler true", "client", { serverAccepts: true }),
    required("client sends self-signed, server handler true", "self", { serverAccepts: true }),
    required("client sends self-signed, server handler false", "self", { serverAccepts: false, differs: CLIENT_TOLD }),
    of("js-accept", "self-signed server, handler not connected", SELF, {
        differs: told("server.handshake", "throws"),
    }),
    of("js-accept", "self-signed server, handler returns false", SELF, {
        ...NO,
        differs: told("server.handshake", "throws"),
    }),
    of("js-accept", "self-signed server, handler returns true", SELF, YES),
]
