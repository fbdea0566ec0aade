import { connect } from "node:net"
import { once } from "node:events"
import { Answers } from "./answers.js"
import { Connection } from "./connection.js"
import { parse, type ShimConfiguration, Unimplemented } from "./flags.js"
import { RunnerLink } from "./framing.js"
import { roleOf, settingsOf } from "./settings.js"
import { ShimFailure } from "./shim-failure.js"

/* The program that BoringSSL's test runner starts for each test; see docs/bogo.md. */

/** Exit statuses that the runner knows. */
const FAILED = 1
const UNIMPLEMENTED = 89

async function connectToRunner({ port, ipv6, shimId }: ShimConfiguration): Promise<RunnerLink> {
    const socket = connect({ port, host: ipv6 ? "::1" : "127.0.0.1" })
    await once(socket, "connect")
    const id = Buffer.alloc(8)
    id.writeBigUInt64LE(shimId)
    socket.write(id)
    return new RunnerLink(socket)
}

async function runConnection(configuration: ShimConfiguration): Promise<void> {
    const settings = settingsOf(configuration)
    const role = roleOf(configuration)
    const answers = new Answers(configuration)
    const link = await connectToRunner(configuration)
    try {
        await new Connection(configuration, settings, role, answers, link).run()
    } finally {
        await link.close()
    }
}

async function main(args: string[]): Promise<number> {
    if (args.includes("-is-handshaker-supported")) {
        console.log("No")
        return 0
    }
    try {
        const configuration = parse(args, false)
        if (!configuration.isDtls) throw new Unimplemented("a protocol other than DTLS")
        if (configuration.resumeCount > 0) throw new Unimplemented("resumption")
        await runConnection(configuration)
        return 0
    } catch (error) {
        if (!(error instanceof Unimplemented) && !(error instanceof ShimFailure)) throw error
        console.error(error.message)
        return error instanceof Unimplemented ? UNIMPLEMENTED : FAILED
    } finally {
        // What follows this line the runner takes for a sanitizer's report.
        console.error("--- DONE ---")
    }
}

process.exitCode = await main(process.argv.slice(2))
