import { IoError } from "../abi/abi.js"
import { GError, IOErrorEnum } from "../../src/gio/errors.js"

/** Natives return minus an IOErrorEnum code; FAILED, whose code is 0, has a number of its own. */
export function minusCode(error: unknown): number {
    return error instanceof GError && error.code !== IOErrorEnum.FAILED ? -error.code : -IoError.FAILED
}
