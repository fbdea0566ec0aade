import { type Reserve } from "../dtls/association/saved-association.js"
import { SavedError, SavedErrorReason } from "../dtls/association/saved-error.js"
import { type GError, invalidArgument, ioError, IOErrorEnum } from "./errors.js"

/** Converts a SavedError into the error that callers get. Returns any other error unchanged. */
export function asGError(error: unknown): Error {
    return error instanceof SavedError ? errorOf(error.reason) : (error as Error)
}

function errorOf(reason: SavedErrorReason): GError {
    switch (reason) {
        case SavedErrorReason.handshaking:
            return notExportable()
        case SavedErrorReason.ended:
            return ioError(IOErrorEnum.CLOSED, "Connection is closed")
        case SavedErrorReason.unsupported:
            return ioError(
                IOErrorEnum.NOT_SUPPORTED,
                "The platform, or the format of the saved association, is another",
            )
        case SavedErrorReason.otherRole:
            return invalidArgument("saved", "a client's for a client, a server's for a server")
        case SavedErrorReason.otherSettings:
            return invalidArgument("saved", "the same suites and connection ids as when it was exported")
        case SavedErrorReason.outdated:
            return invalidArgument("saved", "the newest copy")
        default:
            return invalidArgument("saved", "whole, and sealed by this key")
    }
}

export function notExportable(): GError {
    return ioError(IOErrorEnum.PENDING, "The handshake is not done: nothing to export yet")
}

export function outOfNumbers(): GError {
    return ioError(IOErrorEnum.NO_SPACE, "The reserved sequence numbers are used up: export the association again")
}

/** Throws INVALID_ARGUMENT unless `send` and `receive` are whole numbers from 0 to 2^31-1. */
export function checkReserve(reserve: Reserve): void {
    for (const count of [reserve.send, reserve.receive]) {
        if (!(count >= 0) || count > 0x7fffffff || Math.floor(count) !== count)
            throw invalidArgument("reserve", "whole numbers from 0 to 2147483647")
    }
}
