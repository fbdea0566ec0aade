/** GLib.IOCondition, with the numbers of poll. */
export enum IOCondition {
    IN = 1,
    OUT = 4,
    ERR = 8,
    HUP = 16,
}

/** MSG_TRUNC, a flag of a received message, with the value of Linux: the message was longer than its vectors. */
export const MSG_TRUNC = 0x20

/** Gio.TlsProtocolVersion. */
export enum TlsProtocolVersion {
    UNKNOWN = 0,
    DTLS_1_0 = 201,
    DTLS_1_2 = 202,
}

/** Gio.TlsChannelBindingType. */
export enum TlsChannelBindingType {
    UNIQUE = 0,
    SERVER_END_POINT = 1,
    EXPORTER = 2,
}

/** Gio.TlsCertificateFlags. */
export enum TlsCertificateFlags {
    NO_FLAGS = 0,
    UNKNOWN_CA = 1,
    BAD_IDENTITY = 2,
    NOT_ACTIVATED = 4,
    EXPIRED = 8,
    REVOKED = 16,
    INSECURE = 32,
    GENERIC_ERROR = 64,
    VALIDATE_ALL = 127,
}

/** Gio.TlsAuthenticationMode. */
export enum TlsAuthenticationMode {
    NONE = 0,
    REQUESTED = 1,
    REQUIRED = 2,
}

/** Gio.TlsRehandshakeMode. Renegotiation is always refused. */
export enum TlsRehandshakeMode {
    NEVER = 0,
    SAFELY = 1,
    UNSAFELY = 2,
}

/** The purpose of a certificate's key (RFC 5280 §4.2.1.12), with the numbers of the native function. */
export enum CertificatePurpose {
    authenticateServer = 0,
    authenticateClient = 1,
}
