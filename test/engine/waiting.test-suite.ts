import { Cancellable } from "../../src/gio/cancellable.js"
import { type Services } from "../../src/platform/services.js"
import { Waited, waitUntil } from "../../src/gio/waiting.js"
import { type Kit } from "../kit.js"

export function waitingTests(t: Kit): void {
    const services = t.services as Services
    t.describe("waiting", () => {
        t.test("ends when the condition holds, and does not miss a notification", async () => {
            const signal = services.newSignal()
            let ready = false
            services.spawn(async () => {
                ready = true
                signal.notify()
            })
            t.equal(await waitUntil(services, signal, () => ready, services.now() + 1000, undefined), Waited.ready)
        })
        t.test("ends at its deadline", async () => {
            const signal = services.newSignal()
            const begun = services.now()
            t.equal(await waitUntil(services, signal, () => false, begun + 20, undefined), Waited.timedOut)
            t.equal(services.now() - begun >= 19, true)
        })
        t.test("ends on cancellation", async () => {
            const signal = services.newSignal()
            const cancellable = new Cancellable()
            services.spawn(async () => {
                cancellable.cancel()
            })
            t.equal(
                await waitUntil(services, signal, () => false, services.now() + 1000, cancellable),
                Waited.cancelled,
            )
        })
    })
}
