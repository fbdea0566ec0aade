import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } from "../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../src/dtls/key-exchange/ecdhe-certificate.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { type TlsAuthenticationMode } from "../../src/gio/enums.js"
import { ErrorDomain, GError, IOErrorEnum, TlsChannelBindingError, TlsError } from "../../src/gio/errors.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../src/gio/settings.js"
import { X509Credentials } from "../../src/gio/x509-credentials.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type UdpSocket } from "../../src/platform/services.js"
import { freePort } from "../interop/process.js"
import { TestAuthority } from "../support/test-authority.js"

/** Certificates of a pair, by their names in TestAuthority, which are the recording's names. */
export interface PairCertificates {
    server: string | undefined
    client?: string
    identity: string | undefined
    /** authorities that both sides trust; undefined: none */
    database: string | undefined
    mode?: TlsAuthenticationMode
    validationFlags?: number
}

/** The recording's PLAIN: a certificate for the requested name from the only authority. */
export const PLAIN: PairCertificates = { server: "server", identity: "server.test", database: "root" }

function pskSettings(): DtlsSettings {
    const keys = new SinglePsk(Buffer.from("oracle"), Buffer.alloc(16, 1))
    return newSettings(allSuites(), keys, wifi(), gatewayLimits())
}

function certificateSettings(services: NodeServices): DtlsSettings {
    const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, x509Only())
    const credentials = new X509Credentials(services, undefined, undefined)
    return newSettings([TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(exchange)], credentials, wifi(), gatewayLimits())
}

function certify(
    services: NodeServices,
    client: DtlsClientConnection,
    server: DtlsServerConnection,
    given: PairCertificates,
): void {
    const authority = TestAuthority.get()
    if (given.server !== undefined) server.setCertificate(authority.certificate(services, given.server))
    if (given.client !== undefined) client.setCertificate(authority.certificate(services, given.client))
    if (given.database !== undefined) {
        client.setDatabase(authority.database(services, given.database))
        server.setDatabase(authority.database(services, given.database))
    }
    client.setServerIdentity(given.identity)
    if (given.validationFlags !== undefined) client.setValidationFlags(given.validationFlags)
    if (given.mode !== undefined) server.setAuthenticationMode(given.mode)
}

/** A client and a server connection over two connected UDP sockets, as in the recording. */
export class Pair {
    private constructor(
        readonly services: NodeServices,
        readonly client: DtlsClientConnection,
        readonly server: DtlsServerConnection,
        readonly clientBase: UdpSocket,
        readonly serverBase: UdpSocket,
    ) {}

    static async make(change?: (settings: DtlsSettings) => void, certificates?: PairCertificates): Promise<Pair> {
        const services = new NodeServices({ log: () => undefined })
        const [clientPort, serverPort] = [await freePort(), await freePort()]
        const open = (localPort: number, port: number): Promise<UdpSocket> =>
            services.openUdp({ remote: { address: "127.0.0.1", port }, localHost: "127.0.0.1", localPort })
        const clientBase = await open(clientPort, serverPort)
        const serverBase = await open(serverPort, clientPort)
        const settings = certificates === undefined ? pskSettings() : certificateSettings(services)
        change?.(settings)
        const client = new DtlsClientConnection(services, clientBase, settings, "server.test")
        const server = new DtlsServerConnection(services, serverBase, settings)
        if (certificates !== undefined) certify(services, client, server, certificates)
        return new Pair(services, client, server, clientBase, serverBase)
    }

    async handshake(): Promise<void> {
        await Promise.all([this.server.handshake(), this.client.handshake()])
    }

    side(name: string): DtlsConnection {
        return name === "client" ? this.client : this.server
    }

    async close(): Promise<void> {
        await this.client.close()
        await this.server.close()
        this.clientBase.close()
        this.serverBase.close()
    }
}

/** An answer in the recording's notation. */
export interface Answer {
    result: string
    error?: string
    detail?: string
}

const domains: Record<string, [string, Record<number, string>]> = {
    [ErrorDomain.io]: ["G_IO_ERROR_", IOErrorEnum],
    [ErrorDomain.tls]: ["G_TLS_ERROR_", TlsError],
    [ErrorDomain.channelBinding]: ["G_TLS_CHANNEL_BINDING_ERROR_", TlsChannelBindingError],
}

/** For example "G_IO_ERROR_CLOSED"; rethrows an error that is not a GError. */
export function errorName(error: unknown): string {
    if (!(error instanceof GError)) throw error
    const [prefix, names] = domains[error.domain]
    return prefix + names[error.code]
}

function bytesOf(text: string): string {
    return [...text].map((c) => (c === "\0" ? "." : c)).join("")
}

export async function receive(
    connection: DtlsConnection,
    num: number,
    sizes: number[],
    flags: number,
    timeout: number,
    cancellable?: Cancellable,
): Promise<Answer> {
    const messages = Array.from({ length: num }, () => {
        const message = new InputMessage(sizes.map((size) => Buffer.alloc(size)))
        // The recording marks fields that a call did not change.
        message.bytesReceived = -1
        message.flags = -1
        return message
    })
    const answer: Answer = { result: "-1" }
    try {
        answer.result = String(await connection.receiveMessages(messages, flags, timeout, cancellable))
    } catch (error) {
        answer.error = errorName(error)
    }
    const parts = messages.map((message, i) => describeInput(message, i))
    if (parts.length > 0) answer.detail = parts.join("; ")
    return answer
}

function describeInput(message: InputMessage, index: number): string {
    const received = message.bytesReceived < 0 ? "(left alone)" : String(message.bytesReceived)
    const big = message.vectors.some((vector) => vector.length > 1000)
    const shown = big ? "" : message.vectors.map((vector) => ` [${bytesOf(vector.toString())}]`).join("")
    const flags = message.flags <= 0 ? 0 : message.flags
    return `m${index}: bytes_received=${received} flags=${flags} address=null${shown}`
}

export async function send(
    connection: DtlsConnection,
    vectors: Buffer[][],
    flags: number,
    timeout: number,
    cancellable?: Cancellable,
): Promise<Answer> {
    const messages = vectors.map((parts) => {
        const message = new OutputMessage(parts)
        message.bytesSent = -1
        return message
    })
    const answer: Answer = { result: "-1" }
    try {
        answer.result = String(await connection.sendMessages(messages, flags, timeout, cancellable))
    } catch (error) {
        answer.error = errorName(error)
    }
    const sent = messages.map((m, i) => `m${i}: bytes_sent=${m.bytesSent < 0 ? "(left alone)" : m.bytesSent}`)
    if (sent.length > 0) answer.detail = sent.join("; ")
    return answer
}

/** A call that returns true, or false with an error. */
export async function truth(run: () => Promise<boolean>): Promise<Answer> {
    try {
        return { result: String(await run()) }
    } catch (error) {
        return { result: "false", error: errorName(error) }
    }
}
