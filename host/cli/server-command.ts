import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { errorText } from "../describe.js"
import { addressText } from "../trace/tracer.js"
import { printMessages, readLines, sendAll } from "./lines.js"
import { commonHelp, whole } from "./options.js"
import { type Reporter } from "./reporter.js"
import { hostHelp, readServing, type Serving } from "./serving.js"
import { onStop } from "./stopping.js"

export const serverHelp = `mote server --psk IDENTITY:HEXKEY [options]

As openssl s_server -dtls, for any number of clients: prints each message that they send as one line, control characters
escaped; lines of standard input go to all of them.

${hostHelp}
  --port PORT             (default 4433)
  --echo                  send every message back
  --raw                   print messages byte for byte, with nothing in between (for programs; a terminal acts on them)
  --naccept N             end when N clients have come and gone (default 0: never)
  --hint TEXT             PSK identity hint for clients
  --alert-on-wrong-key    answer a wrong key with decrypt_error at once (RFC 4279 allows silence, which is the default)

${commonHelp}

Examples
  mote server --psk Client_identity:000102030405060708090a0b0c0d0e0f --echo
  openssl s_client -dtls1_2 -connect 127.0.0.1:4433 -psk 000102030405060708090a0b0c0d0e0f -psk_identity Client_identity`

/** @returns exit code */
export async function serverCommand(args: string[]): Promise<number> {
    const own = {
        echo: { type: "boolean" },
        naccept: { type: "string" },
        raw: { type: "boolean" },
        "alert-on-wrong-key": { type: "boolean" },
    } as const
    const serving = readServing(args, own, serverHelp, 4433)
    return serving === undefined ? 0 : await serve(serving)
}

async function serve({ values, reporter, settings, protocols, local }: Serving): Promise<number> {
    settings.alertOnKeyMismatch = values["alert-on-wrong-key"] === true
    const last = whole(values, "naccept", 0, 0, 999999999)
    const options = { remote: undefined, localHost: local.host, localPort: local.port }
    const socket = await reporter.services.openUdp(options)
    const listener = new DtlsListener(reporter.services, socket, settings)
    listener.setAdvertisedProtocols(protocols)
    const address = addressText(socket.localAddress())
    if (reporter.json) reporter.event("", { event: "listening", address })
    reporter.note(`server: listening on ${address}`)
    try {
        await new Server(listener, reporter, values["echo"] === true, last).run()
    } finally {
        process.stdin.destroy()
        await listener.close()
        socket.close()
    }
    return 0
}

class Server {
    private open = new Set<DtlsServerConnection>()
    private gone = 0

    constructor(
        private listener: DtlsListener,
        private reporter: Reporter,
        private echo: boolean,
        private last: number,
    ) {}

    /** Until the last client has gone, or a signal. */
    async run(): Promise<void> {
        onStop((why) => {
            if (why !== undefined) this.reporter.note(`server: ${why}; it ends`)
            void this.listener.close()
        })
        const typing = readLines((lines) => this.sendToAll(lines))
        typing.catch((error: unknown) => this.reporter.note(errorText(error)))
        await this.acceptLoop()
    }

    private async sendToAll(lines: Buffer[]): Promise<void> {
        for (const connection of this.open) {
            try {
                await sendAll(connection, lines, this.reporter)
            } catch (error) {
                this.reporter.problem(`not sent: ${errorText(error)}`)
            }
        }
    }

    private async acceptLoop(): Promise<void> {
        try {
            for (let number = 1; ; number++) {
                const connection = await this.listener.accept(-1)
                const peer = `client ${number}`
                const suite = connection.getCiphersuiteName()
                if (this.reporter.json) this.reporter.event("", { event: "client", peer, suite })
                this.reporter.note(`${peer} connected: ${suite ?? ""}`)
                this.open.add(connection)
                void this.talk(connection, peer)
            }
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CLOSED)) throw error
        }
    }

    private async talk(connection: DtlsServerConnection, peer: string): Promise<void> {
        let why = "left"
        try {
            const { reporter } = this
            const answer = this.echo ? (message: Buffer) => sendAll(connection, [message], reporter) : undefined
            await printMessages(connection, reporter, peer, answer)
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CLOSED)) why = `ended: ${errorText(error)}`
        }
        if (this.reporter.json) this.reporter.event("", { event: "left", peer, why })
        this.reporter.note(`${peer} ${why}`)
        this.open.delete(connection)
        await connection.close()
        this.gone++
        if (this.gone === this.last) await this.listener.close()
    }
}
