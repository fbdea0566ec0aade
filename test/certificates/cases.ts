import { CertificatePurpose, TlsCertificateFlags } from "../../src/gio/enums.js"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/folders.js"

const { UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, INSECURE, GENERIC_ERROR } = TlsCertificateFlags
const GOOD = TlsCertificateFlags.NO_FLAGS

/** Why our verdicts differ from GIO's. */
export const differences = {
    usage: "GIO 2.74 does not compare purposes or the key usage of the peer's own certificate",
    strength:
        "RSA below 2048 bits is not secure; above 4096 bits, or with a long exponent, it costs more than a device has",
    zone: "sockets write addresses with their zone",
    sequence: "each certificate certifies the one before it (RFC 5246 section 7.4.2)",
    order: "the peer's own certificate is no server's here, whoever issued it",
    time: "GIO looks at times only when the authority is known",
    constraints: "no way to an anchor is found through such an authority; GIO finds one and then refuses it",
    names: "mbedTLS does not know name constraints: authorities with them are refused",
}

/** A certificate chain, how to check it, and the verdict of every platform. */
export interface ChainCase {
    name: string
    identity: string
    purpose: CertificatePurpose
    /** Unix seconds */
    when: number | undefined
    /** names of certificates, the peer's own first */
    chain: string[]
    anchors: string[]
    flags: TlsCertificateFlags
    /** if they differ: GIO's flags (glib-networking 2.74, GnuTLS 3.7), and the reason */
    gio?: [TlsCertificateFlags, keyof typeof differences]
}

/** A time when valid certificates are valid, in 2026. */
export const VALID = 1782000000
const BEFORE = VALID - 3 * 31557600
const AFTER = VALID + 11 * 31557600

/** A certificate in test/certificates/chains, in DER; some are modified on purpose. */
export const certificate = (name: string): Buffer => readFileSync(join(root, "test/certificates/chains", `${name}.der`))

function of(name: string, flags: number, changes: Partial<ChainCase> = {}): ChainCase {
    const chain = ["leaf", "middle"]
    const purpose = CertificatePurpose.authenticateServer
    return { name, identity: "sensor.example", purpose, when: VALID, chain, anchors: ["root"], flags, ...changes }
}

const CLIENT = { purpose: CertificatePurpose.authenticateClient }

