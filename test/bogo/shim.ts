import { appendFileSync } from "node:fs"
import { Unimplemented } from "./engine/configuration.js"
import { ShimFailure } from "./engine/failure.js"
import { parse } from "./flags.js"
import { runInNode } from "./node-side.js"

/* The program that BoringSSL's test runner starts for each test; docs/bogo.md. */

/** Exit statuses defined by the runner. */
const FAILED = 1
const UNIMPLEMENTED = 89

/** Notes the reason for the run's summary, because the runner does not report reasons. */
function noteReason(reason: string): void {
    const file = process.env["BOGO_REASONS"]
    if (file !== undefined) appendFileSync(file, `${reason}\n`)
}

/** Runs in the machine if run.ts says so. */
async function runTest(args: string[]): Promise<void> {
    const first = parse(args, false)
    if (!first.isDtls) throw new Unimplemented("a protocol other than DTLS")
    const later = parse(args, true)
    const connections = [first, ...Array.from({ length: first.resumeCount }, () => later)]
    const { BOGO_MACHINE: machine, BOGO_IMAGE: image } = process.env
    if (machine === undefined || image === undefined) return await runInNode(connections)
    const { runInMachine } = await import("./machine-side.js")
    await runInMachine(connections, { machine, image })
}

async function main(args: string[]): Promise<number> {
    if (args.includes("-is-handshaker-supported")) {
        console.log("No")
        return 0
    }
    try {
        await runTest(args)
        return 0
    } catch (error) {
        if (!(error instanceof Unimplemented) && !(error instanceof ShimFailure)) throw error
        console.error(error.message)
        if (error instanceof Unimplemented) noteReason(error.message)
        return error instanceof Unimplemented ? UNIMPLEMENTED : FAILED
    } finally {
        // The runner takes text after this line for a sanitizer's report.
        console.error("--- DONE ---")
    }
}

process.exitCode = await main(process.argv.slice(2))
