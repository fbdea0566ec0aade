/* Code points of the IANA TLS registries that only DTLS 1.3 uses. */

/** RFC 9147 §5.3: for supported_versions; records and hellos contain DTLS_1_2. */
export const DTLS_1_3 = 0xfefc

/** ContentType of acknowledgements (RFC 9147 §4.1, §7). */
export const ACK = 26

/** RFC 8446 §4. */
export const NEW_SESSION_TICKET = 4
export const ENCRYPTED_EXTENSIONS = 8
/** RFC 9147 §9. */
export const REQUEST_CONNECTION_ID = 9
export const NEW_CONNECTION_ID = 10
export const KEY_UPDATE = 24

/** HandshakeType of the message that replaces the first hello in a transcript (RFC 8446 §4.4.1). */
export const MESSAGE_HASH = 254

/** RFC 8446 §4.2. */
export const PADDING = 21
export const PRE_SHARED_KEY = 41
export const EARLY_DATA = 42
export const SUPPORTED_VERSIONS = 43
export const COOKIE = 44
export const PSK_KEY_EXCHANGE_MODES = 45
export const CERTIFICATE_AUTHORITIES = 47
export const KEY_SHARE = 51

/** PskKeyExchangeMode (RFC 8446 §4.2.9): PSK only, or with a key agreement. */
export const PSK_KE = 0
export const PSK_DHE_KE = 1

/** KeyUpdateRequest (RFC 8446 §4.6.3): whether the receiver has to update its keys too. */
export const UPDATE_NOT_REQUESTED = 0
export const UPDATE_REQUESTED = 1

/** Epochs (RFC 9147 §6.1). */
export const HANDSHAKE_EPOCH = 2
export const APPLICATION_EPOCH = 3
