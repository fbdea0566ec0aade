/** Numbers of the IANA TLS registries, spelled as the RFCs spell them. */

/** DTLS 1.2 and 1.0 on the wire (RFC 6347 §4.1): one's complement of 1.2 and 1.0. */
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

/** RFC 5246 §7.4, RFC 6347 §4.3.2. `changeCipherSpec` is no handshake message and no byte: a marker in step tables. */
export enum HandshakeType {
    helloRequest = 0,
    clientHello = 1,
    serverHello = 2,
    helloVerifyRequest = 3,
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

/** RFC 5246 §7.2, RFC 4279 §6, RFC 7301 §3.2. `none` is ours: no alert at all. */
export enum AlertDescription {
    closeNotify = 0,
    unexpectedMessage = 10,
    badRecordMac = 20,
    recordOverflow = 22,
    handshakeFailure = 40,
    illegalParameter = 47,
    decodeError = 50,
    decryptError = 51,
    protocolVersion = 70,
    insufficientSecurity = 71,
    internalError = 80,
    userCanceled = 90,
    noRenegotiation = 100,
    unsupportedExtension = 110,
    unknownPskIdentity = 115,
    noApplicationProtocol = 120,
    none = 256,
}

/** RFC 7301, RFC 7627, RFC 9146, RFC 9853, RFC 5746. */
export enum ExtensionType {
    applicationLayerProtocolNegotiation = 16,
    extendedMasterSecret = 23,
    connectionId = 54,
    returnRoutabilityCheck = 61,
    renegotiationInfo = 0xff01,
}

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3). */
export const EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff
