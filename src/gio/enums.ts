/** GLib.IOCondition, with poll's numbers. */
export enum IOCondition {
    IN = 1,
    OUT = 4,
    ERR = 8,
    HUP = 16,
}

/** Flags of a received message: the message was longer than its vectors. MSG_TRUNC of Linux. */
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

/** Gio.TlsRehandshakeMode: renegotiation is always refused here. */
export enum TlsRehandshakeMode {
    NEVER = 0,
    SAFELY = 1,
    UNSAFELY = 2,
}

/** What the key of a certificate is used for (RFC 5280 §4.2.1.12); the numbers are those of the native. */
export enum CertificatePurpose {
    authenticateServer = 0,
    authenticateClient = 1,
}
