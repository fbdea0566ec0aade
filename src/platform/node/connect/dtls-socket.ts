import { type ConnectionIds } from "../../../dtls/handshake/connection-ids.js"
import { findHelloExtension } from "../../../dtls/handshake/hello-extension.js"
import { ExtensionType } from "../../../dtls/wire/code-points.js"
import { DTLS_1_3 } from "../../../dtls/wire/v13/code-points.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { InputMessage, OutputMessage } from "../../../gio/datagram-based.js"
import { type DtlsConnection } from "../../../gio/dtls-connection.js"
import { IOCondition } from "../../../gio/enums.js"
import { isIoError, IOErrorEnum } from "../../../gio/errors.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { type TlsCertificate } from "../../../gio/tls-certificate.js"
import { type UdpSocket } from "../../services.js"
import { verdictText } from "../failure-text.js"
import { isClosed, nodeError, wrongArgument } from "./errors.js"
import { inOwnMemory } from "./compact.js"
import { type SavedConnection } from "./saved-connection.js"
import { keepAlive } from "../udp.js"
import { checkOnlyWait, waiting, type WaitOptions, WITHOUT_LIMIT } from "./waiting.js"

/** Length of the largest DTLS message, in bytes (RFC 5246 §6.2.1). */
const MAX_MESSAGE = 16384

/** The parameters that the handshake negotiated. */
export interface Negotiated {
    version: "DTLSv1.2" | "DTLSv1.3"
    /** IANA name of the cipher suite */
    suite: string
    /** name of the protocol agreed on by ALPN; undefined: no protocol in common */
    protocol: string | undefined
    extendedMasterSecret: boolean
    /**
     * `local`: the connection id in records from the peer; `remote`: the one in records to the peer. undefined: not negotiated (RFC 9146)
     */
    connectionIds: { local: Buffer; remote: Buffer } | undefined
}

/**
 * A DTLS connection with the methods that most programs need. The methods of this class throw DtlsError. `dtls` is the complete object in
 * the shape of Gio.DtlsConnection, whose methods throw GError.
 */
export class DtlsSocket {
    constructor(
        readonly dtls: DtlsConnection,
        private socket: UdpSocket,
        /** on a client: address of the server; undefined on a server, because a client's address may change */
        private remote: SocketAddress | undefined,
        private session: (isV13: boolean) => Buffer | undefined = () => undefined,
        private saved: SavedConnection | undefined = undefined,
    ) {}

    /** On a server: the client's psk_identity. On a client: undefined. See `DtlsConnection.getPeerIdentity`. */
    get peerIdentity(): Buffer | undefined {
        return this.dtls.getPeerIdentity()
    }

    /**
     * The peer's certificate, for which the peer has proved that it has the private key. undefined: no certificate, or a raw public key.
     */
    get peerCertificate(): TlsCertificate | undefined {
        return this.dtls.getPeerCertificate()
    }

    /** Whether the peer has presented a certificate or a raw public key, and the check found no problem with it. */
    get authorized(): boolean {
        return this.dtls.getPeerPublicKey() !== undefined && this.dtls.getPeerCertificateErrors() === 0
    }

    /** What is wrong with the peer's certificate or raw public key, in words. undefined: no problem was found. */
    get authorizationError(): string | undefined {
        const errors = this.dtls.getPeerCertificateErrors()
        return errors === 0 ? undefined : verdictText(errors)
    }

    /** Current numeric address of the peer. With connection ids it may change. */
    get remoteAddress(): string | undefined {
        return (this.remote ?? this.dtls.getRemoteAddress())?.address
    }

    /** Current UDP port of the peer. With connection ids it may change. */
    get remotePort(): number | undefined {
        return (this.remote ?? this.dtls.getRemoteAddress())?.port
    }

    /** Local numeric address. */
    get localAddress(): string {
        return this.dtls.getRemoteAddress()?.local ?? this.socket.localAddress().address
    }

    /** Local UDP port. */
    get localPort(): number {
        return this.socket.localAddress().port
    }

    /** The parameters that the handshake negotiated. They remain available after the connection has ended. */
    get negotiated(): Negotiated {
        const association = this.dtls.getAssociation()
        const ids = association && findHelloExtension(association.settings.extensions, ExtensionType.connectionId)
        const { agreed, local, remote } = (ids ?? { agreed: false }) as ConnectionIds
        return {
            version: association?.parameters.version === DTLS_1_3 ? "DTLSv1.3" : "DTLSv1.2",
            suite: this.dtls.getCiphersuiteName() ?? "",
            protocol: this.dtls.getNegotiatedProtocol(),
            extendedMasterSecret: association?.parameters.extendedMasterSecret === true,
            connectionIds: agreed ? { local: Buffer.from(local), remote: Buffer.from(remote) } : undefined,
        }
    }

    /**
     * Call this when the local address has changed or is about to change. From then on, messages carry another of the peer's connection
     * ids, if the peer has provided spare ones (`spareConnectionIds`).
     * @returns false: there is no spare id, and the connection id stays the same
     */
    useNewPath(): boolean {
        return this.dtls.getAssociation()?.useNewPath() === true
    }

