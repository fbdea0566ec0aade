import { lookup } from "node:dns/promises"
import { connect as connectTcp, isIP } from "node:net"
import { connect as connectTls } from "node:tls"
import { asGError, openSocket } from "../../src/platform/node/dgram.js"
import { type GError, IOErrorEnum } from "../../src/gio/errors.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type UdpOptions } from "../../src/platform/services.js"

/** Where the datagrams of a simulated device's socket go. */
export interface DatagramPort {
    port(): number
    /** @param to undefined: the peer that it is connected to */
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
    /** TLS, with the certificates that this computer trusts */
    tls: boolean
}

/** A TCP or TLS connection of a simulated device. */
export interface StreamPort {
    /** `done` is called once the network has taken the bytes; never, when the stream ends before. */
    send(bytes: Buffer, done: () => void): void
    /** Bytes that come stay with the network. */
    pause(): void
    resume(): void
    close(): void
}

/** `ended` or `failed` come last, and once. */
export interface StreamListener {
    opened(): void
    received(bytes: Buffer): void
    /** the peer has sent all */
    ended(): void
    failed(error: Error): void
}

/** The network that a simulated device is in. */
export interface DeviceNetwork {
    /** Throws GError. */
    open(options: UdpOptions, listener: DatagramListener): Promise<DatagramPort>
    /** Begins to connect. */
    connect(options: StreamOptions, listener: StreamListener): StreamPort
    /** Addresses of a host; none: it is not known. */
    resolve(host: string): Promise<string[]>
}

/** The network of this computer. */
export const hostNetwork: DeviceNetwork = {
    async open(options, listener) {
        const socket = await openSocket(options)
        socket.on("message", (data, { address, port }) => listener.received(data, { address, port }))
        socket.on("error", (error) => listener.failed(asGError(error, "socket")))
        // The system answers later here: what befell this datagram alone is a loss. Refused is an earlier one, as on a device.
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
                socket.on("error", () => undefined) // of what is still to be sent: nobody waits for it
                socket.unref()
                if (socket.connecting) socket.destroy()
                else socket.destroySoon()
            },
        }
    },

    async resolve(host) {
        try {
            const found = await lookup(host, { all: true, order: "ipv4first" })
            return found.map(({ address }) => address)
        } catch {
            return [] // natives.ts: an empty array when there is none
        }
    },
}
