import { type Services } from "../platform/services.js"
import { LogLevel } from "./log-level.js"

/** The message of a thrown value, which may be of any type in JavaScript. */
export function errorText(error: unknown): string {
    return error instanceof Error ? error.message : "something that is no Error"
}

/**
 * Calls a callback of the application. An error from it is logged and not passed on, because a failing handler must not stop the task that
 * called it and that also serves others.
 * @param name name of the callback, for the log
 * @param fallback the result if the callback throws
 */
export function guarded<T>(services: Services, name: string, callback: () => T, fallback: T): T {
    try {
        return callback()
    } catch (error) {
        services.log(LogLevel.error, name + " failed: " + errorText(error))
        return fallback
    }
}

/** Like `guarded`, for a callback that may return a promise. */
export async function guardedLater<T>(
    services: Services,
    name: string,
    callback: () => Promise<T>,
    fallback: T,
): Promise<T> {
    try {
        return await callback()
    } catch (error) {
        services.log(LogLevel.error, name + " failed: " + errorText(error))
        return fallback
    }
}
