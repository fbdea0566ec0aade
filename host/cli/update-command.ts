/* mote update: pushes an update to a device that accepts updates over CoAPs. */
import { type Command } from "commander"
import { CoapCode, codeText } from "../../src/coap/code-points.js"
import { type CoapMessage } from "../../src/coap/message.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { parseCoapsUri } from "../../src/coap/uri.js"
import { UsageError } from "../credentials.js"
import { openUpdate } from "../update/update-file.js"
import { UpdatePush } from "../update/update-push.js"
import { addCertificateOptions } from "./certificate-options.js"
import { blockSize, PROGRESS_INTERVAL } from "./coap-commands.js"
import { inSession } from "./coaps-session.js"
import { exiting } from "./exit-code.js"
import { addConnectionOptions, type ConnectionOptions } from "./options.js"
import { Reporter } from "./reporter.js"

const description =
    "Sends a program signed by mote build --update to a device, block by block. Blocks that an earlier attempt transferred " +
    "are not sent again. The device checks and starts the program, and returns to the previous one if it does not work. If " +
    "the device refuses it, the exit code is 1. Devices that ask for updates get them from mote gateway --update. See docs/update.md."

interface UpdateOptions extends ConnectionOptions {
    /** largest block, bytes */
    block: number
}

export function addUpdateCommand(program: Command): void {
    const command = program
        .command("update")
        .summary("push a signed program to a device over CoAPs")
        .description(description)
        .argument("<URI>", "coaps://HOST[:PORT]/PATH of the device's update resource")
        .argument("<FILE>", "file written by mote build --update")
        .option("--block <BYTES>", "largest block, 16 to 1024, a power of two", blockSize, 1024)
    const example = "  mote update coaps://192.0.2.7/update update.bin --psk operator:00112233445566778899aabbccddeeff"
    addCertificateOptions(command, "client")
    addConnectionOptions(command, example).action(exiting(updateCommand))
}

async function updateCommand(uri: string, path: string, options: UpdateOptions): Promise<number> {
    const target = parseCoapsUri(uri)
    if (target.path.length !== 1 || target.query.length > 0)
        throw new UsageError("the device's resource has a path of one part, for example coaps://192.0.2.7/update")
    const { file, version } = openUpdate(path, "<FILE>")
    const reporter = new Reporter(options)
    const parameters = defaultCoapParameters()
    return await inSession({ target, reporter, options, parameters }, async ({ coap }, stopping) => {
        const progress = progressOf(reporter, file.length)
        const push = new UpdatePush(coap, file, { path: target.path, size: options.block, progress })
        return tell(reporter, await push.run(stopping), version)
    })
}

/** Reports progress: after each block for programs, at intervals for people. */
function progressOf(reporter: Reporter, toSend: number): (sent: number) => void {
    let toldAt = performance.now()
    return (sent) => {
        if (reporter.json) return reporter.event("", { event: "progress", sent, toSend })
        if (performance.now() - toldAt < PROGRESS_INTERVAL) return
        toldAt = performance.now()
        reporter.note(`sent ${sent} of ${toSend} bytes`)
    }
}

/** @returns exit code */
function tell(reporter: Reporter, { code, payload }: CoapMessage, version: number): number {
    const text = payload.toString()
    const failed = code !== CoapCode.CHANGED
    const line = failed
        ? `the device refuses the update: ${codeText(code)} ${text}`
        : `the device has version ${version} and starts it`
    reporter.event(line, { event: failed ? "refused" : "updated", code: codeText(code), text, version })
    return failed ? 1 : 0
}
