import { Cancellable } from "../../../gio/cancellable.js"
import { AbortError, nodeError, timedOut, wrongArgument } from "./errors.js"
import { checkNames } from "./option-checks.js"

/** Limits how long a call may wait. */
export interface WaitOptions {
    /** aborts the wait with an AbortError, whose `cause` is the signal's reason */
    signal?: AbortSignal | undefined
    /** longest wait in ms, 0 to 2^31-1; after that the call throws ERR_DTLS_TIMED_OUT. Default: no limit */
    timeout?: number | undefined
}

/** Names of the options in WaitOptions, for `checkNames`. */
export const WAIT_OPTIONS: readonly string[] = ["signal", "timeout"]

/** Throws ERR_DTLS_INVALID_ARGUMENT, which names the wrong option. */
export function checkWait({ signal, timeout }: WaitOptions): void {
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongArgument("signal", "an AbortSignal")
    if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0 && timeout <= 0x7fffffff))
        throw wrongArgument("timeout", "milliseconds, 0 to 2147483647")
}

/** Default of the parameter `options`: no limit. */
export const WITHOUT_LIMIT: WaitOptions = {}

/** Like `checkWait`, for a call without other options. Also refuses unknown names. */
export function checkOnlyWait(options: WaitOptions): void {
    if (options === WITHOUT_LIMIT) return
    checkNames(options, WAIT_OPTIONS)
    checkWait(options)
}

function throwIfAborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw new AbortError(signal.reason)
}

/**
 * Runs `wait` until it is done, the signal is aborted, or the timeout expires. Converts GError into DtlsError.
 * @param wait gets the Cancellable that stops it; when cancelled, it throws IOErrorEnum.CANCELLED
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
