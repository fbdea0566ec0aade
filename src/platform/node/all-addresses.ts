import { type Socket } from "node:dgram"
import { type GError, ioError, IOErrorEnum, isIoError } from "../../gio/errors.js"
import { LogLevel } from "../../gio/log-level.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { type Services } from "../services.js"
import { localAddressTo, openSocket } from "./dgram.js"
import { localAddresses, type Wildcard } from "./local-addresses.js"
import { NodeDatagramSocket } from "./udp.js"

/** Interval at which this host's addresses are polled, ms. */
const POLL_INTERVAL = 2000

/** Attempts to find a port that is free at every address; the system only chooses one that is free at the first. */
const PORT_ATTEMPTS = 16

/** Limit on sockets. A host with more addresses (a whole range routed to it) has to name one. */
const MAX_ADDRESSES = 256

/** One port at several local addresses. */
export interface AddressesOptions {
    /** 0 to 65535; 0: one that is free at every address */
    port: number
    /** the wildcard address, reported by `localAddress` */
    wildcard: Wildcard
    /** returns the current addresses; default: those of this host that the wildcard stands for */
    addresses?: () => string[]
}

/**
 * One port at every address of this host, as one datagram object. A socket bound to the wildcard address sends from
 * whatever address the route prefers, and a client that sent to another one drops such an answer. Node has no
 * IP_PKTINFO to choose a datagram's source address, so each address has its own socket, and answers leave through the
 * socket that received. Address changes are followed.
 */
export class AllAddressesSocket extends NodeDatagramSocket {
    private sockets = new Map<string, Socket>()
    private timer: NodeJS.Timeout | undefined
    private isReferenced = true
    private polling = false
    private receiveBufferSize: number | undefined
    /** addresses without a socket, whose error has been logged */
    private reported = new Set<string>()
    private port: number
    private addresses: () => string[]

    private constructor(
        services: Services,
        private options: AddressesOptions,
    ) {
        super(services, undefined)
        this.port = options.port
        this.addresses = options.addresses ?? (() => localAddresses(options.wildcard))
    }

    /**
     * Throws GError: ADDRESS_IN_USE, PERMISSION_DENIED with the address that failed; NOT_FOUND if the host has no
     * address; FAILED if it has more than 256.
     */
    static async openAll(services: Services, options: AddressesOptions): Promise<AllAddressesSocket> {
        for (let attempt = 1; ; attempt++) {
            const socket = new AllAddressesSocket(services, options)
            try {
                await socket.bindAll()
                return socket
            } catch (error) {
                socket.closeSockets()
                const another = options.port === 0 && attempt < PORT_ATTEMPTS
                if (!another || !isIoError(error, IOErrorEnum.ADDRESS_IN_USE)) throw error
            }
        }
    }

    private async bindAll(): Promise<void> {
        const addresses = this.addresses()
        if (addresses.length > MAX_ADDRESSES)
            throw ioError(
                IOErrorEnum.FAILED,
                `this host has ${addresses.length} addresses, more than ${MAX_ADDRESSES}: name the one to listen on`,
            )
        for (const address of addresses)
            await this.bind(address).catch((error: unknown) => {
                // Listed but not usable yet: IPv6 first checks a new address for duplicates (RFC 4862 §5.4). `poll`
                // tries again.
                if (!isIoError(error, IOErrorEnum.NOT_FOUND)) throw error
            })
        if (this.sockets.size === 0)
            throw ioError(
                IOErrorEnum.NOT_FOUND,
                "this host has no address to listen on; bring an interface up, or name an address",
            )
        this.timer = setInterval(() => void this.poll(), POLL_INTERVAL)
        this.timer.unref()
    }

    private async bind(address: string): Promise<void> {
        const socket = await openSocket({ remote: undefined, localHost: address, localPort: this.port })
        if (this.closed) return void socket.close()
        this.port = socket.address().port
        if (this.receiveBufferSize !== undefined) socket.setRecvBufferSize(this.receiveBufferSize)
        if (!this.isReferenced) socket.unref()
        this.sockets.set(address, socket)
        this.listenTo(socket, address)
    }

    /** Opens sockets at new addresses and closes those at addresses that are gone. */
    private async poll(): Promise<void> {
        if (this.polling) return
        this.polling = true
        const present = new Set(this.addresses())
        for (const [address, socket] of this.sockets)
            if (!present.has(address)) {
                this.sockets.delete(address)
                socket.close()
            }
        for (const address of this.reported) if (!present.has(address)) this.reported.delete(address)
        for (const address of present) if (!this.closed && !this.sockets.has(address)) await this.add(address)
        this.polling = false
    }

    /** A failure is logged once, and tried again at every poll. */
    private async add(address: string): Promise<void> {
        try {
            if (this.sockets.size >= MAX_ADDRESSES)
                throw ioError(IOErrorEnum.FAILED, `${address}: more than ${MAX_ADDRESSES} addresses`)
            await this.bind(address)
            this.reported.delete(address)
        } catch (error) {
            if (this.reported.has(address) || this.reported.size >= MAX_ADDRESSES) return
            this.reported.add(address)
            this.services.log(LogLevel.warning, `not listening at a new address: ${(error as GError).message}`)
        }
    }

    /** The wildcard address, with the port. */
    localAddress(): SocketAddress {
        return { address: this.options.wildcard, port: this.port }
    }

    setReceiveBufferSize(size: number): void {
        this.receiveBufferSize = size
        for (const socket of this.sockets.values()) socket.setRecvBufferSize(size)
    }

    ref(): void {
        this.isReferenced = true
        for (const socket of this.sockets.values()) socket.ref()
    }

    unref(): void {
        this.isReferenced = false
        for (const socket of this.sockets.values()) socket.unref()
    }

    /** The socket at which the peer's datagram arrived; without one, the socket that the route prefers. */
    protected socketTo(address: SocketAddress): Socket | Promise<Socket> {
        if (address.local === undefined) return localAddressTo(address).then((local) => this.socketAt(local))
        return this.socketAt(address.local)
    }

    private socketAt(local: string): Socket {
        const socket = this.sockets.get(local)
        if (socket === undefined)
            throw ioError(
                IOErrorEnum.NOT_FOUND,
                `${local} is no address of this host any more; clients have to use another one`,
            )
        return socket
    }

    protected closeSockets(): void {
        clearInterval(this.timer)
        for (const socket of this.sockets.values()) socket.close()
        this.sockets.clear()
    }
}
