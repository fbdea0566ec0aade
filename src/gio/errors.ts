import { type Failure } from "../dtls/handshake/failure.js"

/** Gio.IOErrorEnum: the members that are used here, with GIO's numbers. */
export enum IOErrorEnum {
    FAILED = 0,
    NOT_FOUND = 1,
    NO_SPACE = 12,
    INVALID_ARGUMENT = 13,
    PERMISSION_DENIED = 14,
    NOT_SUPPORTED = 15,
    CLOSED = 18,
    CANCELLED = 19,
    PENDING = 20,
    TIMED_OUT = 24,
    WOULD_BLOCK = 27,
    HOST_NOT_FOUND = 28,
    ADDRESS_IN_USE = 33,
    HOST_UNREACHABLE = 37,
    NETWORK_UNREACHABLE = 38,
    CONNECTION_REFUSED = 39,
    CONNECTION_CLOSED = 44,
    MESSAGE_TOO_LARGE = 46,
}

/** Gio.TlsError, with GIO's numbers. */
export enum TlsError {
    UNAVAILABLE = 0,
    MISC = 1,
    BAD_CERTIFICATE = 2,
    NOT_TLS = 3,
    HANDSHAKE = 4,
    CERTIFICATE_REQUIRED = 5,
    EOF = 6,
}

/** Gio.TlsChannelBindingError, with GIO's numbers. */
export enum TlsChannelBindingError {
    NOT_IMPLEMENTED = 0,
    INVALID_STATE = 1,
    NOT_AVAILABLE = 2,
    NOT_SUPPORTED = 3,
    GENERAL_ERROR = 4,
}

/** The three error domains, with GIO's names. */
export enum ErrorDomain {
    io = "g-io-error-quark",
    tls = "g-tls-error-quark",
    channelBinding = "g-tls-channel-binding-error-quark",
}

/**
 * GLib.Error: a domain and a code for programs, and a message for people.
 * @devsWhenUsed
 */
export class GError extends Error {
    /** name of the wrong argument, if the code is INVALID_ARGUMENT */
    argument: string | undefined
    /** why the association ended, if it has */
    failure: Failure | undefined

    constructor(
        public domain: ErrorDomain,
        public code: number,
        message: string,
    ) {
        super(message)
        this.name = "GError"
    }

    matches(domain: ErrorDomain, code: number): boolean {
        return this.domain === domain && this.code === code
    }
}

export function ioError(code: IOErrorEnum, message: string): GError {
    return new GError(ErrorDomain.io, code, message)
}

/** Whether `error` is a GError of the I/O domain with this code. */
export function isIoError(error: unknown, code: IOErrorEnum): boolean {
    return error instanceof GError && error.matches(ErrorDomain.io, code)
}

/** @param argument its name, as GIO spells it; @param needed describes a valid value */
export function invalidArgument(argument: string, needed: string): GError {
    const error = ioError(IOErrorEnum.INVALID_ARGUMENT, argument + ": " + needed)
    error.argument = argument
    return error
}
