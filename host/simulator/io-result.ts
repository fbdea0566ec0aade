import { IoError } from "../abi/abi.js"
import { GError, IOErrorEnum } from "../../src/gio/errors.js"

/** Natives answer minus an IOErrorEnum code; FAILED, which is 0 there, has a number of its own. */
export function minusCode(error: unknown): number {
    return error instanceof GError && error.code !== IOErrorEnum.FAILED ? -error.code : -IoError.FAILED
}
