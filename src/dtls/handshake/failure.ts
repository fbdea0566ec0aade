import { type AlertDescription } from "../wire/code-points.js"

/** Why an association ended, as one number for programs; `failureText` has the sentences. */
export enum FailureReason {
    /** the peer did not answer in time */
    timeout = 1,
    /** the deadline came, and what the peer sent under the new keys did not decrypt: probably different keys */
    keyMismatch = 2,
    /** the peer sent a fatal alert */
    peerAlert = 3,
    /** a message that the grammar does not allow here */
    unexpectedMessage = 4,
    /** a message that does not parse */
    decodeError = 5,
    /** a value that was not offered or makes no sense */
    illegalParameter = 6,
    /** no cipher suite, version or compression in common */
    nothingInCommon = 7,
    /** extended master secret is required here and the peer does not offer it */
    extendedMasterSecretRequired = 8,
    /** the peer's Finished does not match the handshake: somebody changed it on the way, or the keys differ */
    badFinished = 9,
    /** no credentials: the application has no key or certificate for this peer */
    noCredentials = 10,
    /** sequence numbers or the records allowed under one key are used up */
    keysUsedUp = 11,
    /** too many records under one CCM_8 key did not authenticate */
    tooManyForgeries = 12,
    /** an authentic record is larger than allowed */
    recordOverflow = 13,
    /** renegotiation that the RFC forbids */
    badRenegotiation = 14,
    /** another handshake of the same address or identity took its place */
    replaced = 15,
    /** let go to make room for another peer */
    evicted = 16,
    /** closed by this side before the handshake was done */
    closedLocally = 17,
    /** client: every HelloVerifyRequest brought another cookie */
    badCookie = 18,
    /** server: nothing authentic came for the idle timeout */
    idle = 19,
    /** this side could not go on: its cryptography failed, memory or handles are used up, or there is a defect; see `cause` */
    internalError = 20,
    /** the peer presents or requests a certificate, and this side has pre-shared keys only */
    certificateUnsupported = 21,
    /** the credentials do not accept what the peer presents */
    certificateRefused = 22,
    /** the peer's signature does not belong to what it presents */
    badSignature = 23,
    /** server: the client has no certificate, and one is required */
    certificateRequired = 24,
    /** the server speaks a newer version that this side offered, and chose an older one: somebody changed the hello on its way */
    downgraded = 25,
}

/** How an association failed: reason, the alert if any, and where it was. */
export interface Failure {
    reason: FailureReason
    /** sent by us, or received when reason is peerAlert; `none` without one */
    alert: AlertDescription
    /** HandshakeType that was expected next; -1 outside a handshake */
    expecting: number
    /** what was thrown, when reason is internalError */
    cause?: string
    /** Gio.TlsCertificateFlags of what the peer presented, when it presented something */
    certificateErrors?: number
}
