import { type Command } from "commander"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { acceptCompact } from "../../src/platform/node/connect/compact.js"
import { addSessions } from "../../src/platform/node/connect/sessions.js"
import { errorText, versionText } from "../describe.js"
import { addressText } from "../trace/tracer.js"
import { addCertificateOptions } from "./certificate-options.js"
import { reportCertificate } from "./certificate-report.js"
import { exiting } from "./exit-code.js"
import { printMessages, readLines, sendAll } from "./lines.js"
import { addConnectionOptions, versionsOf } from "./options.js"
import { whole } from "./parsers.js"
import { type Reporter } from "./reporter.js"
import { addServingOptions, servingOf, type ServingOptions } from "./serving.js"
import { onStop } from "./stopping.js"

const description =
    "Works like openssl s_server -dtls, but for any number of clients: prints each message of a client as a line with " +
    "control characters escaped, and sends lines of standard input to all clients."

const examples = `  mote server --psk Client_identity:000102030405060708090a0b0c0d0e0f --echo
  mote server --cert gateway.pem --key gateway.key --ca ca.pem
  openssl s_client -dtls1_2 -connect 127.0.0.1:4433 -psk 000102030405060708090a0b0c0d0e0f -psk_identity Client_identity`

interface ServerOptions extends ServingOptions {
    echo?: boolean
    naccept: number
    sessions?: boolean
    tickets: boolean
    alertOnWrongKey?: boolean
}

export function addServerCommand(program: Command): void {
    const command = addServingOptions(program.command("server"), 4433)
        .summary("a server like openssl s_server -dtls")
        .description(description)
        .option("--echo", "send every message back")
        .option(
            "--raw",
            "print messages byte for byte, with nothing in between; for programs, since a terminal may act on them",
        )
        .option(
            "--naccept <N>",
            "end when N clients have connected and left (0: never)",
            whole("--naccept", 0, 999999999),
            0,
        )
        .option("--sessions", "let clients resume their sessions, by session id or ticket")
        .option(
            "--no-tickets",
            "with --sessions: keep sessions on the server, by session id (1.2) or by a ticket that names one (1.3)",
        )
        .option(
            "--alert-on-wrong-key",
            "answer a wrong key with decrypt_error at once; the default is silence, which RFC 4279 allows",
        )
    addCertificateOptions(command, "server")
    addConnectionOptions(command, examples).action(exiting(serverCommand))
}

async function serverCommand(given: ServerOptions): Promise<number> {
    const { reporter, settings, watch, protocols, local } = servingOf(given)
    settings.alertOnKeyMismatch = given.alertOnWrongKey === true
    if (given.sessions === true) addSessions(settings, reporter.services, versionsOf(given), { tickets: given.tickets })
    const options = { remote: undefined, localHost: local.host, localPort: local.port }
    const socket = await reporter.services.openUdp(options)
    const listener = new DtlsListener(reporter.services, socket, settings)
    listener.onHandshakeFailed = (connection, failure) => {
        watch.failed(connection, failure)
        reportCertificate(reporter, connection, "client")
    }
    listener.setAdvertisedProtocols(protocols)
    const address = addressText(socket.localAddress())
    if (reporter.json) reporter.event("", { event: "listening", address })
    reporter.note(`server: listening on ${address}`)
    try {
        await new Server(listener, reporter, given.echo === true, given.naccept).run()
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

    /** Runs until the last client has left, or until a signal. */
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
                const connection = await acceptCompact(this.listener)
                const peer = `client ${number}`
                const suite = connection.getCiphersuiteName()
                const version = versionText(connection)
                if (this.reporter.json) this.reporter.event("", { event: "client", peer, version, suite })
                const resumed = connection.getAssociation()?.parameters.resumed === true ? ", resumed" : ""
                this.reporter.note(`${peer} connected: ${version}, ${suite ?? ""}${resumed}`)
                reportCertificate(this.reporter, connection, peer)
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
