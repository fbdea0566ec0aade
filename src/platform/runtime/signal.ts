import * as ds from "@devicescript/core"
import { type Signal } from "../services.js"

/**
 * Suspends and resumes the fibers that wait. Plain DeviceScript, so it works on the official VM too.
 * @devsWhenUsed
 */
export class FiberSignal implements Signal {
    private waiting: ds.Fiber[] = []

    async wait(timeout: number): Promise<boolean> {
        const self = ds.Fiber.self()
        this.waiting.push(self)
        // A timeout rounded down to 0 ms would never end on the official VM.
        const woken =
            timeout < 0 ? await ds.suspend<boolean>() : await ds.suspend<boolean>(Math.max(1, Math.ceil(timeout)))
        this.waiting = this.waiting.filter((fiber) => fiber !== self)
        return woken === true
    }

    notify(): void {
        const waiting = this.waiting
        this.waiting = []
        for (const fiber of waiting) {
            if (fiber.suspended) fiber.resume(true)
        }
    }
}
