import { type Failure, FailureReason } from "../dtls/handshake/failure.js"
import { HandshakeType } from "../dtls/wire/code-points.js"
import { type DescribeFailure } from "../platform/services.js"
import { ErrorDomain, GError, IOErrorEnum, TlsError } from "./errors.js"

/**
 * The error that calls on a failed connection throw: GIO's code, and a message that says what to do.
 * @param describe returns words for an alert or a rare reason; without it the message has numbers
 */
export function failureError(failure: Failure, describe: DescribeFailure | undefined): GError {
    const error = errorOf(failure, describe?.(failure))
    error.failure = failure
    return error
}

function errorOf(failure: Failure, words: string | undefined): GError {
    switch (failure.reason) {
        case FailureReason.timeout:
            return io(
                IOErrorEnum.TIMED_OUT,
                failure.expecting === HandshakeType.changeCipherSpec
                    ? "No Finished came: check PSK identity and key"
                    : "The peer did not answer: check address and port",
            )
        case FailureReason.evicted:
        case FailureReason.replaced:
        case FailureReason.closedLocally:
            return io(IOErrorEnum.CLOSED, "Connection is closed")
        case FailureReason.keyMismatch:
        case FailureReason.badFinished:
            return tls(TlsError.HANDSHAKE, "Different keys? Check PSK identity and key")
        case FailureReason.noCredentials:
            return tls(TlsError.HANDSHAKE, "No pre-shared key or certificate for this peer")
        case FailureReason.certificateRefused:
        case FailureReason.badSignature:
            return tls(TlsError.BAD_CERTIFICATE, words ?? "The peer's certificate or public key is not accepted")
        case FailureReason.certificateRequired:
            return tls(TlsError.CERTIFICATE_REQUIRED, words ?? "The peer has no certificate")
        case FailureReason.internalError:
            return io(IOErrorEnum.FAILED, "The connection failed on this side: " + failure.cause)
        case FailureReason.peerAlert:
            return tls(TlsError.HANDSHAKE, words ?? "The peer sent a fatal alert, number " + failure.alert)
        default:
            return tls(TlsError.MISC, words ?? "The connection failed, reason " + failure.reason)
    }
}

function io(code: IOErrorEnum, message: string): GError {
    return new GError(ErrorDomain.io, code, message)
}

function tls(code: TlsError, message: string): GError {
    return new GError(ErrorDomain.tls, code, message)
}
