import { Cancellable } from "../../../gio/cancellable.js"
import { AbortError, nodeError, timedOut, wrongArgument } from "./errors.js"
import { checkNames } from "./check-names.js"

/** How long a call may wait. */
export interface WaitOptions {
    /** ends the wait with an AbortError, whose cause is the signal's reason */
    signal?: AbortSignal | undefined
    /** ms, 0 to 2^31-1; the wait then ends with ERR_DTLS_TIMED_OUT. Default: no limit */
    timeout?: number | undefined
}

/** Names of WaitOptions, for checks. */
export const WAIT_OPTIONS: readonly string[] = ["signal", "timeout"]

/** Throws ERR_DTLS_INVALID_ARGUMENT that names what is wrong. */
export function checkWait({ signal, timeout }: WaitOptions): void {
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongArgument("signal", "an AbortSignal")
    if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0 && timeout <= 0x7fffffff))
        throw wrongArgument("timeout", "milliseconds, 0 to 2147483647")
}

/** In place of options that a call is not given. */
export const WITHOUT_LIMIT: WaitOptions = {}

/** As `checkWait`, for a call that has no other options. */
export function checkOnlyWait(options: WaitOptions): void {
    if (options === WITHOUT_LIMIT) return
    checkNames(options, WAIT_OPTIONS)
    checkWait(options)
}

function throwIfAborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw new AbortError(signal.reason)
}

/**
 * Runs `wait` until its end, or until the signal or the time ends it; errors leave as Node's.
 * @param wait is given what stops it: IOErrorEnum.CANCELLED comes of that
 */
export async function waiting<T>(
    options: WaitOptions,
    wait: (stop: Cancellable | undefined) => Promise<T>,
): Promise<T> {
    if (options.signal !== undefined || options.timeout !== undefined) return await stoppable(options, wait)
    try {
        return await wait(undefined)
    } catch (error) {
        throw nodeError(error)
    }
}

async function stoppable<T>({ signal, timeout }: WaitOptions, wait: (stop: Cancellable) => Promise<T>): Promise<T> {
    throwIfAborted(signal)
    const stop = new Cancellable()
    let late = false
    const abort = (): void => stop.cancel()
    const expire = (): void => {
        late = true
        stop.cancel()
    }
    signal?.addEventListener("abort", abort, { once: true })
    const timer = timeout === undefined ? undefined : setTimeout(expire, timeout)
    try {
        return await wait(stop)
    } catch (error) {
        throwIfAborted(signal)
        throw late && timeout !== undefined ? timedOut(timeout) : nodeError(error)
    } finally {
        signal?.removeEventListener("abort", abort)
        clearTimeout(timer)
    }
}
