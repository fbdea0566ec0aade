import { type Socket } from "node:dgram"
import { networkInterfaces } from "node:os"
import { type GError, ioError, IOErrorEnum, isIoError } from "../../gio/errors.js"
import { LogLevel } from "../../gio/log-level.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { type Services } from "../services.js"
import { openSocket } from "./dgram.js"
import { NodeUdpSocket } from "./udp.js"

/** How often the addresses of this host are looked at, ms. */
const LOOK_INTERVAL = 2000

/** How often another port is tried when the system's choice is taken at one of the addresses. */
const PORT_ATTEMPTS = 16

/** The numeric addresses of this host, link-local ones with their interface. */
export function localAddresses(): string[] {
    const found = new Set<string>()
    for (const [name, entries] of Object.entries(networkInterfaces()))
        for (const { address, family } of entries ?? [])
            found.add(family === "IPv6" && /^fe[89ab]/i.test(address) ? `${address}%${name}` : address)
    return [...found]
}

/**
 * One port at every address of this host, as one datagram object. A socket bound to the wildcard address answers from
 * whatever address the route prefers, and a client that asked another one drops that; Node cannot choose the source address
 * of a datagram, so each address has a socket, and answers leave from the one that was asked. Addresses that come and go
 * are followed.
 */
export class AllAddressesSocket extends NodeUdpSocket {
    private sockets = new Map<string, Socket>()
    private timer: NodeJS.Timeout | undefined
    private receiveBufferSize: number | undefined

    private constructor(
        services: Services,
        private port: number,
        private addresses: () => string[],
    ) {
        super(services, undefined, undefined)
    }

    /**
     * @param port 0: one that is free at every address
     * @param addresses for tests: what the host's addresses are
     * Throws GError: ADDRESS_IN_USE, PERMISSION_DENIED, NOT_FOUND when there is no address at all.
     */
    static async openAll(services: Services, port: number, addresses = localAddresses): Promise<AllAddressesSocket> {
        for (let attempt = 1; ; attempt++) {
            const socket = new AllAddressesSocket(services, port, addresses)
            try {
                await socket.bindAll()
                return socket
            } catch (error) {
                socket.closeSockets()
                if (port !== 0 || attempt === PORT_ATTEMPTS || !isIoError(error, IOErrorEnum.ADDRESS_IN_USE))
                    throw error
            }
        }
    }

    private async bindAll(): Promise<void> {
        for (const address of this.addresses()) await this.bind(address)
        if (this.sockets.size === 0) throw ioError(IOErrorEnum.NOT_FOUND, "this host has no address to listen on")
        this.timer = setInterval(() => void this.follow(), LOOK_INTERVAL)
        this.timer.unref()
    }

    /** An address that is listed and not usable yet (IPv6 checks for duplicates first) is tried again later. */
    private async bind(address: string): Promise<void> {
        const options = { remote: undefined, localHost: address, localPort: this.port }
        let socket: Socket
        try {
            socket = await openSocket(options)
        } catch (error) {
            if (isIoError(error, IOErrorEnum.NOT_FOUND)) return
            throw error
        }
        if (this.closed) return void socket.close()
        this.port = socket.address().port
        if (this.receiveBufferSize !== undefined) socket.setRecvBufferSize(this.receiveBufferSize)
        this.sockets.set(address, socket)
        this.listenTo(socket, address)
    }

    /** Opens sockets at addresses that came, closes those of addresses that went. */
    private async follow(): Promise<void> {
        const now = new Set(this.addresses())
        for (const [address, socket] of this.sockets)
            if (!now.has(address)) {
                this.sockets.delete(address)
                socket.close()
            }
        for (const address of now)
            if (!this.closed && !this.sockets.has(address))
                await this.bind(address).catch((error: GError) =>
                    this.services.log(LogLevel.warning, `not listening at a new address: ${error.message}`),
                )
    }

    /** The wildcard address, with the port. */
    override localAddress(): SocketAddress {
        return { address: "::", port: this.port }
    }

    override setReceiveBufferSize(size: number): void {
        this.receiveBufferSize = size
        for (const socket of this.sockets.values()) socket.setRecvBufferSize(size)
    }

    /** The socket of the address that was asked; for a peer that was not heard yet, one of its family. */
    protected override socketTo(address: SocketAddress | undefined): Socket | undefined {
        if (address?.local !== undefined) return this.sockets.get(address.local)
        const isIPv6 = address?.address.includes(":") === true
        for (const [local, socket] of this.sockets) if (local.includes(":") === isIPv6) return socket
        return undefined
    }

    protected override closeSockets(): void {
        clearInterval(this.timer)
        for (const socket of this.sockets.values()) socket.close()
        this.sockets.clear()
    }
}
