import { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { FailureReason } from "../../../dtls/handshake/failure.js"
import { TlsCertificateFlags } from "../../../gio/enums.js"
import { call } from "../connect/call.js"
import { type DtlsSocket } from "../connect/dtls-socket.js"
import { rangeError, stateError } from "./errors.js"
import { opensslName } from "./options.js"

/** A numeric address of one side. */
export interface DTLSAddress {
    address: string
    family: "IPv4" | "IPv6"
    port: number
}

export function addressOf(address: string, port: number): DTLSAddress {
    return { address, family: isIP(address) === 6 ? "IPv6" : "IPv4", port }
}

/** The server of each session, by the identity it was known by: a session is resumed only with the same one. */
const sessionHosts = new WeakMap<Buffer, string>()

/** Throws Error for a Buffer that is not from `session.session`, or belongs to another server. */
export function checkSession(session: Buffer | undefined, host: string): void {
    if (session === undefined) return
    const known = sessionHosts.get(session)
    if (known === undefined) throw stateError("session must come from session.session of a connection")
    if (known !== host) throw stateError(`session belongs to ${known}, not to ${host}`)
}

/** OpenSSL's error codes, the most serious first. */
const verdicts: [TlsCertificateFlags, string][] = [
    [TlsCertificateFlags.REVOKED, "CERT_REVOKED"],
    [TlsCertificateFlags.UNKNOWN_CA, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
    [TlsCertificateFlags.EXPIRED, "CERT_HAS_EXPIRED"],
    [TlsCertificateFlags.NOT_ACTIVATED, "CERT_NOT_YET_VALID"],
    [TlsCertificateFlags.INSECURE, "CA_MD_TOO_WEAK"],
    [TlsCertificateFlags.BAD_IDENTITY, "HOSTNAME_MISMATCH"],
]

/** The surroundings of a session. */
export interface SessionPlace<Endpoint> {
    /** the listening endpoint; undefined on a client */
    endpoint: Endpoint | undefined
    /** client: the name it requested */
    servername: string | undefined
    /** client: how it identifies its server */
    host: string | undefined
    /** cancels the handshake */
    abort: () => void
}

/** One association, with the interface of node:dtls' DTLSSession. Returned by `connect` and `listen`. */
export class DTLSSession<Endpoint = unknown> {
    /** called with application data from the peer */
    onmessage: ((data: Buffer) => void) | undefined
    onerror: ((error: unknown) => void) | undefined
    /** called when the handshake is complete */
    onhandshake: ((protocol: string) => void) | undefined
    /** client: called with lines of an NSS key log */
    onkeylog: ((line: string) => void) | undefined
    /** resolves when the handshake is complete; always settles */
    readonly opened: Promise<{ protocol: string }>
    /** settles when the session has ended; rejects with the error that ended it */
    readonly closed: Promise<void>
    destroyed = false
    private socket: DtlsSocket | undefined
    private end!: (error: Error | undefined) => void
    private isClosing = false
    private reason: Error | undefined
    private resumable: Buffer | undefined

    constructor(
        opening: Promise<DtlsSocket>,
        private place: SessionPlace<Endpoint>,
    ) {
        this.closed = new Promise((resolve, reject) => {
            this.end = (error) => {
                this.destroyed = true
                if (error === undefined) resolve()
                else reject(error)
            }
        })
        this.opened = this.open(opening)
        // A program that does not wait for these promises learns of errors from onerror.
        this.opened.catch(() => undefined)
        this.closed.catch(() => undefined)
    }

    private async open(opening: Promise<DtlsSocket>): Promise<{ protocol: string }> {
        try {
            this.socket = await opening
        } catch (error) {
            if (this.isClosing) {
                this.end(this.reason)
                throw this.reason ?? stateError("the session was closed before its handshake was done")
            }
            this.end(error as Error)
            call(this.onerror, error)
            throw error
        }
        const { version: protocol } = this.socket.negotiated
        void this.run(this.socket, protocol)
        return { protocol }
    }

    private async run(socket: DtlsSocket, protocol: string): Promise<void> {
        // Later, so that programs that wait for `opened`, or are in the callback of `listen`, have set their handlers.
        await new Promise((resolve) => setImmediate(resolve))
        call(this.onhandshake, protocol)
        try {
            for await (const message of socket) call(this.onmessage, message)
            await socket.close()
            this.end(this.reason)
        } catch (error) {
            if (!this.isClosing) call(this.onerror, error)
            this.end(this.isClosing ? this.reason : (error as Error))
        }
    }

    /**
     * @returns number of bytes. Throws ERR_INVALID_STATE unless the session is open, ERR_OUT_OF_RANGE for more than
     * fits into a datagram of `mtu`.
     */
    send(data: string | NodeJS.ArrayBufferView): number {
        const socket = this.openSocket()
        const isText = typeof data === "string"
        const bytes = isText ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
        const most = socket.dtls.getAssociation()?.maxMessage() ?? 0
        if (bytes.length > most) throw rangeError(`${bytes.length} bytes are more than the ${most} of a datagram`)
        socket.send(bytes).catch((error: unknown) => {
            if (!this.isClosing) call(this.onerror, error)
        })
        return bytes.length
    }

    private openSocket(): DtlsSocket {
        if (this.destroyed || this.isClosing) throw stateError("the session is closed")
        if (this.socket === undefined) throw stateError("the handshake is not done")
        return this.socket
    }

    /** Sends close_notify. */
    async close(): Promise<void> {
        this.isClosing = true
        this.place.abort()
        await this.socket?.close()
        await this.closed.catch(() => undefined)
    }

    /** Ends the session without notifying the peer. */
    destroy(error?: Error): void {
        if (this.destroyed) return
        this.isClosing = true
        this.reason = error
        this.destroyed = true
        this.place.abort()
        this.socket?.dtls.getAssociation()?.drop(FailureReason.closedLocally)
        void this.socket?.close()
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }

    get endpoint(): Endpoint | undefined {
        return this.place.endpoint
    }

    get servername(): string | undefined {
        return this.place.servername
    }

    get remoteAddress(): DTLSAddress | undefined {
        const { remoteAddress: address, remotePort: port } = this.socket ?? {}
        return address === undefined || port === undefined ? undefined : addressOf(address, port)
    }

    get protocol(): string | undefined {
        return this.socket?.negotiated.version
    }

    get cipher(): { name: string; standardName: string; version: string } | undefined {
        const { suite, version } = this.socket?.negotiated ?? {}
        if (suite === undefined || version === undefined) return undefined
        return { name: opensslName(suite), standardName: suite, version }
    }

    get alpnProtocol(): string | undefined {
        return this.socket?.negotiated.protocol
    }

    get peerX509Certificate(): X509Certificate | undefined {
        const certificate = this.socket?.peerCertificate
        return certificate === undefined ? undefined : new X509Certificate(certificate.certificate)
    }

    /** In PEM format. */
    get peerCertificate(): string | undefined {
        return this.peerX509Certificate?.toString()
    }

    get authorized(): boolean {
        return !this.destroyed && this.socket?.authorized === true
    }

    /** OpenSSL's code for the most serious error; undefined: there is none. */
    get authorizationError(): string | undefined {
        if (this.socket === undefined || this.authorized) return undefined
        const errors = this.socket.dtls.getPeerCertificateErrors()
        if (errors === 0) return "UNABLE_TO_GET_ISSUER_CERT"
        return verdicts.find(([flag]) => (errors & flag) !== 0)?.[1] ?? "CERT_REJECTED"
    }

    get reused(): boolean {
        return !this.destroyed && this.socket?.isSessionReused() === true
    }

    /** client: for the option `session` of a later `connect` to the same server */
    get session(): Buffer | undefined {
        const { host } = this.place
        this.resumable ??= this.socket?.getSession()
        if (this.resumable !== undefined && host !== undefined) sessionHosts.set(this.resumable, host)
        return this.resumable
    }

    /** RFC 5705. */
    exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer {
        return this.openSocket().dtls.exportKeyingMaterial(label, context, length)
    }
}
