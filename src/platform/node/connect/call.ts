/**
 * Calls the application's handler. An exception from the handler is rethrown in a later tick, as for an event listener, so the caller
 * continues.
 */
export function call<T>(handler: ((value: T) => void) | undefined, value: T): void {
    try {
        handler?.(value)
    } catch (error) {
        process.nextTick(() => {
            throw error
        })
    }
}
