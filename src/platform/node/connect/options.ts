import { type RetransmissionProfile } from "../../../dtls/flight/retransmission.js"
import { type CipherSuite } from "../../../dtls/handshake/cipher-suite.js"
import { type Limits } from "../../../dtls/handshake/limits.js"
import { type Credentials } from "../../../gio/credentials.js"
import { type SessionStore } from "../../../dtls/handshake/session.js"
import { type GroupName } from "./groups.js"
import { type NodeServices } from "../services.js"
import { type CertificateAndKey, PUBLIC_KEY_OPTIONS, type PublicKeyOptions } from "./certificate-options.js"
import { type DiagnosticEvent } from "./handshake-watch.js"
import { type ImportedPsk } from "./imported-psk.js"
import { type AssociationStore, type SaveOptions } from "./saved-connection.js"
import { type Psk, type PskLookup } from "./psk-options.js"
import { type SessionOptions } from "./sessions.js"
import { type VersionOptions } from "./versions.js"
import { WAIT_OPTIONS, type WaitOptions } from "./waiting.js"

/** Key exchange modes for pre-shared keys in DTLS 1.3 (RFC 8446 §4.2.9): psk_dhe_ke adds a key agreement, psk_ke uses the key alone. */
export type PskMode = "psk_dhe_ke" | "psk_ke"

/** Options of both sides. Only a key is required. An unknown option name is an error. */
export interface CommonOptions extends PublicKeyOptions, VersionOptions {
    /**
     * DTLS 1.3: groups for the key agreement, preferred first. A client sends a key share for the first group in its first ClientHello.
     * X25519MLKEM768 also resists quantum computers; before Node 24.7 it needs the package @noble/post-quantum. Default: X25519, P-256
     */
    groups?: GroupName[] | undefined
    /** DTLS 1.3: PSK modes to offer or accept. If both sides support psk_dhe_ke, it is used. Default: both modes */
    pskModes?: PskMode[] | undefined
    /**
     * with `minVersion: "1.3"`: import pre-shared keys (RFC 9258). An imported key works with cipher suites of either hash, and is bound to
     * DTLS 1.3 and to a context. Both sides have to import keys in the same way. Default: keys are used without import
     */
    importedPsk?: ImportedPsk | undefined
    /** cipher suites, preferred first; default: all suites, starting with AES-128-GCM */
    suites?: CipherSuite[] | undefined
    /**
     * length of this side's connection id (RFC 9146), 0 to 255 bytes. Connection ids keep an association alive when the peer's address
     * changes. 0: this side needs no id, but sends the peer's id. Default: no connection ids
     */
    connectionId?: number | undefined
    /**
     * with `connectionId`: how a new address of the peer is verified (RFC 9853). "enhanced" first asks the old address, so that an attacker
     * who forwards the peer's records cannot move the association. After a genuine change, nothing is sent to the peer for up to one
     * second. Default: "basic"
     */
    returnRoutability?: "basic" | "enhanced" | undefined
    /**
     * DTLS 1.3, with `connectionId`: number of spare connection ids to request from the peer, 0 to 4, for new network paths (RFC 9147 §9).
     * With a new id on each path, an observer of both paths cannot link them. Default: 0
     */
    spareConnectionIds?: number | undefined
    /** largest plaintext in a record from the peer, 64 to 16384 bytes (RFC 8449). Default: 16384 */
    recordSizeLimit?: number | undefined
    /**
     * DTLS 1.2: largest fragment in records of either side (RFC 6066 §4). A client requests 512, 1024, 2048 or 4096 bytes; a server sets 0
     * to accept the client's choice. If both sides have `recordSizeLimit`, this option has no effect (RFC 8449 §5). Default: a client does
     * not request a limit, a server does not accept one
     */
    maxFragmentLength?: number | undefined
    /** application protocols for ALPN (RFC 7301), preferred first, 1 to 255 bytes each */
    protocols?: string[] | undefined
    /** retransmission timers; default: `wifi()` */
    retransmission?: RetransmissionProfile | undefined
    /** limits that differ from `gatewayLimits()` */
    limits?: Partial<Limits> | undefined
    /** largest datagram to send, 228 to 16384 bytes of UDP payload; default: 1232 */
    pathBudget?: number | undefined
    /** refuse peers that do not support extended master secret (RFC 7627); default: false */
    requireExtendedMasterSecret?: boolean | undefined
    /**
     * the messages of one `sendAll` call share datagrams up to `pathBudget`, one record per message. Default: false, because some peers do
     * not read all records of a datagram at once
     */
    coalesce?: boolean | undefined
    /** called with each line of an NSS key log. Anyone who has the lines can decrypt the traffic */
    keyLog?: ((line: string) => void) | undefined
    /**
     * called for events that are worth knowing although nothing has failed; on a server also for clients that were refused, with the reason
     */
    onDiagnostic?: ((event: DiagnosticEvent) => void) | undefined
    /** cryptography, sockets, name resolution and log; default: `new NodeServices()` */
    services?: NodeServices | undefined
}

