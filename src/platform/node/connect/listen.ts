import { isIP } from "node:net"
import { type TicketKeys } from "../../../dtls/handshake/ticket-keys.js"
import { type Cancellable } from "../../../gio/cancellable.js"
import { DtlsListener } from "../../../gio/dtls-listener.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { type UdpSocket } from "../../services.js"
import { acceptCompact } from "./compact.js"
import { DtlsSocket } from "./dtls-socket.js"
import { isClosed, nodeError, wrongArgument } from "./errors.js"
import { isRejecting, type ListenOptions, prepareListen, type PreparedServer } from "./options.js"
import { SavedClients } from "./saved-clients.js"
import { checkTicketKeys } from "./sessions.js"
import { checkPort } from "./target.js"
import { keepAlive } from "../udp.js"
import { checkOnlyWait, waiting, type WaitOptions, WITHOUT_LIMIT } from "./waiting.js"

/** A server on one UDP port: `for await (const client of server)` gives each client whose handshake is done. */
export class DtlsServer {
    constructor(
        readonly listener: DtlsListener,
        private socket: UdpSocket,
        private ticketKeys: TicketKeys | undefined = undefined,
        private saved: SavedClients | undefined = undefined,
    ) {}

    /** The port it listens on. */
    get port(): number {
        return this.address().port
    }

    /** The address and port it listens on; "::" and "0.0.0.0" stand for every address of this host. */
    address(): SocketAddress {
        return this.socket.localAddress()
    }

    /**
     * As `tls.Server`: keys for tickets in place of those before, newest first. Tickets of no key here lead to a full
     * handshake.
     * @param keys 1 to 4 of 32 bytes
     * Throws ERR_DTLS_INVALID_ARGUMENT, also on a server that gives no tickets.
     */
    setTicketKeys(keys: readonly Uint8Array[]): void {
        if (this.ticketKeys === undefined) throw wrongArgument("sessions", "needed: this server gives no tickets")
        this.ticketKeys.setKeys(checkTicketKeys("keys", keys))
    }

    /** The next client whose handshake is done; first those that go on from a run before (`save`). Throws ERR_DTLS_CLOSED, ERR_DTLS_TIMED_OUT, AbortError. */
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

    /** Clients as they come, until the server is closed. */
    async *[Symbol.asyncIterator](): AsyncGenerator<DtlsSocket, void, undefined> {
        try {
            for (;;) yield await this.accept()
        } catch (error) {
            if (!isClosed(error)) throw error
        }
    }

    /** As net.Server: an open server keeps the process alive again. */
    ref(): this {
        keepAlive(this.socket, true)
        return this
    }

    /** As net.Server: neither the server nor its clients' connections keep the process alive. */
    unref(): this {
        keepAlive(this.socket, false)
        return this
    }

    /** Says close_notify to every client and gives the port back; what was saved is removed. */
    async close(): Promise<void> {
        await this.listener.close()
        await this.saved?.ended()
        this.socket.close()
    }

    /**
     * Ends here without a word to the clients that were accepted: a later `listen` with the same option `save` goes on with them.
     * Throws ERR_DTLS_INVALID_ARGUMENT without that option, and what the store throws.
     */
    async suspend(): Promise<void> {
        if (this.saved === undefined) throw wrongArgument("save", "an option of listen, for what can go on")
        this.saved.suspend()
        await this.close()
    }

    /** `await using server = await listen(...)` */
    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }
}

/**
 * Serves DTLS on a UDP port, by default DTLS 1.2.
 * @param port 0 to 65535; 0: the system chooses
 * @param host numeric address; undefined: every address of this host
 * Throws DtlsError: ERR_DTLS_ADDRESS_IN_USE, ERR_DTLS_PERMISSION_DENIED, ERR_DTLS_INVALID_ARGUMENT that names the option.
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
