import { type GError, invalidArgument } from "./errors.js"

/**
 * Gio.AsyncResult: what an operation that ran beside the caller came to; for the matching `…Finish`.
 * @devsWhenUsed
 */
export class AsyncResult {
    /** @param operation which `…Finish` may take it */
    constructor(
        private operation: string,
        private value: boolean,
        private error: GError | undefined,
    ) {}

    /** Gives the value or throws the error. */
    take(operation: string): boolean {
        if (operation !== this.operation) throw invalidArgument("result", "it belongs to " + this.operation)
        if (this.error !== undefined) throw this.error
        return this.value
    }
}

export function checkResult(result: AsyncResult): void {
    if (!(result instanceof AsyncResult)) throw invalidArgument("result", "an AsyncResult is needed")
}
