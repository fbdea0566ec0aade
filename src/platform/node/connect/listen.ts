import { isIP } from "node:net"
import { type TicketKeys } from "../../../dtls/handshake/ticket-keys.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { DtlsListener } from "../../../gio/dtls-listener.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { type UdpSocket } from "../../services.js"
import { acceptCompact } from "./compact.js"
import { DtlsSocket } from "./dtls-socket.js"
import { isClosed, nodeError, wrongArgument } from "./errors.js"
import { type ListenOptions } from "./options.js"
import { isRejecting, prepareListen, type PreparedServer } from "./prepare.js"
import { SavedClients } from "./saved-clients.js"
import { checkTicketKeys } from "./sessions.js"
import { checkPort } from "./target.js"
import { keepAlive } from "../udp.js"
import { checkOnlyWait, waiting, type WaitOptions, WITHOUT_LIMIT } from "./waiting.js"

/** A server on one UDP port. `for await (const client of server)` returns each client once its handshake is complete. */
export class DtlsServer {
    constructor(
        readonly listener: DtlsListener,
        private socket: UdpSocket,
        private ticketKeys: TicketKeys | undefined = undefined,
        private saved: SavedClients | undefined = undefined,
    ) {}

    /** The UDP port that the server listens on. */
    get port(): number {
        return this.address().port
    }

    /** The address and port that the server listens on. "::" and "0.0.0.0" mean all addresses of this host. */
    address(): SocketAddress {
        return this.socket.localAddress()
    }

    /**
     * Like `setTicketKeys` of `tls.Server`: replaces the keys that encrypt session tickets, newest first. A client with a ticket of any
     * other key performs a full handshake.
     * @param keys 1 to 4 keys of 32 bytes
     * Throws ERR_DTLS_INVALID_ARGUMENT, also if this server issues no tickets.
     */
    setTicketKeys(keys: readonly Uint8Array[]): void {
        if (this.ticketKeys === undefined) throw wrongArgument("sessions", "needed: this server gives no tickets")
        this.ticketKeys.setKeys(checkTicketKeys("keys", keys))
    }

    /**
     * Waits for the next client whose handshake is complete. Clients that an earlier run saved (option `save`) come first.
     * Throws ERR_DTLS_CLOSED, ERR_DTLS_TIMED_OUT, AbortError.
     */
    async accept(options: WaitOptions = WITHOUT_LIMIT): Promise<DtlsSocket> {
        checkOnlyWait(options)
        const goneOn = this.saved?.next()
        if (goneOn !== undefined) return goneOn
        return await waiting(options, (stop) => this.acceptNew(stop))
    }

    private async acceptNew(stop: Cancellable | undefined): Promise<DtlsSocket> {
        for (;;) {
            const connection = await acceptCompact(this.listener, stop)
            if (this.saved === undefined) return new DtlsSocket(connection, this.socket, undefined)
            const kept = await this.saved.keep(connection)
            if (kept !== undefined) return kept
        }
    }

    /** Returns clients as they connect, until the server is closed. */
    async *[Symbol.asyncIterator](): AsyncGenerator<DtlsSocket, void, undefined> {
        try {
            for (;;) yield await this.accept()
        } catch (error) {
            if (!isClosed(error)) throw error
        }
    }

    /** Like `ref` of net.Server: the open server keeps the process alive again. */
    ref(): this {
        keepAlive(this.socket, true)
        return this
    }

    /** Like `unref` of net.Server: neither the server nor its clients' connections keep the process alive. */
    unref(): this {
        keepAlive(this.socket, false)
        return this
    }

    /** Sends close_notify to every client, removes the saved associations, and closes the UDP socket. */
    async close(): Promise<void> {
        await this.listener.close()
        await this.saved?.ended()
        this.socket.close()
    }

    /**
     * Saves the associations of all accepted clients and closes the server without close_notify to these clients. A later `listen` with the
     * same option `save` resumes them.
     * Throws ERR_DTLS_INVALID_ARGUMENT without the option `save`, and any error of the store.
     */
    async suspend(): Promise<void> {
        if (this.saved === undefined) throw wrongArgument("save", "an option of listen, for what can go on")
        this.saved.suspend()
        await this.close()
    }

    /** Allows `await using server = await listen(...)`. */
    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }
}

/**
 * Listens for DTLS clients on a UDP port. The default version is DTLS 1.2.
 * @param port 0 to 65535; 0: the operating system chooses a free port
 * @param host numeric address; undefined: all addresses of this host
 * Throws DtlsError with the code ERR_DTLS_ADDRESS_IN_USE, ERR_DTLS_PERMISSION_DENIED, or ERR_DTLS_INVALID_ARGUMENT, which names the option.
 */
export async function listen(port: number, options: ListenOptions, host?: string): Promise<DtlsServer> {
    checkPort("port", port, 0)
    const address = host?.replace(/^\[(.*)\]$/, "$1")
    if (address !== undefined && isIP(address.replace(/%.*$/, "")) === 0)
        throw wrongArgument("host", "a numeric address is needed, or none")
    const prepared = prepareListen(options)
    try {
        return await open(port, address, options, prepared)
    } catch (error) {
        throw nodeError(error)
    }
}

async function open(
    port: number,
    host: string | undefined,
    { protocols, ...options }: ListenOptions,
    { services, settings, watch, ticketKeys, saving }: PreparedServer,
): Promise<DtlsServer> {
    const socket = await services.openUdp({ remote: undefined, localHost: host, localPort: port })
    try {
        const listener = new DtlsListener(services, socket, settings)
        try {
            if (!isRejecting(options)) listener.onAcceptCertificate = () => true
            if (watch !== undefined) listener.onHandshakeFailed = watch.failed
            listener.setAdvertisedProtocols(protocols)
            const saved = saving && new SavedClients(listener, socket, saving, services)
            await saved?.restore()
            return new DtlsServer(listener, socket, ticketKeys, saved)
        } catch (error) {
            await listener.close()
            throw error
        }
    } catch (error) {
        socket.close()
        throw error
    }
}
