import { once } from "node:events"
import { appendFileSync } from "node:fs"
import { connect } from "node:net"
import { Connection } from "./connection.js"
import { parse, type ShimConfiguration, Unimplemented } from "./flags.js"
import { RunnerLink } from "./framing.js"
import { Sessions } from "./sessions.js"
import { ShimFailure } from "./shim-failure.js"

/* The program that BoringSSL's test runner starts for each test; see docs/bogo.md. */

/** Exit statuses that the runner knows. */
const FAILED = 1
const UNIMPLEMENTED = 89

/** For the summary of the run: the runner itself passes no reasons on. */
function noteReason(reason: string): void {
    const file = process.env["BOGO_REASONS"]
    if (file !== undefined) appendFileSync(file, `${reason}\n`)
}

async function connectToRunner({ port, ipv6, shimId }: ShimConfiguration): Promise<RunnerLink> {
    const socket = connect({ port, host: ipv6 ? "::1" : "127.0.0.1" })
    await once(socket, "connect")
    const id = Buffer.alloc(8)
    id.writeBigUInt64LE(shimId)
    socket.write(id)
    return new RunnerLink(socket)
}

async function runConnection(
    configuration: ShimConfiguration,
    sessions: Sessions,
    isResumption: boolean,
): Promise<void> {
    const connection = new Connection(configuration, sessions, isResumption)
    const link = await connectToRunner(configuration)
    try {
        await connection.run(link)
    } finally {
        await link.close()
    }
}

async function runTest(args: string[]): Promise<void> {
    const first = parse(args, false)
    const later = parse(args, true)
    if (!first.isDtls) throw new Unimplemented("a protocol other than DTLS")
    const sessions = new Sessions()
    await runConnection(first, sessions, false)
    for (let left = first.resumeCount; left > 0; left--) await runConnection(later, sessions, true)
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
        // What follows this line the runner takes for a sanitizer's report.
        console.error("--- DONE ---")
    }
}

process.exitCode = await main(process.argv.slice(2))
