import { GError, IOErrorEnum } from "../../../gio/errors.js"
import { nodeError } from "../connect/errors.js"

/** An error with one of Node's own codes. */
export interface CodedError extends Error {
    code: string
}

function coded(code: string, message: string, cause?: unknown): CodedError {
    return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })
}

/** ERR_INVALID_STATE. */
export function stateError(message: string): CodedError {
    return coded("ERR_INVALID_STATE", `Invalid state: ${message}`)
}

/** ERR_OUT_OF_RANGE. */
export function rangeError(message: string): CodedError {
    return coded("ERR_OUT_OF_RANGE", message)
}

const systemCodes: Partial<Record<IOErrorEnum, string>> = {
    [IOErrorEnum.ADDRESS_IN_USE]: "EADDRINUSE",
    [IOErrorEnum.PERMISSION_DENIED]: "EACCES",
    [IOErrorEnum.NOT_FOUND]: "EADDRNOTAVAIL",
}

/** The error of a socket that cannot be bound, with the system's code as in `net` and `dgram`. */
export function bindError(error: unknown): unknown {
    const code = error instanceof GError ? systemCodes[error.code as IOErrorEnum] : undefined
    return code === undefined ? nodeError(error) : coded(code, (error as GError).message, error)
}
