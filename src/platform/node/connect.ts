import { isIP } from "node:net"
import { connectionIds } from "../../dtls/handshake/connection-ids.js"
import { returnRoutability } from "../../dtls/handshake/return-routability.js"
import { gatewayLimits } from "../../dtls/handshake/limits.js"
import { type CipherSuite } from "../../dtls/handshake/cipher-suite.js"
import { allSuites } from "../../dtls/key-exchange/suites.js"
import { type RetransmissionProfile, wifi } from "../../dtls/flight/retransmission.js"
import { type Credentials, SinglePsk } from "../../gio/credentials.js"
import { InputMessage, OutputMessage } from "../../gio/datagram-based.js"
import { DtlsClientConnection } from "../../gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../gio/dtls-connection.js"
import { DtlsListener } from "../../gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../gio/dtls-server-connection.js"
import { IOCondition } from "../../gio/enums.js"
import { invalidArgument, isIoError, IOErrorEnum } from "../../gio/errors.js"
import { newSettings } from "../../gio/settings.js"
import { type UdpSocket } from "../services.js"
import { secretCopy } from "./secret.js"
import { NodeServices } from "./services.js"

/** What `connect` and `listen` need; everything but the key has a default. */
export interface Options {
    /**
     * the key: identity and bytes, or credentials that look it up. With identity and bytes a server accepts that identity alone.
     */
    psk: { identity: string | Buffer; key: Buffer } | Credentials
    /** default: every suite, AES-128-GCM first */
    suites?: CipherSuite[]
    /**
     * bytes of this side's connection id (RFC 9146), 0 to 255, so that the association survives a new address of its peer;
     * 0: this side needs none and sends the peer's. Default: no connection ids
     */
    connectionId?: number
    /** ALPN names, preferred first */
    protocols?: string[]
    /** default: `wifi()` */
    retransmission?: RetransmissionProfile
    /** largest datagram to send, bytes; default 1232 */
    pathBudget?: number
    /** one line of an NSS key log per handshake */
    keyLog?: (line: string) => void
}

function checkPort(port: number, minimum: number): void {
    if (!Number.isInteger(port) || port < minimum || port > 65535)
        throw invalidArgument("port", `a whole number from ${minimum} to 65535`)
}

function checkIdLength(length: number): number {
    if (Number.isInteger(length) && length >= 0 && length <= 255) return length
    throw invalidArgument("connectionId", "a whole number of bytes from 0 to 255")
}

function settingsOf(options: Options): ReturnType<typeof newSettings> {
    if (typeof options?.psk !== "object" || options.psk === null)
        throw invalidArgument("psk", "{ identity, key } or Credentials are needed")
    const credentials = "answer" in options.psk ? options.psk : singlePsk(options.psk)
    const settings = newSettings(
        options.suites ?? allSuites(),
        credentials,
        options.retransmission ?? wifi(),
        gatewayLimits(),
    )
    settings.pathBudget = options.pathBudget ?? settings.pathBudget
    settings.keyLog = options.keyLog
    if (options.connectionId !== undefined)
        settings.extensions = [connectionIds(checkIdLength(options.connectionId)), returnRoutability()]
    return settings
}

function singlePsk(psk: { identity: string | Buffer; key: Buffer }): SinglePsk {
    if (!(psk.key instanceof Buffer) || psk.key.length === 0)
        throw invalidArgument("psk", "key is a Buffer with bytes in it")
    if (typeof psk.identity !== "string" && !(psk.identity instanceof Buffer))
        throw invalidArgument("psk", "identity is a text or a Buffer")
    return new SinglePsk(Buffer.from(psk.identity), secretCopy(psk.key))
}

/** Largest DTLS message, bytes (RFC 5246 §6.2.1). */
const MAX_MESSAGE = 16384

/** A connection with the two calls that most programs need; `dtls` is the whole Gio-shaped object. */
export class DtlsSocket {
    constructor(
        readonly dtls: DtlsConnection,
        private socket: UdpSocket | undefined,
    ) {}

    /** On a server the client's psk_identity; on a client undefined. See `DtlsConnection.getPeerIdentity`. */
    get peerIdentity(): Buffer | undefined {
        return this.dtls.getPeerIdentity()
    }

    /** Sends one message. Throws GError: MESSAGE_TOO_LARGE with the maximum, CLOSED, ... */
    async send(message: Buffer | string): Promise<void> {
        if (typeof message !== "string" && !(message instanceof Uint8Array))
            throw invalidArgument("message", "a text or a Buffer is needed")
        await this.dtls.sendMessages([new OutputMessage([Buffer.from(message)])], 0, -1)
    }

