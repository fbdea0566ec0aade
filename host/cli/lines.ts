import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { type Reporter } from "./reporter.js"

/** Largest message printed, bytes. */
const MAX_MESSAGE = 16384

/** Calls `take` for each chunk of standard input that ends with a line, the newline kept; resolves at its end. */
export async function readLines(take: (line: Buffer) => Promise<void>): Promise<void> {
    let rest = Buffer.alloc(0)
    for await (const chunk of process.stdin) {
        rest = Buffer.concat([rest, chunk as Buffer])
        for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
            await take(rest.subarray(0, at + 1))
            rest = rest.subarray(at + 1)
        }
    }
    if (rest.length > 0) await take(rest)
}

/** Prints messages until the peer closes; @param onMessage may answer each. */
export async function printMessages(
    connection: DtlsConnection,
    reporter: Reporter,
    onMessage?: (message: Buffer) => Promise<void>,
): Promise<void> {
    const message = new InputMessage([Buffer.alloc(MAX_MESSAGE)])
    while ((await connection.receiveMessages([message], 0, -1)) > 0) {
        const data = Buffer.from(message.vectors[0].subarray(0, message.bytesReceived))
        if (reporter.json) reporter.event("", { event: "message", text: data.toString(), hex: data.toString("hex") })
        else process.stdout.write(data)
        await onMessage?.(data)
    }
}

/** Sends one message, waiting as long as it takes. */
export async function sendMessage(connection: DtlsConnection, data: Buffer): Promise<void> {
    await connection.sendMessages([new OutputMessage([data])], 0, -1)
}