/** Options of `connect`. `signal` and `timeout` limit the handshake. */
export interface ConnectOptions extends CommonOptions, WaitOptions {
    /**
     * identity and key. For DTLS 1.3 up to 4 of them, preferred first: the server chooses one that it knows; in DTLS 1.2 the first one is
     * used. Or credentials, which can choose by the server's hint. Without `psk`, set certificate or raw public key options
     */
    psk?: Psk | Psk[] | Credentials | undefined
    /**
     * name or IP address that the server's certificate must contain. A name is also sent to the server (server_name), so that it can choose
     * a certificate. Default: the host
     */
    servername?: string | undefined
    /** local numeric address; default: chosen by the operating system for the route */
    localAddress?: string | undefined
    /** local UDP port; default: 0, any free port */
    localPort?: number | undefined
    /**
     * session to resume, from `getSession` of an earlier connection. true: there is none yet, but `getSession` of this connection shall
     * return one
     */
    session?: Uint8Array | true | undefined
    /** store that keeps the sessions of several servers, in place of `session`. Use one store per identity or certificate of this side */
    sessions?: SessionStore | undefined
    /** keeps the association over a restart of the program (docs/sleeping-sensors.md). Use one store per identity of this side */
    save?: SaveOptions | undefined
}

/** Options of `listen`. */
export interface ListenOptions extends CommonOptions {
    /**
     * identity and key of the only client, or a function that looks up a key by identity, or credentials. Without `psk`, set `cert` or
     * `key`
     */
    psk?: Psk | PskLookup | Credentials | undefined
    /** certificates by the server name that the client requests, such as "a.example" or "*.example"; `cert` is used for all other names */
    contexts?: Record<string, CertificateAndKey> | undefined
    /**
     * request a certificate or a raw public key from clients. Clients must present one unless `rejectUnauthorized` is false. Default: false
     */
    requestCert?: boolean | undefined
    /** psk_identity_hint that is sent to clients (RFC 4279 §2) */
    pskIdentityHint?: string | Uint8Array | undefined
    /**
     * whether and how clients may resume sessions (RFC 5246 §7.3, RFC 5077, RFC 8446 §2.2); true: with default options. Default: no
     * resumption
     */
    sessions?: SessionOptions | true | undefined
    /** keeps the clients' associations over a restart of the program (docs/sleeping-sensors.md) */
    save?: SaveOptions<AssociationStore> | undefined
    /** answer a wrong key with the alert decrypt_error at once. Default: false, no answer, which RFC 4279 §2 allows */
    alertOnKeyMismatch?: boolean | undefined
}

const COMMON = [
    ...[
        "psk",
        "suites",
        "connectionId",
        "returnRoutability",
        "recordSizeLimit",
        "maxFragmentLength",
        "save",
        "protocols",
        "retransmission",
        "limits",
        "pathBudget",
    ],
    ...PUBLIC_KEY_OPTIONS,
    ...[
        "minVersion",
        "maxVersion",
        "spareConnectionIds",
        "pskModes",
        "importedPsk",
        "groups",
        "requireExtendedMasterSecret",
        "coalesce",
        "keyLog",
        "onDiagnostic",
        "services",
    ],
]
/** Names of the options of `connect`. */
export const CONNECT_NAMES = [
    ...COMMON,
    "servername",
    "localAddress",
    "localPort",
    "session",
    "sessions",
    ...WAIT_OPTIONS,
]
/** Names of the options of `listen`. */
export const LISTEN_NAMES = [...COMMON, "contexts", "requestCert", "pskIdentityHint", "sessions", "alertOnKeyMismatch"]
