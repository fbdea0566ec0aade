import { type GError, ioError, IOErrorEnum } from "../../gio/errors.js"
import { IO_FAILED } from "./natives.js"

/** The error behind a native's negative answer (natives.ts). */
export function resultError(result: number, text: string): GError {
    return ioError((result === -IO_FAILED ? IOErrorEnum.FAILED : -result) as IOErrorEnum, text)
}
