import { type AlertDescription } from "../wire/code-points.js"

/** Why an association ended, as a number for programs; `failureText` has the sentences. */
export enum FailureReason {
    /** the peer did not answer in time */
    timeout = 1,
    /**
     * no answer before the deadline, and what the peer sent under the new keys did not decrypt: probably different keys
     */
    keyMismatch = 2,
    /** the peer sent a fatal alert */
    peerAlert = 3,
    /** a message that is not allowed at this point */
    unexpectedMessage = 4,
    /** a message that does not parse */
    decodeError = 5,
    /** a value that was not offered or makes no sense */
    illegalParameter = 6,
    /** no cipher suite, version or compression in common */
    nothingInCommon = 7,
    /** this side requires extended master secret, and the peer does not offer it */
    extendedMasterSecretRequired = 8,
    /** the peer's Finished does not match the handshake: it was tampered with, or the keys differ */
    badFinished = 9,
    /** no credentials: the application has no key or certificate for this peer */
    noCredentials = 10,
    /** sequence numbers or the records allowed under one key are used up */
    keysUsedUp = 11,
    /** too many records under one CCM_8 key did not authenticate */
    tooManyForgeries = 12,
    /** an authentic record is larger than allowed */
    recordOverflow = 13,
    /** a renegotiation that the RFC forbids */
    badRenegotiation = 14,
    /** replaced by another handshake from the same address or identity */
    replaced = 15,
    /** evicted to make room for another peer */
    evicted = 16,
    /** closed by this side before the handshake was done */
    closedLocally = 17,
    /** client: every HelloVerifyRequest brought another cookie */
    badCookie = 18,
    /** server: nothing authentic was received during the idle timeout */
    idle = 19,
    /**
     * an error on this side: its cryptography failed, memory or handles are used up, or there is a defect; see `cause`
     */
    internalError = 20,
    /** the peer presents or requests a certificate, but this side has only pre-shared keys */
    certificateUnsupported = 21,
    /** this side's credentials do not accept the peer's certificate or key */
    certificateRefused = 22,
    /** the peer's signature was not made with the key it presents */
    badSignature = 23,
    /** server: the client has no certificate, and one is required */
    certificateRequired = 24,
    /**
     * the server supports a newer version that this side offered, but chose an older one: the hello was tampered with
     */
    downgraded = 25,
}

/** How an association failed: the reason, the alert if any, and the position in the handshake. */
export interface Failure {
    reason: FailureReason
    /** sent by us, or received if reason is peerAlert; `none` if there was none */
    alert: AlertDescription
    /** HandshakeType that was expected next; -1 outside a handshake */
    expecting: number
    /** message of the exception, if reason is internalError */
    cause?: string
    /** Gio.TlsCertificateFlags of the peer's certificate or key, if it presented one */
    certificateErrors?: number
}
