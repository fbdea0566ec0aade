import { type GError, ioError, IOErrorEnum } from "../../gio/errors.js"
import { IO_FAILED } from "./natives.js"

/** The error for a native's negative result (natives.ts). */
export function resultError(result: number, text: string): GError {
    return ioError((result === -IO_FAILED ? IOErrorEnum.FAILED : -result) as IOErrorEnum, text)
}
