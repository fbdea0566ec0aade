import { type Services } from "../platform/services.js"
import { LogLevel } from "./log-level.js"

/** What a thrown value says; JavaScript can throw anything. */
export function errorText(error: unknown): string {
    return error instanceof Error ? error.message : "something that is no Error"
}

/**
 * Calls back into the application. What its callback throws is logged and goes no further: a handler that fails must not
 * stop the task that called it, which serves others too.
 * @param name of the callback, for the log
 * @param fallback what counts as the answer of a callback that throws
 */
export function guarded<T>(services: Services, name: string, callback: () => T, fallback: T): T {
    try {
        return callback()
    } catch (error) {
        services.log(LogLevel.error, name + " failed: " + errorText(error))
        return fallback
    }
}

/** As `guarded`, of a callback that may take its time. */
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
