import { NEVER } from "../dtls/flight/retransmission.js"
import { type Services, type Signal } from "../platform/services.js"
import { type Cancellable } from "./cancellable.js"

/** The deadline in ms of a call that begins now. @param timeout µs; negative: no limit */
export function deadlineAfter(services: Services, timeout: number): number {
    return timeout < 0 ? NEVER : services.now() + timeout / 1000
}

/** How a wait ended. */
export enum Waited {
    ready,
    timedOut,
    cancelled,
}

/**
 * Waits until `ready` returns true. It is called at once, and each time `changed` is notified.
 * In Node other code may run between a true answer and the return of this function. So anything that must not be shared has to be taken
 * inside `ready`.
 */
export async function waitUntil(
    services: Services,
    changed: Signal,
    ready: () => boolean,
    deadline: number,
    cancellable: Cancellable | undefined,
): Promise<Waited> {
    const id = cancellable === undefined ? 0 : cancellable.connect(() => changed.notify())
    let outcome = Waited.timedOut
    while (true) {
        if (cancellable !== undefined && cancellable.isCancelled()) {
            outcome = Waited.cancelled
            break
        }
        if (ready()) {
            outcome = Waited.ready
            break
        }
        const left = deadline - services.now()
        if (left <= 0) break
        await changed.wait(deadline >= NEVER ? -1 : left)
    }
    if (cancellable !== undefined) cancellable.disconnect(id)
    return outcome
}
