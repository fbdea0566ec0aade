import { createSocket, type Socket } from "node:dgram"
import { isIP } from "node:net"
import { type GError, invalidArgument, ioError, IOErrorEnum } from "../../gio/errors.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { type UdpOptions } from "../services.js"

const codes: Record<string, [IOErrorEnum, string]> = {
    EADDRINUSE: [IOErrorEnum.ADDRESS_IN_USE, "the port is in use: choose another one, or end the program that has it"],
    EACCES: [IOErrorEnum.PERMISSION_DENIED, "not allowed: ports below 1024 need rights; choose a higher one"],
    EPERM: [IOErrorEnum.PERMISSION_DENIED, "not allowed: check the firewall of this host"],
    EADDRNOTAVAIL: [IOErrorEnum.NOT_FOUND, "this host does not have that address: choose one of its own, or none"],
    EAFNOSUPPORT: [IOErrorEnum.NOT_SUPPORTED, "this host has no IPv6: choose an IPv4 address, or turn IPv6 on"],
    ECONNREFUSED: [IOErrorEnum.CONNECTION_REFUSED, "nothing listens at that port: check address, port and the peer"],
    EMFILE: [IOErrorEnum.NO_SPACE, "too many files and sockets are open: raise the limit (ulimit -n)"],
    EMSGSIZE: [IOErrorEnum.MESSAGE_TOO_LARGE, "the datagram is too large for the socket: send shorter messages"],
    EHOSTUNREACH: [IOErrorEnum.HOST_UNREACHABLE, "no way to that host: check the address, and that it is up"],
    ENETDOWN: [IOErrorEnum.NETWORK_UNREACHABLE, "the network is down: bring this host's interface up"],
    ENETUNREACH: [
        IOErrorEnum.NETWORK_UNREACHABLE,
        "no way to that network: check the address, and this host's connection and routes",
    ],
}

/** Converts an error of node:dgram into a GError; `where` is the address or port concerned. */
export function asGError(error: NodeJS.ErrnoException, where: string): GError {
    const known = error.code === undefined ? undefined : codes[error.code]
    if (known === undefined) return ioError(IOErrorEnum.FAILED, `${where}: ${error.code ?? "unknown error"}`)
    return ioError(known[0], `${where}: ${known[1]}`)
}

export function text(address: SocketAddress): string {
    return address.address.includes(":") ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}

function checkOptions(options: UdpOptions): void {
    const port = options.localPort
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalidArgument("localPort", "0 to 65535")
    if (options.localHost !== undefined && isIP(options.localHost.replace(/%.*/, "")) === 0)
        throw invalidArgument("localHost", "a numeric address is needed")
    const { remote } = options
    if (remote === undefined) return
    if (isIP(remote.address.replace(/%.*/, "")) === 0) throw invalidArgument("remote", "a numeric address is needed")
    if (!Number.isInteger(remote.port) || remote.port < 1 || remote.port > 65535)
        throw invalidArgument("remote", "a port from 1 to 65535 is needed")
}

/** Replaces dns.lookup, which takes a turn of the event loop for each datagram even if the address is numeric. */
function numericAddress(
    address: string,
    _options: object,
    found: (error: null, address: string, family: number) => void,
): void {
    found(null, address, address.includes(":") ? 6 : 4)
}

/** A bound socket without listeners, synchronously: a numeric address needs no look-up. Throws GError. */
export function boundSocket(options: UdpOptions): Socket {
    checkOptions(options)
    const local = options.localHost ?? options.remote?.address
    const any = local === undefined
    const type = any || isIP(local) === 6 ? "udp6" : "udp4"
    const socket = createSocket({ type, ipv6Only: false, recvBufferSize: undefined, lookup: numericAddress })
    let failed: Error | undefined
    socket.once("error", (error) => (failed = error))
    const bound = { fd: options.fd, exclusive: true }
    const free = { port: options.localPort, address: options.localHost, exclusive: true }
    socket.bind(options.fd === undefined ? free : bound)
    if (failed !== undefined) {
        socket.close()
        const where = any ? `port ${options.localPort}` : text({ address: local, port: options.localPort })
        throw asGError(failed, where)
    }
    socket.removeAllListeners("error")
    return socket
}

/** A bound socket without listeners, connected if there is a remote address. Throws GError. */
export async function openSocket(options: UdpOptions): Promise<Socket> {
    const socket = boundSocket(options)
    const { remote } = options
    if (remote !== undefined)
        await new Promise<void>((resolve, reject) => {
            socket.connect(remote.port, remote.address, (error?: Error) => {
                if (error === undefined) return resolve()
                socket.close()
                reject(asGError(error, text(remote)))
            })
        })
    return socket
}

/** The local address that this host's routes prefer for datagrams to `remote`. Throws GError. */
export async function localAddressTo(remote: SocketAddress): Promise<string> {
    const socket = await openSocket({ remote, localHost: undefined, localPort: 0 })
    const { address } = socket.address()
    socket.close()
    return address
}
