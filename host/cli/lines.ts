import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { errorText } from "../describe.js"
import { receivedData } from "../trace/forwarding-socket.js"
import { type Reporter } from "./reporter.js"

/** Largest message printed, bytes. */
const MAX_MESSAGE = 16384

/**
 * Calls `take` with the lines of each chunk of standard input, including newlines; resolves at its end. Lines typed or
 * piped together are passed together, so that with --coalesce they can share datagrams.
 */
export async function readLines(take: (lines: Buffer[]) => Promise<void>): Promise<void> {
    let rest = Buffer.alloc(0)
    for await (const chunk of process.stdin) {
        rest = Buffer.concat([rest, chunk as Buffer])
        const lines: Buffer[] = []
        for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
            lines.push(rest.subarray(0, at + 1))
            rest = rest.subarray(at + 1)
        }
        if (lines.length > 0) await take(lines)
    }
    if (rest.length > 0) await take([rest])
}

/** Prints messages until the peer closes. @param peer its name in events; @param onMessage may answer each message */
export async function printMessages(
    connection: DtlsConnection,
    reporter: Reporter,
    peer: string,
    onMessage?: (message: Buffer) => Promise<unknown>,
): Promise<void> {
    const message = new InputMessage([Buffer.alloc(MAX_MESSAGE)])
    while ((await connection.receiveMessages([message], 0, -1)) > 0) {
        const data = receivedData(message)
        reporter.message(peer, data)
        await onMessage?.(data)
    }
}

/** Number of messages sent in one call and per millisecond; a server that prints and echoes can keep up with that. */
const BURST = 8

/**
 * Sends messages, in several calls if necessary; one that is too large is reported and skipped.
 * @returns number of messages that were not sent
 */
export async function sendAll(connection: DtlsConnection, messages: Buffer[], reporter: Reporter): Promise<number> {
    let rest = messages.map((message) => new OutputMessage([message]))
    let refused = 0
    while (rest.length > 0) {
        try {
            rest = rest.slice(await connection.sendMessages(rest.slice(0, BURST), 0, -1))
            // There is no flow control, and a socket buffer holds only a few hundred datagrams.
            if (rest.length > 0) await new Promise((resolve) => setTimeout(resolve, 1))
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.MESSAGE_TOO_LARGE)) throw error
            reporter.problem(errorText(error))
            refused++
            rest = rest.slice(1)
        }
    }
    return refused
}
