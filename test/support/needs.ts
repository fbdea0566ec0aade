import { type Context } from "mocha"

/** Skips a test with the reason in its title; in CI it fails instead. @param missing undefined: nothing is missing */
export function needs(context: Context, missing: string | undefined): void {
    if (missing === undefined) return
    if (process.env["CI"] !== undefined) throw new Error(missing)
    const test = context.runnable()
    test.title += ` (skipped: ${missing})`
    context.skip()
}
