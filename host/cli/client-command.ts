import { type Command } from "commander"
import { addClientSessions } from "../../src/platform/node/connect/sessions.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { type DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { versionText } from "../describe.js"
import { addCertificateOptions } from "./certificate-options.js"
import { type Connected, connectTo } from "./connecting.js"
import { exiting } from "./exit-code.js"
import { printMessages, readLines, sendAll } from "./lines.js"
import { addConnectionOptions, type ConnectionOptions, settingsOf, versionsOf } from "./options.js"
import { hostAndPort, whole } from "./parsers.js"
import { Reporter } from "./reporter.js"
import { SessionFile } from "./session-file.js"
import { onStop } from "./stopping.js"

const description =
    "Works like openssl s_client -dtls: sends each line of standard input as a message, and prints each message of the " +
    "server as a line with control characters escaped. At the end of input it sends close_notify and ends; it also ends " +
    "when the server closes."

const examples = `  echo hello | mote client 127.0.0.1:4433 --psk Client_identity:000102030405060708090a0b0c0d0e0f
  mote client [::1]:4433 --psk-file keys.txt --suite TLS_PSK_WITH_AES_128_CCM_8 --trace --keylog keys.log
  mote client gateway.example:5684 --ca ca.pem --cert device.pem --key device.key`

interface ClientOptions extends ConnectionOptions {
    /** ms */
    wait: number
    raw?: boolean
    session?: string
    export?: string
}

export function addClientCommand(program: Command): void {
    const command = program
        .command("client")
        .summary("a client like openssl s_client -dtls")
        .description(description)
        .argument("<HOST:PORT>", "the server; the default port is 4433")
        .option("--wait <MS>", "how long to wait for answers after the end of input", whole("--wait", 0, 3600000), 500)
        .option(
            "--raw",
            "print messages byte for byte, with nothing in between; for programs, since a terminal may act on them",
        )
        .option(
            "--session <FILE>",
            "resume the session in FILE, if there is one, and save the new one there (like openssl's -sess_in and -sess_out)",
        )
        .option("--export <LABEL>", "print 32 bytes of keying material for LABEL (RFC 5705)")
    addCertificateOptions(command, "client")
    addConnectionOptions(command, examples).action(exiting(clientCommand))
}

async function clientCommand(where: string, options: ClientOptions): Promise<number> {
    return await connectAndTalk(options, hostAndPort(where, 4433))
}

async function connectAndTalk(options: ClientOptions, target: { host: string; port: number }): Promise<number> {
    const reporter = new Reporter(options)
    const settings = settingsOf(options, "client")
    if (options.session !== undefined)
        addClientSessions(settings, versionsOf(options), new SessionFile(options.session), "")
    reporter.warnOfKeys(options)
    const connected = await connectTo(target, { reporter, settings, options, stop: new Cancellable() })
    const { connection, socket } = connected
    try {
        reportHandshake(connected, reporter)
        const label = options.export
        if (label !== undefined) {
            const hex = connection.exportKeyingMaterial(label, undefined, 32).toString("hex")
            reporter.event(`keying material: ${hex}`, { event: "exported", label, hex })
        }
        const refused = await talk(connection, reporter, options)
        return refused === 0 ? 0 : 1
    } finally {
        await connection.close()
        socket.close()
    }
}

function reportHandshake({ connection, handshakeTime }: Connected, reporter: Reporter): void {
    const time = Math.round(handshakeTime * 10) / 10
    const suite = connection.getCiphersuiteName()
    const protocol = connection.getNegotiatedProtocol()
    const { bytes, datagrams } = reporter.socketTraffic
    const version = versionText(connection)
    const event = { event: "connected", version, suite, protocol, handshake: { time, bytes, datagrams } }
    if (reporter.json) reporter.event("", event)
    const alpn = protocol === undefined ? "" : `, ALPN ${protocol}`
    const resumed = connection.getAssociation()?.parameters.resumed === true ? ", resumed" : ""
    reporter.note(
        `connected: ${version}, ${suite}${alpn}${resumed}; handshake ${time} ms, ${bytes} bytes in ${datagrams} datagrams`,
    )
}

/**
 * Runs until the end of input, the server's close_notify, or a signal; always ends with close_notify. @returns number
 * of messages that were not sent
 */
async function talk(connection: DtlsClientConnection, reporter: Reporter, options: ClientOptions): Promise<number> {
    let refused = 0
    const printing = printMessages(connection, reporter, "server")
    const typing = (async () => {
        await readLines(async (lines) => {
            refused += await sendAll(connection, lines, reporter)
        })
        await new Promise((resolve) => setTimeout(resolve, options.wait))
    })()
    const stopped = new Promise<void>((resolve) => void onStop(() => resolve()))
    // The other task ends with the connection, and its error says nothing new.
    printing.catch(() => undefined)
    typing.catch(() => undefined)
    try {
        await Promise.race([printing, typing, stopped])
    } finally {
        process.stdin.destroy()
    }
    return refused
}
