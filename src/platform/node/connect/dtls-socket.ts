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

/** Largest DTLS message, bytes (RFC 5246 §6.2.1). */
const MAX_MESSAGE = 16384

/** What a handshake agreed on. */
export interface Negotiated {
    version: "DTLSv1.2" | "DTLSv1.3"
    /** IANA name */
    suite: string
    /** ALPN name; undefined: none in common */
    protocol: string | undefined
    extendedMasterSecret: boolean
    /** `local`: what the peer's records carry; `remote`: what ours carry. undefined: not agreed on (RFC 9146) */
    connectionIds: { local: Buffer; remote: Buffer } | undefined
}

/** A connection, with what most programs need; `dtls` is the whole Gio-shaped object. Errors are DtlsError. */
export class DtlsSocket {
    constructor(
        readonly dtls: DtlsConnection,
        private socket: UdpSocket,
        /** a client's: the server; undefined on a server, where the peer may move */
        private remote: SocketAddress | undefined,
        private session: (isV13: boolean) => Buffer | undefined = () => undefined,
        private saved: SavedConnection | undefined = undefined,
    ) {}

    /** On a server the client's psk_identity; on a client undefined. See `DtlsConnection.getPeerIdentity`. */
    get peerIdentity(): Buffer | undefined {
        return this.dtls.getPeerIdentity()
    }

    /** The certificate that the peer has proved to be its own; undefined: none, or a raw public key. */
    get peerCertificate(): TlsCertificate | undefined {
        return this.dtls.getPeerCertificate()
    }

    /** Whether the peer has presented a certificate or a raw public key in which nothing is wrong. */
    get authorized(): boolean {
        return this.dtls.getPeerPublicKey() !== undefined && this.dtls.getPeerCertificateErrors() === 0
    }

    /** What is wrong with what the peer presented, in words; undefined: nothing. */
    get authorizationError(): string | undefined {
        const errors = this.dtls.getPeerCertificateErrors()
        return errors === 0 ? undefined : verdictText(errors)
    }

    /** Numeric address of the peer, now: with connection ids it may change. */
    get remoteAddress(): string | undefined {
        return (this.remote ?? this.dtls.getRemoteAddress())?.address
    }

    /** UDP port of the peer, now. */
    get remotePort(): number | undefined {
        return (this.remote ?? this.dtls.getRemoteAddress())?.port
    }

    /** Numeric address of this side. */
    get localAddress(): string {
        return this.dtls.getRemoteAddress()?.local ?? this.socket.localAddress().address
    }

    /** UDP port of this side. */
    get localPort(): number {
        return this.socket.localAddress().port
    }

    /** What the handshake agreed on; it stays after the end. */
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
     * This side is at a new address, or soon will be: messages carry another connection id of the peer's from now on, if it
     * has given spare ones (`spareConnectionIds`).
     * @returns false: there is none, and the id stays
     */
    useNewPath(): boolean {
        return this.dtls.getAssociation()?.useNewPath() === true
    }

    /**
     * As `tls.TLSSocket`: a session for the option `session` of a later `connect`; keep it as a key is kept. undefined
     * on a server, without that option, and when the server gave none; in DTLS 1.3 it comes after the handshake.
     */
    getSession(): Buffer | undefined {
        return this.session(this.dtls.getAssociation()?.parameters.version === DTLS_1_3)
    }

    /** As `tls.TLSSocket`: whether the handshake went on from an earlier session. */
    isSessionReused(): boolean {
        return this.dtls.getAssociation()?.parameters.resumed === true
    }

    /** Whether it goes on from an association that was saved in an earlier run (`save`): there was no handshake. */
    isRestored(): boolean {
        return this.saved?.isRestored === true
    }

    /** Sends one message. Throws ERR_DTLS_MESSAGE_TOO_LARGE with the maximum, ERR_DTLS_CLOSED, ... */
    async send(message: Uint8Array | string, options: WaitOptions = WITHOUT_LIMIT): Promise<void> {
        checkOnlyWait(options)
        const output = [outputOf(message)]
        await waiting(options, (stop) => this.sendMessages(output, stop))
    }

    /**
     * Sends messages in order, in one go: with `coalesce` they share datagrams.
     * Throws as `send`; those before the one that could not be sent are on their way.
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

    /** The next message; undefined when the peer has closed. */
    async receive(options: WaitOptions = WITHOUT_LIMIT): Promise<Buffer | undefined> {
        checkOnlyWait(options)
        return await waiting(options, (stop) => this.next(stop))
    }

    private async next(stop: Cancellable | undefined): Promise<Buffer | undefined> {
        for (;;) {
            await this.dtls.conditionWait(IOCondition.IN, -1, stop)
            const waiting = this.dtls.takeMessage()
            if (waiting !== undefined) return inOwnMemory(waiting)
            // It is over, or another receive took the message: this tells which, unless one more comes meanwhile.
            const message = new InputMessage([Buffer.allocUnsafe(MAX_MESSAGE)])
            try {
                const count = await this.dtls.receiveMessages([message], 0, 0)
                return count === 0 ? undefined : message.vectors[0]?.subarray(0, message.bytesReceived)
            } catch (error) {
                if (!isIoError(error, IOErrorEnum.WOULD_BLOCK)) throw error
            }
        }
    }

    /** `for await (const message of socket)`, until either side closes. */
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
        try {
            for (let message = await this.receive(); message !== undefined; message = await this.receive())
                yield message
        } catch (error) {
            if (!isClosed(error)) throw error
        }
    }

    /** As net.Socket: an open connection keeps the process alive again. Without effect on a server's, whose socket all share. */
    ref(): this {
        if (this.remote !== undefined) keepAlive(this.socket, true)
        return this
    }

    /** As net.Socket: the connection does not keep the process alive. Without effect on a server's, whose socket all share. */
    unref(): this {
        if (this.remote !== undefined) keepAlive(this.socket, false)
        return this
    }

    /** Says close_notify; a client's UDP socket is given back, and what was saved is removed. */
    async close(): Promise<void> {
        await this.dtls.close()
        await this.saved?.ended()
        if (this.remote !== undefined) this.socket.close()
    }

    /**
     * Ends here without a word to the peer: a later `connect` or `listen` with the same option `save` goes on with it.
     * Throws ERR_DTLS_INVALID_ARGUMENT without that option, ERR_DTLS_CLOSED, and what the store throws.
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

    /** `await using socket = await connect(...)` */
    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }
}

function outputOf(message: Uint8Array | string): OutputMessage {
    if (typeof message !== "string" && !(message instanceof Uint8Array))
        throw wrongArgument("message", "a text, a Buffer or a Uint8Array")
    return new OutputMessage([Buffer.isBuffer(message) ? message : Buffer.from(message)])
}
