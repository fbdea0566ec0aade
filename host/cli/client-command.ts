import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { UsageError } from "../credentials.js"
import { printMessages, readLines, sendAll } from "./lines.js"
import { commonHelp, hostAndPort, parseOptions, protocolsOf, settingsOf, type Values, whole } from "./options.js"
import { printText } from "./output.js"
import { Reporter } from "./reporter.js"
import { onStop } from "./stopping.js"

export const clientHelp = `mote client HOST:PORT --psk IDENTITY:HEXKEY [options]

As openssl s_client -dtls: each line of standard input is one message; each message that comes back is printed as one
line, control characters escaped. Ends at end of input with close_notify, or when the server closes.

  --wait MS               after end of input, wait this long for answers (default 500)
  --raw                   print messages byte for byte, with nothing in between (for programs; a terminal acts on them)
  --export LABEL          print 32 bytes of keying material for LABEL (RFC 5705)

${commonHelp}

Examples
  echo hello | mote client 127.0.0.1:4433 --psk Client_identity:000102030405060708090a0b0c0d0e0f
  mote client [::1]:4433 --psk-file keys.txt --suite TLS_PSK_WITH_AES_128_CCM_8 --trace --keylog keys.log`

/** @returns exit code */
export async function clientCommand(args: string[]): Promise<number> {
    const own = { wait: { type: "string" }, export: { type: "string" }, raw: { type: "boolean" } } as const
    const { values, positionals } = parseOptions(args, own)
    if (values["help"] === true) {
        printText(clientHelp)
        return 0
    }
    const where = positionals[0]
    if (where === undefined || positionals.length > 1) throw new UsageError("one address is needed: HOST:PORT")
    return await connectAndTalk(values, hostAndPort(where, 4433))
}

async function connectAndTalk(values: Values, target: { host: string; port: number }): Promise<number> {
    const reporter = new Reporter(values)
    const settings = settingsOf(values, "client", undefined)
    settings.onDiagnostic = reporter.diagnostic
    const protocols = protocolsOf(values)
    const wait = whole(values, "wait", 500, 0, 3600000)
    const addresses = await reporter.services.resolve(target.host)
    for (const [index, address] of addresses.entries()) {
        try {
            return await talkTo({ address, port: target.port }, { reporter, settings, protocols, wait, values })
        } catch (error) {
            // "localhost" may be ::1 and 127.0.0.1: a refusal of one says nothing about the next.
            const more = index + 1 < addresses.length && isIoError(error, IOErrorEnum.CONNECTION_REFUSED)
            if (!more) throw error
        }
    }
    return 1
}

interface Talk {
    reporter: Reporter
    settings: DtlsSettings
    protocols: string[] | undefined
    /** ms */
    wait: number
    values: Values
}

async function talkTo(remote: SocketAddress, options: Talk): Promise<number> {
    const { reporter, settings, values } = options
    const socket = await reporter.services.openUdp({ remote, localHost: undefined, localPort: 0 })
    const connection = new DtlsClientConnection(reporter.services, socket, settings, remote.address)
    connection.setAdvertisedProtocols(options.protocols)
    try {
        await shakeHands(connection, reporter)
        const label = values["export"]
        if (typeof label === "string") {
            const hex = connection.exportKeyingMaterial(label, undefined, 32).toString("hex")
            reporter.event(`keying material: ${hex}`, { event: "exported", label, hex })
        }
        const refused = await talk(connection, options)
        return refused === 0 ? 0 : 1
    } finally {
        await connection.close()
        socket.close()
    }
}

async function shakeHands(connection: DtlsClientConnection, reporter: Reporter): Promise<void> {
    const begun = performance.now()
    await connection.handshake()
    const time = Math.round((performance.now() - begun) * 10) / 10
    const suite = connection.getCiphersuiteName()
    const protocol = connection.getNegotiatedProtocol()
    const { bytes, datagrams } = reporter.socketTraffic
    const event = { event: "connected", suite, protocol, handshake: { time, bytes, datagrams } }
    if (reporter.json) reporter.event("", event)
    const alpn = protocol === undefined ? "" : `, ALPN ${protocol}`
    reporter.note(
        `connected: DTLS 1.2, ${suite}${alpn}; handshake ${time} ms, ${bytes} bytes in ${datagrams} datagrams`,
    )
}

/** Until end of input, the server's close, or a signal: each ends with close_notify. @returns messages that were not sent */
async function talk(connection: DtlsClientConnection, { reporter, wait }: Talk): Promise<number> {
    let refused = 0
    const printing = printMessages(connection, reporter, "server")
    const typing = (async () => {
        await readLines(async (lines) => {
            refused += await sendAll(connection, lines, reporter)
        })
        await new Promise((resolve) => setTimeout(resolve, wait))
    })()
    const stopped = new Promise<void>((resolve) => void onStop(() => resolve()))
    // Whichever is still under way ends with the connection, and its error says nothing new.
    printing.catch(() => undefined)
    typing.catch(() => undefined)
    try {
        await Promise.race([printing, typing, stopped])
    } finally {
        process.stdin.destroy()
    }
    return refused
}
