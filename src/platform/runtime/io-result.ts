import { type GError, ioError, IOErrorEnum } from "../../gio/errors.js"

/** The error behind a native's negative answer (natives.ts). */
export function resultError(result: number, text: string): GError {
    return ioError((result === -255 ? IOErrorEnum.FAILED : -result) as IOErrorEnum, text)
}
