import { GError, IOErrorEnum } from "../../src/gio/errors.js"

/** Natives answer minus an IOErrorEnum code; FAILED, which is 0, as -255 (src/platform/runtime/natives.ts). */
export function minusCode(error: unknown): number {
    return error instanceof GError && error.code !== IOErrorEnum.FAILED ? -error.code : -255
}
