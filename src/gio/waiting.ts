import { NEVER } from "../dtls/flight/retransmission.js"
import { type Services, type Signal } from "../platform/services.js"
import { type Cancellable } from "./cancellable.js"

/** When a call with this timeout (µs, negative waits) that begins now ends, ms. */
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
 * Waits until `ready` says true: it is asked at once and each time `changed` is notified.
 * In Node others may run between a true answer and the return: what must not be shared is taken inside `ready`.
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