    /**
     * Like `getSession` of `tls.TLSSocket`: a session for the option `session` of a later `connect`. Protect it like a key. undefined on a
     * server, without the option `session`, and if the server has issued no session. In DTLS 1.3 the session arrives after the handshake.
     */
    getSession(): Buffer | undefined {
        return this.session(this.dtls.getAssociation()?.parameters.version === DTLS_1_3)
    }

    /** Like `isSessionReused` of `tls.TLSSocket`: whether the handshake resumed an earlier session. */
    isSessionReused(): boolean {
        return this.dtls.getAssociation()?.parameters.resumed === true
    }

    /** Whether this connection resumed an association that an earlier run saved (option `save`), so that there was no handshake. */
    isRestored(): boolean {
        return this.saved?.isRestored === true
    }

    /** Sends one message. Throws ERR_DTLS_MESSAGE_TOO_LARGE, which states the maximum, ERR_DTLS_CLOSED and others. */
    async send(message: Uint8Array | string, options: WaitOptions = WITHOUT_LIMIT): Promise<void> {
        checkOnlyWait(options)
        const output = [outputOf(message)]
        await waiting(options, (stop) => this.sendMessages(output, stop))
    }

    /**
     * Sends several messages in order, in one call. With the option `coalesce` they share datagrams.
     * Throws like `send`. The messages before the one that failed have already been sent.
     */
    async sendAll(messages: (Uint8Array | string)[], options: WaitOptions = WITHOUT_LIMIT): Promise<void> {
        checkOnlyWait(options)
        let rest = messages.map(outputOf)
        await waiting(options, async (stop) => {
            while (rest.length > 0) rest = rest.slice(await this.sendMessages(rest, stop))
        })
    }

    private async sendMessages(messages: OutputMessage[], stop: Cancellable | undefined): Promise<number> {
        const { saved, dtls } = this
        if (saved === undefined) return await dtls.sendMessages(messages, 0, -1, stop)
        return await saved.sending(() => dtls.sendMessages(messages, 0, -1, stop))
    }

    /** Waits for the next message. Returns undefined when the peer has closed the connection. */
    async receive(options: WaitOptions = WITHOUT_LIMIT): Promise<Buffer | undefined> {
        checkOnlyWait(options)
        return await waiting(options, (stop) => this.next(stop))
    }

    private async next(stop: Cancellable | undefined): Promise<Buffer | undefined> {
        for (;;) {
            await this.dtls.conditionWait(IOCondition.IN, -1, stop)
            const waiting = this.dtls.takeMessage()
            if (waiting !== undefined) return inOwnMemory(waiting)
            // Either the connection has ended, or another receive took the message. This call tells which, unless a new message arrives
            // meanwhile.
            const message = new InputMessage([Buffer.allocUnsafe(MAX_MESSAGE)])
            try {
                const count = await this.dtls.receiveMessages([message], 0, 0)
                return count === 0 ? undefined : message.vectors[0]?.subarray(0, message.bytesReceived)
            } catch (error) {
                if (!isIoError(error, IOErrorEnum.WOULD_BLOCK)) throw error
            }
        }
    }

    /** Allows `for await (const message of socket)`. The loop ends when either side closes the connection. */
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
        try {
            for (let message = await this.receive(); message !== undefined; message = await this.receive())
                yield message
        } catch (error) {
            if (!isClosed(error)) throw error
        }
    }

    /**
     * Like `ref` of net.Socket: the open connection keeps the process alive again. No effect on a server's connections, which share one
     * socket.
     */
    ref(): this {
        if (this.remote !== undefined) keepAlive(this.socket, true)
        return this
    }

    /**
     * Like `unref` of net.Socket: the connection does not keep the process alive. No effect on a server's connections, which share one
     * socket.
     */
    unref(): this {
        if (this.remote !== undefined) keepAlive(this.socket, false)
        return this
    }

    /** Sends close_notify and removes the saved association. On a client it also closes the UDP socket. */
    async close(): Promise<void> {
        await this.dtls.close()
        await this.saved?.ended()
        if (this.remote !== undefined) this.socket.close()
    }

    /**
     * Saves the association and ends this connection without close_notify. A later `connect` or `listen` with the same option `save`
     * resumes it.
     * Throws ERR_DTLS_INVALID_ARGUMENT without the option `save`, ERR_DTLS_CLOSED, and any error of the store.
     */
    async suspend(): Promise<void> {
        if (this.saved === undefined) throw wrongArgument("save", "an option of connect or listen, for what can go on")
        try {
            this.saved.suspend()
        } catch (error) {
            throw nodeError(error)
        }
        await this.close()
    }

    /** Allows `await using socket = await connect(...)`. */
    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }
}

function outputOf(message: Uint8Array | string): OutputMessage {
    if (typeof message !== "string" && !(message instanceof Uint8Array))
        throw wrongArgument("message", "a text, a Buffer or a Uint8Array")
    return new OutputMessage([Buffer.isBuffer(message) ? message : Buffer.from(message)])
}
