import { isInstalled } from "../interop/process.js"
import { type Context } from "mocha"

/** Skips a test, with the reason in its title; in CI it fails instead. @param missing undefined: nothing is missing */
export function needs(context: Context, missing: string | undefined): void {
    if (missing === undefined) return
    if (process.env["CI"] !== undefined) throw new Error(missing)
    const test = context.runnable()
    test.title += ` (skipped: ${missing})`
    context.skip()
}

/** The argument of `needs` for a program that may not be installed. */
export const missingProgram = (name: string): string | undefined =>
    isInstalled(name) ? undefined : `${name} is not installed`
