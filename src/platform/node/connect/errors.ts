import { AlertDescription } from "../../../dtls/wire/code-points.js"
import { type Failure, FailureReason } from "../../../dtls/handshake/failure.js"
import { TlsCertificateFlags } from "../../../gio/enums.js"
import { ErrorDomain, GError, invalidArgument, ioError, IOErrorEnum, TlsError } from "../../../gio/errors.js"
import { isKeyRefusal } from "../failure-text.js"

/**
 * The error of `connect`, `listen` and their objects, in the form of Node's own errors: `code` is a string, and `cause` is the GError with
 * GIO's error domain and number.
 */
export class DtlsError extends Error {
    override readonly name = "DtlsError"
    /** name of the wrong argument or option, if the code is ERR_DTLS_INVALID_ARGUMENT */
    readonly argument: string | undefined
    /**
     * The reason for the end of the association, if it has ended: a name of FailureReason. A wrong identity or key is "keyMismatch" in both
     * versions, although a DTLS 1.3 server reports it by an alert.
     */
    readonly reason: keyof typeof FailureReason | undefined
    /** the fatal alert that was sent or received, for example "handshakeFailure" */
    readonly alert: keyof typeof AlertDescription | undefined

    /** what is wrong with the peer's certificate, if the reason is "certificateRefused": "UNKNOWN_CA", "BAD_IDENTITY", ... */
    readonly certificateErrors: (keyof typeof TlsCertificateFlags)[] | undefined

    constructor(
        /** "ERR_DTLS_" followed by GIO's name of the error code: ERR_DTLS_TIMED_OUT, ERR_DTLS_HANDSHAKE, ... */
        readonly code: string,
        override readonly cause: GError,
    ) {
        super(cause.message, { cause })
        this.argument = cause.argument
        this.reason = cause.failure && reasonOf(cause.failure)
        if (cause.failure?.reason === FailureReason.certificateRefused)
            this.certificateErrors = flagNames(cause.failure.certificateErrors ?? TlsCertificateFlags.GENERIC_ERROR)
        if (cause.failure !== undefined && cause.failure.alert !== AlertDescription.none)
            this.alert = AlertDescription[cause.failure.alert] as keyof typeof AlertDescription | undefined
    }
}

function reasonOf(failure: Failure): keyof typeof FailureReason | undefined {
    const reason = isKeyRefusal(failure) ? FailureReason.keyMismatch : failure.reason
    return FailureReason[reason] as keyof typeof FailureReason | undefined
}

function flagNames(errors: TlsCertificateFlags): (keyof typeof TlsCertificateFlags)[] {
    const { UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, REVOKED, INSECURE, GENERIC_ERROR } = TlsCertificateFlags
    return [UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, REVOKED, INSECURE, GENERIC_ERROR]
        .filter((flag) => (errors & flag) !== 0)
        .map((flag) => TlsCertificateFlags[flag] as keyof typeof TlsCertificateFlags)
}

function codeOf({ domain, code }: GError): string {
    const names: Record<number, string> = domain === ErrorDomain.tls ? TlsError : IOErrorEnum
    return `ERR_DTLS_${names[code] ?? "FAILED"}`
}

/** Converts a GError into a DtlsError. Returns any other error unchanged. */
export function nodeError(error: unknown): unknown {
    return error instanceof GError ? new DtlsError(codeOf(error), error) : error
}

/** Makes an ERR_DTLS_INVALID_ARGUMENT error. @param needed describes a valid value */
export function wrongArgument(argument: string, needed: string): DtlsError {
    return nodeError(invalidArgument(argument, needed)) as DtlsError
}

/** Makes the ERR_DTLS_TIMED_OUT error of a call whose `timeout` (ms) has passed. */
export function timedOut(timeout: number): DtlsError {
    return nodeError(ioError(IOErrorEnum.TIMED_OUT, `nothing came within ${timeout} ms`)) as DtlsError
}

/** The error of an aborted call, as in Node's own API: its name is AbortError, its code ABORT_ERR. */
export class AbortError extends Error {
    override readonly name = "AbortError"
    readonly code = "ABORT_ERR"

    constructor(reason: unknown) {
        super("The operation was aborted", { cause: reason })
    }
}

/** Whether `error` is a DtlsError that merely reports that one side has closed the connection. */
export function isClosed(error: unknown): boolean {
    return error instanceof DtlsError && error.code === "ERR_DTLS_CLOSED"
}
