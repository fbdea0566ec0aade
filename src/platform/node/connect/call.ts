/** What a handler throws is its program's, as with an event: whoever calls it goes on. */
export function call<T>(handler: ((value: T) => void) | undefined, value: T): void {
    try {
        handler?.(value)
    } catch (error) {
        process.nextTick(() => {
            throw error
        })
    }
}
