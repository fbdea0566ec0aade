/*
 * How commands that run until they are stopped come to an end: by Ctrl-C, SIGTERM, or because their output is no longer
 * read. All of them end in an orderly way with exit code 0.
 */

/** @param why for people, if it was not a signal */
type StopHandler = (why: string | undefined) => void

const handlers = new Set<StopHandler>()
let stopped: { why: string | undefined } | undefined

/** Ends the command: through its handlers, or at once if it has none. Further calls have no effect. */
export function stop(why?: string): void {
    if (stopped !== undefined) return
    stopped = { why }
    if (handlers.size === 0) process.exit(0)
    for (const handler of handlers) handler(why)
}

/** Calls `handler` when the command is to end. @returns a function that removes the handler */
export function onStop(handler: StopHandler): () => void {
    if (stopped !== undefined) handler(stopped.why)
    handlers.add(handler)
    return () => void handlers.delete(handler)
}

/** Whether the command was stopped before it was done. */
export function wasStopped(): boolean {
    return stopped !== undefined
}

/** From now on Ctrl-C and SIGTERM stop the command; a second signal ends it at once. */
export function stopOnSignals(): void {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop())
}
