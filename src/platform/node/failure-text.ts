import { Diagnostic } from "../../dtls/association/output.js"
import { type Failure, FailureReason } from "../../dtls/handshake/failure.js"
import { AlertDescription, HandshakeType } from "../../dtls/wire/code-points.js"
import { TlsCertificateFlags } from "../../gio/enums.js"

/* Failures in words. Devices report numbers, to keep their images small. */

/** "handshake_failure (40)": the name as in RFC 5246, and the number. */
export function alertName(alert: number): string {
    const name = AlertDescription[alert] as string | undefined
    const spelled = name === undefined ? "unknown" : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return `${spelled} (${alert})`
}

const reasons: Record<FailureReason, string> = {
    [FailureReason.timeout]: "the peer did not answer in time; check address, port and the DTLS versions of both sides",
    [FailureReason.keyMismatch]:
        "the peer answers, but its records do not decrypt; most likely PSK identity or key differ on the two sides",
    [FailureReason.peerAlert]: "the peer ended the handshake",
    [FailureReason.unexpectedMessage]: "the peer sent a message that does not belong here",
    [FailureReason.decodeError]: "the peer sent a message that cannot be read",
    [FailureReason.illegalParameter]: "the peer chose something that was not offered",
    [FailureReason.nothingInCommon]: "no cipher suite or version in common",
    [FailureReason.extendedMasterSecretRequired]:
        "the peer does not offer extended master secret, which is required here",
    [FailureReason.badFinished]: "the handshake was changed on its way, or the keys differ",
    [FailureReason.noCredentials]: "there is no key or certificate for this peer",
    [FailureReason.keysUsedUp]: "as many records as allowed were sent under one key; connect again",
    [FailureReason.tooManyForgeries]: "too many forged records came; connect again",
    [FailureReason.recordOverflow]: "the peer sent a record that is too large",
    [FailureReason.badRenegotiation]: "the peer's renegotiation_info is wrong; somebody may be in between",
    [FailureReason.replaced]: "a newer session of the same peer took its place",
    [FailureReason.evicted]: "let go to make room for other peers",
    [FailureReason.closedLocally]: "closed before the handshake was done",
    [FailureReason.idle]: "nothing came for a long time",
    [FailureReason.internalError]: "this side could not go on",
    [FailureReason.badCookie]: "cookies without end, or one that does not belong to the ClientHello",
    [FailureReason.certificateUnsupported]:
        "the peer presents or requests a certificate; this side has none, only pre-shared keys",
    [FailureReason.certificateRefused]: "the peer's certificate or public key is not accepted",
    [FailureReason.badSignature]: "the peer's signature does not belong to its certificate or public key",
    [FailureReason.certificateRequired]: "the client has no certificate, and one is required",
    [FailureReason.downgraded]:
        "the server speaks a newer version than the one it chose; somebody in between may have removed that from the offer",
}

/** Describes a failure reason by number; undefined if there is no such number. */
export function reasonText(reason: number): string | undefined {
    return (reasons as Record<number, string | undefined>)[reason]
}

/** ", alert handshake_failure (40)", or nothing for a failure without an alert. */
export function alertText(alert: AlertDescription): string {
    return alert === AlertDescription.none ? "" : `, alert ${alertName(alert)}`
}

/** In DTLS 1.3, decrypt_error instead of a ServerHello means that the binder is wrong (RFC 8446 §4.2.11). */
export function isKeyRefusal({ reason, alert, expecting }: Failure): boolean {
    const isBinder = alert === AlertDescription.decryptError && expecting === HandshakeType.serverHello
    return reason === FailureReason.peerAlert && isBinder
}

export function keyRefusalText(failure: Failure): string | undefined {
    return isKeyRefusal(failure)
        ? "the server does not know that PSK identity, or has a different key for it"
        : undefined
}

/** The message of the error thrown by a failed connection, with reason and alert in words. */
export function failureMessage(failure: Failure): string {
    const { reason, alert } = failure
    const keyRefusal = keyRefusalText(failure)
    if (keyRefusal !== undefined) return `The connection failed: ${keyRefusal}${alertText(alert)}`
    if (reason === FailureReason.peerAlert) return `The peer sent a fatal alert, ${alertName(alert)}`
    return `The connection failed: ${reasons[reason]}${refusalText(failure)}${alertText(alert)}`
}

/** ": it has expired", or nothing if the failure was not caused by a certificate. */
export function refusalText({ reason, certificateErrors = 0 }: Failure): string {
    const isRefused = reason === FailureReason.certificateRefused && certificateErrors !== 0
    return isRefused ? `: ${verdictText(certificateErrors)}` : ""
}

const verdicts: [TlsCertificateFlags, string][] = [
    [TlsCertificateFlags.UNKNOWN_CA, "nobody who is trusted has signed it"],
    [TlsCertificateFlags.BAD_IDENTITY, "it is not for the name that was asked for, or no name was"],
    [TlsCertificateFlags.NOT_ACTIVATED, "it is not valid yet"],
    [TlsCertificateFlags.EXPIRED, "it has expired"],
    [TlsCertificateFlags.REVOKED, "it has been revoked"],
    [TlsCertificateFlags.INSECURE, "its key or its signature is too weak"],
    [TlsCertificateFlags.GENERIC_ERROR, "it cannot be read, or is not meant for this use"],
]

/** Describes the errors in a certificate; "nothing is wrong with it" if there are none. */
export function verdictText(errors: TlsCertificateFlags): string {
    const found = verdicts.filter(([flag]) => (errors & flag) !== 0).map(([, text]) => text)
    return found.length === 0 ? "nothing is wrong with it" : found.join("; ")
}

/** Describes a diagnostic. @param detail as in DtlsSettings.onDiagnostic */
export function diagnosticText(diagnostic: Diagnostic, detail: number): string {
    switch (diagnostic) {
        case Diagnostic.keyMismatch:
            return "what the peer sends does not decrypt, or it does not accept our Finished: different keys?"
        case Diagnostic.renegotiationRefused:
            return "the peer asked for renegotiation; refused"
        case Diagnostic.retransmitting:
            return `no answer; the flight is sent again (repetition ${detail})`
        case Diagnostic.peerRepeats:
            return "the peer repeats its flight; ours is sent again"
        case Diagnostic.smallerDatagrams:
            return `repeated loss; datagrams of at most ${detail} bytes from now on`
        case Diagnostic.unprotectedAlert:
            return `unprotected fatal alert ${alertName(detail)}; the handshake fails unless a better message follows`
        case Diagnostic.saveWanted:
            return "records wait until the association is exported again"
        case Diagnostic.warningAlert:
            return `warning alert ${alertName(detail)}`
        case Diagnostic.refusedMessage:
            return `${reasonText(detail) ?? "a message was refused"}; the handshake fails unless a better message follows`
    }
}