export const chainCases: ChainCase[] = [
    of("a chain of three", GOOD),
    of("the root sent, too", GOOD, { chain: ["leaf", "middle", "root"] }),
    of("another root among the anchors", GOOD, { anchors: ["stranger", "root"] }),
    of("no identity asked for", GOOD, { identity: "" }),
    of("in capitals", GOOD, { identity: "SENSOR.Example" }),
    of("by a wildcard", GOOD, { identity: "a.wild.example" }),
    of("by an IPv4 address", GOOD, { identity: "192.0.2.7" }),
    of("by an IPv6 address", GOOD, { identity: "2001:DB8:0:0::7" }),
    of("another name", BAD_IDENTITY, { identity: "other.example" }),
    of("the common name alone", BAD_IDENTITY, { identity: "leaf.example" }),
    of("the end of a name", BAD_IDENTITY, { identity: "xsensor.example" }),
    of("two labels for a wildcard", BAD_IDENTITY, { identity: "a.b.wild.example" }),
    of("no label for a wildcard", BAD_IDENTITY, { identity: "wild.example" }),
    of("another address", BAD_IDENTITY, { identity: "192.0.2.8" }),
    of("another IPv6 address", BAD_IDENTITY, { identity: "2001:db8::8" }),
    of("a stranger's root", UNKNOWN_CA, { anchors: ["stranger"] }),
    of("no anchors", UNKNOWN_CA, { anchors: [] }),
    of("the middle one missing", UNKNOWN_CA, { chain: ["leaf"] }),
    of("an issuer that is no authority", UNKNOWN_CA, {
        chain: ["minor", "leaf", "middle"],
        gio: [UNKNOWN_CA | GENERIC_ERROR, "constraints"],
    }),
    of("signed by a namesake of the root", UNKNOWN_CA, { chain: ["forged", "namesake"] }),
    of("before its time", NOT_ACTIVATED, { when: BEFORE }),
    of("after its time", EXPIRED, { when: AFTER }),
    of("at a time unknown", GOOD, { when: undefined }),
    of("expired and someone else's", EXPIRED | BAD_IDENTITY, { when: AFTER, identity: "other.example" }),
    of("a client's as a server's", GENERIC_ERROR, { chain: ["client", "middle"], gio: [GOOD, "usage"] }),
    of("a client's as a client's", GOOD, { chain: ["client", "middle"], ...CLIENT }),
    of("a server's as a client's", GENERIC_ERROR, { ...CLIENT, gio: [GOOD, "usage"] }),
    of("not allowed to sign", GENERIC_ERROR, { chain: ["mute", "middle"], gio: [GOOD, "usage"] }),
    of("SHA-1", INSECURE, { chain: ["sha1", "middle"] }),
    of("RSA with 1024 bits", INSECURE, { chain: ["short", "middle"], gio: [GOOD, "strength"] }),
    of("RSA with 4104 bits", UNKNOWN_CA, { chain: ["heavy", "giant"], gio: [GOOD, "strength"] }),
    of("RSA with an exponent as long as the modulus", UNKNOWN_CA, {
        chain: ["costly", "slow"],
        gio: [GOOD, "strength"],
    }),
    of("a renewed root behind the old one", GOOD, { when: AFTER, chain: ["young"], anchors: ["old", "new"] }),
    of("a renewed root before the old one", GOOD, { when: AFTER, chain: ["young"], anchors: ["new", "old"] }),
    of("an address with a dot behind it", BAD_IDENTITY, { identity: "192.0.2.8." }),
    of("an address with its zone", GOOD, { identity: "2001:db8::7%1", gio: [BAD_IDENTITY, "zone"] }),
    of("itself an anchor", GOOD, { chain: ["alone"], anchors: ["alone"] }),
    of("expired", EXPIRED, { chain: ["expired", "middle"] }),
    of("not yet valid", NOT_ACTIVATED, { chain: ["future", "middle"] }),
    of("under an issuer that has expired", EXPIRED, { chain: ["under-expired", "expired-ca"] }),
    of("expired, of an unknown authority, and with another name", EXPIRED | UNKNOWN_CA | BAD_IDENTITY, {
        chain: ["expired", "middle"],
        anchors: ["stranger"],
        identity: "other.example",
        gio: [UNKNOWN_CA | BAD_IDENTITY, "time"],
    }),
    of("an issuer for clients only", GENERIC_ERROR, { chain: ["under-clients", "clients-ca"], gio: [GOOD, "usage"] }),
    of("as long as the path length allows", GOOD, { chain: ["under-short", "short-path"] }),
    of("longer than the path length allows", UNKNOWN_CA, {
        chain: ["too-deep", "below-short", "short-path"],
        gio: [GENERIC_ERROR, "constraints"],
    }),
    of("with a critical extension that nobody knows", GENERIC_ERROR, { chain: ["critical", "middle"] }),
    of("under an issuer with a critical extension that nobody knows", UNKNOWN_CA, {
        chain: ["under-critical", "critical-ca"],
        gio: [GENERIC_ERROR, "constraints"],
    }),
    of("with an extension that nobody knows", GOOD, { chain: ["odd", "middle"] }),
    of("with a changed signature", UNKNOWN_CA, { chain: ["changed", "middle"], gio: [GENERIC_ERROR, "constraints"] }),
    of("with its issuers in another order", UNKNOWN_CA, {
        chain: ["deep", "ca2", "ca4", "ca3"],
        gio: [GOOD, "sequence"],
    }),
    of("with the issuer first", GENERIC_ERROR | BAD_IDENTITY, {
        chain: ["middle", "leaf"],
        gio: [BAD_IDENTITY, "order"],
    }),
    of("cut", GENERIC_ERROR, { chain: ["cut", "middle"] }),
    of("signed by itself", UNKNOWN_CA, { chain: ["alone"] }),
    of("of five certificates", GOOD, { chain: ["deep", "ca4", "ca3", "ca2", "root"] }),
    of("RSA with 2048 bits", GOOD, { chain: ["rsa", "rsa-ca"] }),
    of("P-384", GOOD, { chain: ["p384", "p384-ca"] }),
    of("inside name constraints", UNKNOWN_CA, { chain: ["under-named", "named-ca"], gio: [GOOD, "names"] }),
    of("outside name constraints", UNKNOWN_CA, { chain: ["under-others", "others-ca"], gio: [GENERIC_ERROR, "names"] }),
    of("outside name constraints that are not critical", UNKNOWN_CA, {
        chain: ["under-lax", "lax-ca"],
        gio: [GENERIC_ERROR, "names"],
    }),
    of("issuer without basic constraints", UNKNOWN_CA, { chain: ["under-plain", "plain"] }),
    of("issuer whose key may not sign certificates", UNKNOWN_CA, {
        chain: ["under-unsigning", "unsigning-ca"],
        gio: [GENERIC_ERROR, "constraints"],
    }),
]