    /**
     * The next message; undefined when the peer has closed.
     * @param timeout ms, negative waits for ever. Throws TIMED_OUT.
     */
    async receive(timeout = -1): Promise<Buffer | undefined> {
        if (typeof timeout !== "number" || Number.isNaN(timeout))
            throw invalidArgument("timeout", "milliseconds are needed")
        const until = performance.now() + timeout
        for (;;) {
            // The buffer is made when there is something to read: thousands of idle sockets wait without one.
            await this.dtls.conditionWait(
                IOCondition.IN,
                timeout < 0 ? -1 : Math.max(0, until - performance.now()) * 1000,
            )
            const message = new InputMessage([Buffer.alloc(MAX_MESSAGE)])
            try {
                const count = await this.dtls.receiveMessages([message], 0, 0)
                return count === 0 ? undefined : message.vectors[0]?.subarray(0, message.bytesReceived)
            } catch (error) {
                // Another receive took the message; the next one is waited for.
                if (!isIoError(error, IOErrorEnum.WOULD_BLOCK)) throw error
            }
        }
    }

    /** `for await (const message of socket)`, until either side closes. */
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
        try {
            for (let message = await this.receive(); message !== undefined; message = await this.receive())
                yield message
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CLOSED)) throw error
        }
    }

    /** Says close_notify and gives the UDP socket back. */
    async close(): Promise<void> {
        await this.dtls.close()
        this.socket?.close()
    }
}

/**
 * Connects to a DTLS 1.2 server and shakes hands.
 * Throws GError: HOST_NOT_FOUND, CONNECTION_REFUSED, TIMED_OUT, TlsError.HANDSHAKE (different keys), ...
 */
export async function connect(host: string, port: number, options: Options): Promise<DtlsSocket> {
    if (typeof host !== "string" || host === "") throw invalidArgument("host", "a name or an address is needed")
    checkPort(port, 1)
    const settings = settingsOf(options)
    const services = new NodeServices()
    const addresses = await services.resolve(host)
    for (const [index, address] of addresses.entries()) {
        const remote = { address, port }
        const socket = await services.openUdp({ remote, localHost: undefined, localPort: 0 })
        const connection = new DtlsClientConnection(services, socket, settings, host)
        try {
            connection.setAdvertisedProtocols(options.protocols)
            await connection.handshake()
            return new DtlsSocket(connection, socket)
        } catch (error) {
            await connection.close()
            socket.close()
            // "localhost" may be ::1 and 127.0.0.1: a refusal of one says nothing about the next.
            if (index + 1 === addresses.length || !isIoError(error, IOErrorEnum.CONNECTION_REFUSED)) throw error
        }
    }
    throw invalidArgument("host", "it has no address")
}

/** A server on one UDP port: `for await (const client of server)` gives each client whose handshake is done. */
export class DtlsServer {
    constructor(
        readonly listener: DtlsListener,
        private socket: UdpSocket,
    ) {}

    /** The port it listens on. */
    get port(): number {
        return this.socket.localAddress().port
    }

    async accept(): Promise<DtlsSocket> {
        const connection: DtlsServerConnection = await this.listener.accept(-1)
        return new DtlsSocket(connection, undefined)
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<DtlsSocket> {
        try {
            for (;;) yield await this.accept()
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CLOSED)) throw error
        }
    }

    /** Says close_notify to every client and gives the port back. */
    async close(): Promise<void> {
        await this.listener.close()
        this.socket.close()
    }
}

/** Serves DTLS 1.2 on a UDP port. @param host numeric address; undefined: all. Throws GError: ADDRESS_IN_USE, ... */
export async function listen(port: number, options: Options, host?: string): Promise<DtlsServer> {
    checkPort(port, 0)
    if (host !== undefined && isIP(host) === 0) throw invalidArgument("host", "a numeric address is needed, or none")
    const settings = settingsOf(options)
    const services = new NodeServices()
    const socket = await services.openUdp({ remote: undefined, localHost: host, localPort: port })
    const listener = new DtlsListener(services, socket, settings)
    try {
        listener.setAdvertisedProtocols(options.protocols)
    } catch (error) {
        await listener.close()
        socket.close()
        throw error
    }
    return new DtlsServer(listener, socket)
}
