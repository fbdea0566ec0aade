import { AlertDescription } from "../../../dtls/wire/code-points.js"
import { type Failure, FailureReason } from "../../../dtls/handshake/failure.js"
import { TlsCertificateFlags } from "../../../gio/enums.js"
import { ErrorDomain, GError, invalidArgument, ioError, IOErrorEnum, TlsError } from "../../../gio/errors.js"
import { isKeyRefusal } from "../failure-text.js"

/**
 * What the calls of `connect` and `listen` throw, in the form of Node's own errors: a code in text, and as `cause` the
 * GError with GIO's domain and number.
 */
export class DtlsError extends Error {
    override readonly name = "DtlsError"
    /** which argument or option is wrong, when the code is ERR_DTLS_INVALID_ARGUMENT */
    readonly argument: string | undefined
    /**
     * Why the association ended, when it did: a name of FailureReason. "keyMismatch" is a wrong identity or key in both versions,
     * though a server of 1.3 tells it by an alert.
     */
    readonly reason: keyof typeof FailureReason | undefined
    /** the fatal alert that was sent or received, such as "handshakeFailure" */
    readonly alert: keyof typeof AlertDescription | undefined

    /** what is wrong with the peer's certificate, when the reason is "certificateRefused": "UNKNOWN_CA", "BAD_IDENTITY", ... */
    readonly certificateErrors: (keyof typeof TlsCertificateFlags)[] | undefined

    constructor(
        /** "ERR_DTLS_" and GIO's name of the code: ERR_DTLS_TIMED_OUT, ERR_DTLS_HANDSHAKE, ... */
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

/** A GError as DtlsError; whatever else is thrown stays what it is. */
export function nodeError(error: unknown): unknown {
    return error instanceof GError ? new DtlsError(codeOf(error), error) : error
}

/** ERR_DTLS_INVALID_ARGUMENT. @param needed what would be right */
export function wrongArgument(argument: string, needed: string): DtlsError {
    return nodeError(invalidArgument(argument, needed)) as DtlsError
}

/** ERR_DTLS_TIMED_OUT, of a wait with a `timeout`. */
export function timedOut(timeout: number): DtlsError {
    return nodeError(ioError(IOErrorEnum.TIMED_OUT, `nothing came within ${timeout} ms`)) as DtlsError
}

/** What Node's own calls throw when their signal is aborted: name AbortError, code ABORT_ERR. */
export class AbortError extends Error {
    override readonly name = "AbortError"
    readonly code = "ABORT_ERR"

    constructor(reason: unknown) {
        super("The operation was aborted", { cause: reason })
    }
}

/** Whether `error` is a DtlsError that only says that one side has closed. */
export function isClosed(error: unknown): boolean {
    return error instanceof DtlsError && error.code === "ERR_DTLS_CLOSED"
}
