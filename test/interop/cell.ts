/** A feature that a cell tests, in addition to a handshake with data in both directions. */
export type Feature =
    | "psk"
    | "ecdhe-psk"
    | "certificate"
    | "client-certificate"
    | "rpk"
    | "cid"
    | "rrc"
    | "resumption-id"
    | "ticket"
    | "mfl"
    | "record-size-limit"
    | "alpn"
    | "exporter"
    | "fragments"
    | "loss"
    | "coalesce"
    | "psk13"
    | "psk-dhe13"
    | "hrr"
    | "certificate13"
    | "rpk13"
    | "key-update"
    | "cid13"
    | "cid-update"
    | "rrc13"
    | "ticket13"
    | "hybrid"

export function features(...list: Feature[]): Feature[] {
    return list
}

/** A cell of the matrix: an attempt with a peer. */
export interface Cell {
    /** the peer's program */
    peer: string
    version: string
    /** the peer's role; mote has the other one */
    role: "client" | "server"
    suite: string
    what: string
    features: Feature[]
    /** the peer's command and mote's, as executed */
    command: string
    /** programs that must be installed */
    needs: string[]
    /** resolves with "ok" or the reason for failure; rejects with unexpected errors */
    run: () => Promise<string>
    /** expected result; "ok" unless the peer has a known defect */
    expected: string
}

/** Names of one suite: IANA, OpenSSL, GnuTLS. */
export interface SuiteNames {
    iana: string
    openssl: string
    gnutls: string
}

export const SUITES: SuiteNames[] = [
    { iana: "TLS_PSK_WITH_AES_128_CCM_8", openssl: "PSK-AES128-CCM8", gnutls: "AES-128-CCM-8" },
    { iana: "TLS_PSK_WITH_AES_256_CCM_8", openssl: "PSK-AES256-CCM8", gnutls: "AES-256-CCM-8" },
    { iana: "TLS_PSK_WITH_AES_128_CCM", openssl: "PSK-AES128-CCM", gnutls: "AES-128-CCM" },
    { iana: "TLS_PSK_WITH_AES_256_CCM", openssl: "PSK-AES256-CCM", gnutls: "AES-256-CCM" },
    { iana: "TLS_PSK_WITH_AES_128_GCM_SHA256", openssl: "PSK-AES128-GCM-SHA256", gnutls: "AES-128-GCM" },
    { iana: "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", openssl: "PSK-CHACHA20-POLY1305", gnutls: "CHACHA20-POLY1305" },
]

export const CCM_8 = SUITES[0]

export const IDENTITY = "Client_identity"
export const KEY = "000102030405060708090a0b0c0d0e0f"
/** libcoap's keys are texts. */
export const TEXT_KEY = "sekritkey1234567"
export const TEXT_KEY_HEX = Buffer.from(TEXT_KEY).toString("hex")

/** A ClientHello or hint of this length does not fit into 228 bytes. */
export const LONG_HINT = "h".repeat(250)
/** Twelve names: a ClientHello of more than 400 bytes. */
export const LONG_ALPN = ["coap", ...Array.from({ length: 11 }, (_, i) => `padding-protocol-name-${100000 + i}`)].join(
    ",",
)
