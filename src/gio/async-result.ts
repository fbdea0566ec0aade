import { type GError, invalidArgument } from "./errors.js"

/**
 * Gio.AsyncResult: the outcome of an asynchronous operation, for the matching `…Finish` method.
 * @devsWhenUsed
 */
export class AsyncResult {
    /** @param operation name of the operation, whose `…Finish` method accepts this result */
    constructor(
        private operation: string,
        private value: boolean,
        private error: GError | undefined,
    ) {}

    /** Returns the operation's value or throws its error. */
    take(operation: string): boolean {
        if (operation !== this.operation) throw invalidArgument("result", "it belongs to " + this.operation)
        if (this.error !== undefined) throw this.error
        return this.value
    }
}

export function checkResult(result: AsyncResult): void {
    if (!(result instanceof AsyncResult)) throw invalidArgument("result", "an AsyncResult is needed")
}
