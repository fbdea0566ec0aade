import { lookup } from "node:dns/promises"
import { connect as connectTcp, isIP } from "node:net"
import { connect as connectTls } from "node:tls"
import { asGError, openSocket } from "../../src/platform/node/dgram.js"
import { type GError, IOErrorEnum } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type UdpOptions } from "../../src/platform/services.js"

/** Sends the datagrams of a simulated device's socket. */
export interface DatagramPort {
    port(): number
    /** @param to undefined: the connected peer */
    send(datagram: Buffer, to: SocketAddress | undefined): void
    close(): void
}

export interface DatagramListener {
    received(datagram: Buffer, from: SocketAddress): void
    failed(error: GError): void
}

export interface StreamOptions {
    /** name or numeric address */
    host: string
    port: number
    /** whether to use TLS, with the certificate authorities that this computer trusts */
    tls: boolean
}

/** A TCP or TLS connection of a simulated device. */
export interface StreamPort {
    /** Calls `done` once the network has taken the bytes; never, if the stream ends before that. */
    send(bytes: Buffer, done: () => void): void
    /** Received bytes stay in the network. */
    pause(): void
    resume(): void
    close(): void
}

/** `ended` or `failed` is called last, and only once. */
export interface StreamListener {
    opened(): void
    received(bytes: Buffer): void
    /** the peer has sent everything */
    ended(): void
    failed(error: Error): void
}

/** The network of a simulated device. */
export interface DeviceNetwork {
    /** Opens a socket. Throws GError. */
    open(options: UdpOptions, listener: DatagramListener): Promise<DatagramPort>
    /** Starts to connect. */
    connect(options: StreamOptions, listener: StreamListener): StreamPort
    /** Addresses of a host; empty if it is unknown. */
    resolve(host: string): Promise<string[]>
}

/** The network of this computer. */
export const hostNetwork: DeviceNetwork = {
    async open(options, listener) {
        const socket = await openSocket(options)
        socket.on("message", (data, { address, port }) => listener.received(data, { address, port }))
        socket.on("error", (error) => listener.failed(asGError(error, "socket")))
        // This computer's system reports errors later than a device: an error of this datagram only is a loss, and
        // "refused" concerns an earlier datagram, as on a device.
        const sent = (error: Error | null): void => {
            const failure = error === null ? undefined : asGError(error, "socket")
            if (failure?.code === IOErrorEnum.CONNECTION_REFUSED) listener.failed(failure)
        }
        return {
            port: () => socket.address().port,
            send: (datagram, to) =>
                to === undefined ? socket.send(datagram, sent) : socket.send(datagram, to.port, to.address, sent),
            close: () => {
                socket.removeAllListeners("message")
                socket.close()
            },
        }
    },

    connect({ host, port, tls }, listener) {
        const name = isIP(host) === 0 ? { servername: host } : {}
        const socket = tls ? connectTls({ host, port, ...name }) : connectTcp({ host, port })
        socket.on(tls ? "secureConnect" : "connect", () => listener.opened())
        socket.on("data", (bytes: Buffer) => listener.received(bytes))
        socket.on("end", () => listener.ended())
        socket.on("error", (error: Error) => listener.failed(error))
        return {
            send: (bytes, done) => socket.write(bytes, (error) => (error ? undefined : done())),
            pause: () => void socket.pause(),
            resume: () => void socket.resume(),
            close: () => {
                socket.removeAllListeners()
                socket.on("error", () => undefined) // errors of data still to be sent: no caller waits
                socket.unref()
                if (socket.connecting) socket.destroy()
                else socket.destroySoon()
            },
        }
    },

    async resolve(host) {
        if (host === "") return [] // Node would look it up, with a warning of its own
        try {
            const found = await lookup(host, { all: true, order: "ipv4first" })
            return found.map(({ address }) => address)
        } catch {
            return [] // natives.ts: an empty array if there is none
        }
    },
}
