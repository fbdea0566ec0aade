import { type Services } from "../platform/services.js"
import { type Cancellable } from "./cancellable.js"
import { guarded } from "./guarded.js"
import { invalidArgument, isIoError, IOErrorEnum } from "./errors.js"
import { type DatagramBased, type DatagramSource, type SourceCallback } from "./datagram-based.js"

/** Pause between two calls of the callback while a condition holds, ms, so that other tasks can run. */
const TURN = 1

/**
 * GLib.Source that reports the conditions of a DatagramBased. Level-triggered, as in GIO.
 * @devsWhenUsed
 */
export class Source implements DatagramSource {
    private callback: SourceCallback | undefined
    private destroyed = false
    private attached = false

    constructor(
        private services: Services,
        private datagramBased: DatagramBased,
        private condition: number,
        private cancellable: Cancellable | undefined,
    ) {}

    setCallback(callback: SourceCallback): void {
        if (typeof callback !== "function") throw invalidArgument("callback", "a function is needed")
        this.callback = callback
    }

    /** Starts dispatching in the background. */
    attach(): void {
        if (this.attached) return
        this.attached = true
        const self = this
        this.services.spawn(async () => {
            await self.run()
        })
    }

    destroy(): void {
        this.destroyed = true
    }

    isDestroyed(): boolean {
        return this.destroyed
    }

    /** Waits for the condition in slices, so that `destroy` takes effect. */
    private async run(): Promise<void> {
        const pause = this.services.newSignal()
        while (!this.destroyed) {
            const holding = await this.wait()
            if (!this.destroyed && holding !== 0) this.dispatch(holding)
            if (holding !== 0) await pause.wait(TURN)
        }
    }

    private dispatch(condition: number): void {
        const callback = this.callback
        const cancelled = this.cancellable !== undefined && this.cancellable.isCancelled()
        const { services, datagramBased } = this
        const goesOn =
            callback !== undefined &&
            guarded(services, "The callback of a source", () => callback(datagramBased, condition), false)
        if (!goesOn || cancelled) this.destroyed = true
    }

    /** @returns the conditions that hold; the requested ones after cancellation; 0 when the slice has expired */
    private async wait(): Promise<number> {
        try {
            await this.datagramBased.conditionWait(this.condition, 100000, this.cancellable)
        } catch (error) {
            if (isIoError(error, IOErrorEnum.TIMED_OUT)) return 0
            if (isIoError(error, IOErrorEnum.CANCELLED)) return this.condition
            this.destroyed = true
            return 0
        }
        return this.datagramBased.conditionCheck(this.condition)
    }
}
