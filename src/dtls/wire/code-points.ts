/** Code points of the IANA TLS registries, in the RFCs' spelling. */

/** Version numbers of DTLS 1.2 and 1.0 (RFC 6347 §4.1): the one's complement of 1.2 and 1.0. */
export const DTLS_1_2 = 0xfefd
export const DTLS_1_0 = 0xfeff

/** RFC 5246 §6.2.1. */
export enum ContentType {
    changeCipherSpec = 20,
    alert = 21,
    handshake = 22,
    applicationData = 23,
    /** RFC 9146 §4: a record with a connection id; its true type is encrypted */
    tls12Cid = 25,
    /** RFC 9853 §4 */
    returnRoutabilityCheck = 27,
}

/** RFC 5246 §7.4, RFC 6347 §4.3.2. `changeCipherSpec` is not a handshake message and never sent; it marks steps. */
export enum HandshakeType {
    helloRequest = 0,
    clientHello = 1,
    serverHello = 2,
    helloVerifyRequest = 3,
    /** RFC 5077 §3.3 */
    newSessionTicket = 4,
    certificate = 11,
    serverKeyExchange = 12,
    certificateRequest = 13,
    serverHelloDone = 14,
    certificateVerify = 15,
    clientKeyExchange = 16,
    finished = 20,
    changeCipherSpec = 256,
}

/** RFC 5246 §7.2. */
export enum AlertLevel {
    warning = 1,
    fatal = 2,
}

/** RFC 5246 §7.2, RFC 4279 §6, RFC 7301 §3.2, RFC 8446 §6. `none` is not a code point: no alert at all. */
export enum AlertDescription {
    closeNotify = 0,
    unexpectedMessage = 10,
    badRecordMac = 20,
    recordOverflow = 22,
    handshakeFailure = 40,
    badCertificate = 42,
    unsupportedCertificate = 43,
    certificateRevoked = 44,
    certificateExpired = 45,
    certificateUnknown = 46,
    illegalParameter = 47,
    unknownCa = 48,
    accessDenied = 49,
    decodeError = 50,
    decryptError = 51,
    protocolVersion = 70,
    insufficientSecurity = 71,
    internalError = 80,
    userCanceled = 90,
    noRenegotiation = 100,
    missingExtension = 109,
    unsupportedExtension = 110,
    unknownPskIdentity = 115,
    certificateRequired = 116,
    noApplicationProtocol = 120,
    none = 256,
}

/** RFC 6066, RFC 8422, RFC 5246, RFC 7301, RFC 7250, RFC 7627, RFC 5077, RFC 9146, RFC 9853, RFC 5746. */
export enum ExtensionType {
    serverName = 0,
    maxFragmentLength = 1,
    supportedGroups = 10,
    ecPointFormats = 11,
    signatureAlgorithms = 13,
    applicationLayerProtocolNegotiation = 16,
    clientCertificateType = 19,
    serverCertificateType = 20,
    extendedMasterSecret = 23,
    /** RFC 8449 */
    recordSizeLimit = 28,
    sessionTicket = 35,
    connectionId = 54,
    returnRoutabilityCheck = 61,
    renegotiationInfo = 0xff01,
}

/** RFC 8446 §4.2.7. */
export enum NamedGroup {
    secp256r1 = 23,
    secp384r1 = 24,
    x25519 = 29,
    /** draft-ietf-tls-ecdhe-mlkem */
    x25519MlKem768 = 0x11ec,
}

/** RFC 8446 §4.2.3; in DTLS 1.2 a hash and a signature algorithm, one byte each (RFC 5246 §7.4.1.4.1). */
export enum SignatureScheme {
    rsaPkcs1Sha256 = 0x0401,
    ecdsaSecp256r1Sha256 = 0x0403,
    rsaPkcs1Sha384 = 0x0501,
    ecdsaSecp384r1Sha384 = 0x0503,
    rsaPssRsaeSha256 = 0x0804,
    ed25519 = 0x0807,
}

/** RFC 7250 §3. */
export enum CertificateType {
    x509 = 0,
    rawPublicKey = 2,
}

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3). */
export const EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff
