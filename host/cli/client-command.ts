import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { OutputMessage } from "../../src/gio/datagram-based.js"
import { UsageError } from "../credentials.js"
import { printMessages, readLines, sendMessage } from "./lines.js"
import { commonHelp, hostAndPort, parseOptions, protocolsOf, settingsOf, type Values } from "./options.js"
import { Reporter } from "./reporter.js"

export const clientHelp = `mote client HOST:PORT --psk IDENTITY:HEXKEY [options]

As openssl s_client -dtls: each line of standard input is one message, what comes back is printed.
Ends at end of input with close_notify, or when the server closes.

  --wait MS               after end of input, wait this long for answers (default 500)
  --together              send all of standard input's lines in one call (see --coalesce)
  --export LABEL          print 32 bytes of keying material for LABEL (RFC 5705)

${commonHelp}

Examples
  echo hello | mote client 127.0.0.1:4433 --psk Client_identity:000102030405060708090a0b0c0d0e0f
  mote client [::1]:4433 --psk-file keys.txt --suite TLS_PSK_WITH_AES_128_CCM_8 --trace --keylog keys.log`

/** @returns exit code */
export async function clientCommand(args: string[]): Promise<number> {
    const own = { wait: { type: "string" }, together: { type: "boolean" }, export: { type: "string" } } as const
    const { values, positionals } = parseOptions(args, own)
    if (values["help"] === true) {
        process.stdout.write(`${clientHelp}\n`)
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
    const [address] = await reporter.services.resolve(target.host)
    const remote = { address: address as string, port: target.port }
    const socket = await reporter.services.openUdp({ remote, localHost: undefined, localPort: 0 })
    const connection = new DtlsClientConnection(reporter.services, socket, settings, target.host)
    connection.setAdvertisedProtocols(protocolsOf(values))
    try {
        await shakeHands(connection, reporter)
        const label = values["export"]
        if (typeof label === "string") {
            const hex = connection.exportKeyingMaterial(label, undefined, 32).toString("hex")
            reporter.event(`keying material: ${hex}`, { event: "exported", label, hex })
        }
        await talk(connection, reporter, values)
    } finally {
        await connection.close()
        socket.close()
    }
    return 0
}

async function shakeHands(connection: DtlsClientConnection, reporter: Reporter): Promise<void> {
    const begun = performance.now()
    await connection.handshake()
    const time = Math.round((performance.now() - begun) * 10) / 10
    const suite = connection.getCiphersuiteName()
    const protocol = connection.getNegotiatedProtocol()
    const { bytes, datagrams } = reporter.traffic
    const event = { event: "connected", suite, protocol, handshake: { time, bytes, datagrams } }
    if (reporter.json) reporter.event("", event)
    const alpn = protocol === undefined ? "" : `, ALPN ${protocol}`
    reporter.note(`connected: DTLS 1.2, ${suite}${alpn}; handshake ${time} ms, ${bytes} bytes in ${datagrams} datagrams`)
}

async function talk(connection: DtlsClientConnection, reporter: Reporter, values: Values): Promise<void> {
    const printing = printMessages(connection, reporter)
    const wait = Number(values["wait"] ?? 500)
    const typing = (async () => {
        if (values["together"] === true) await sendTogether(connection)
        else await readLines((line) => sendMessage(connection, line))
        await new Promise((resolve) => setTimeout(resolve, wait))
    })()
    await Promise.race([printing, typing])
    // Whichever is still under way ends with the connection.
    printing.catch(() => undefined)
    typing.catch(() => undefined)
    process.stdin.destroy()
}

async function sendTogether(connection: DtlsClientConnection): Promise<void> {
    const lines: OutputMessage[] = []
    await readLines((line) => {
        lines.push(new OutputMessage([Buffer.from(line)]))
        return Promise.resolve()
    })
    await connection.sendMessages(lines, 0, -1)
}
