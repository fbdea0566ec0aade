import { type Cancellable } from "../../../gio/cancellable.js"
import { TlsCertificateFlags } from "../../../gio/enums.js"
import { ioError, IOErrorEnum, isIoError } from "../../../gio/errors.js"
import { type DtlsClientConnection } from "../../../gio/dtls-client-connection.js"
import { LogLevel } from "../../../gio/log-level.js"
import { type SocketAddress } from "../../../gio/socket-address.js"
import { type UdpSocket } from "../../services.js"
import { hasPublicKeys, serverNameFor } from "./certificate-options.js"
import { DtlsSocket } from "./dtls-socket.js"
import { wrongArgument } from "./errors.js"
import { type ConnectOptions } from "./options.js"
import { isRejecting, prepareConnect, type PreparedClient } from "./prepare.js"
import { SavedConnection } from "./saved-connection.js"
import { checkLocalAddress, checkPort, targetOf } from "./target.js"
import { waiting } from "./waiting.js"

/**
 * Connects to a DTLS server and performs the handshake. The default version is DTLS 1.2.
 * @param host a host name, or an address such as "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"
 * @param port UDP port, 1 to 65535
 * Throws DtlsError with the code ERR_DTLS_HOST_NOT_FOUND, ERR_DTLS_CONNECTION_REFUSED, ERR_DTLS_TIMED_OUT, ERR_DTLS_HANDSHAKE (its
 * `reason` is "keyMismatch" if the two sides have different keys), ERR_DTLS_BAD_CERTIFICATE, or ERR_DTLS_INVALID_ARGUMENT, which names the
 * option. Throws AbortError if `signal` is aborted.
 */
export async function connect(host: string, port: number, options: ConnectOptions): Promise<DtlsSocket>
/** @param uri coaps://HOST[:PORT]; the default port is 5684 (RFC 7252 §6.2) */
export async function connect(uri: string, options: ConnectOptions): Promise<DtlsSocket>
export async function connect(
    host: string,
    portOrOptions: number | ConnectOptions,
    given?: ConnectOptions,
): Promise<DtlsSocket> {
    const [port, options] = typeof portOrOptions === "object" ? [undefined, portOrOptions] : [portOrOptions, given]
    const target = targetOf(host, port)
    if (typeof options !== "object" || options === null) throw wrongArgument("options", "an object with psk")
    checkPort("localPort", options.localPort ?? 0, 0)
    checkLocalAddress(options.localAddress)
    const name = options.servername ?? target.host
    const prepared = prepareConnect(options, `${name}|${target.host}|${target.port}`)
    if (hasPublicKeys(options)) prepared.settings.extensions.push(...serverNameFor(name))
    return await waiting(options, async (stop) => {
        const addresses = await prepared.services.resolve(target.host)
        for (const address of prepared.saving === undefined ? [] : addresses) {
            const goneOn = await goOnWith({ address, port: target.port }, name, options, prepared)
            if (goneOn !== undefined) return goneOn
        }
        for (const [index, address] of addresses.entries()) {
            try {
                return await connectTo({ address, port: target.port }, name, options, prepared, stop)
            } catch (error) {
                // "localhost" may stand for ::1 and 127.0.0.1. If one address refuses the connection, the next one may still accept it.
                if (index + 1 === addresses.length || !isIoError(error, IOErrorEnum.CONNECTION_REFUSED)) throw error
            }
        }
        throw ioError(IOErrorEnum.HOST_NOT_FOUND, `${target.host} has no address; check the name`)
    })
}

async function connectTo(
    remote: SocketAddress,
    name: string,
    options: ConnectOptions,
    prepared: PreparedClient,
    stop: Cancellable | undefined,
): Promise<DtlsSocket> {
    stop?.setErrorIfCancelled()
    const { services, saving, session } = prepared
    return await opening(remote, name, options, prepared, async (connection, socket) => {
        await connection.handshake(stop)
        const saved = saving && new SavedConnection(connection, saving, entryOf(name, remote), services, false)
        await saved?.begin(stop)
        return new DtlsSocket(connection, socket, remote, session, saved)
    })
}

/** Name of an association's entry in the store of the option `save`. */
function entryOf(name: string, { address, port }: SocketAddress): string {
    return `${name}|${address}|${port}`
}

/** Resumes an association that an earlier run saved. Returns undefined if there is none, or if it cannot be used. */
async function goOnWith(
    remote: SocketAddress,
    name: string,
    options: ConnectOptions,
    prepared: PreparedClient,
): Promise<DtlsSocket | undefined> {
    const { services, saving } = prepared
    const entry = entryOf(name, remote)
    const state = saving?.store.load(entry)
    if (saving === undefined || state === undefined) return undefined
    return await opening(remote, name, options, prepared, async (connection, socket) => {
        try {
            await connection.importAssociation(state, saving.wrapper, 0)
        } catch (error) {
            services.log(LogLevel.warning, `a saved association cannot be used, a handshake follows: ${String(error)}`)
            await connection.close()
            socket.close()
            return undefined
        }
        const saved = new SavedConnection(connection, saving, entry, services, true)
        await saved.begin()
        return new DtlsSocket(connection, socket, remote, undefined, saved)
    })
}

/** Creates a connection and runs `begin` with it. If `begin` throws, the connection and its socket are closed. */
async function opening<T>(
    remote: SocketAddress,
    name: string,
    options: ConnectOptions,
    { services, settings, newConnection }: PreparedClient,
    begin: (connection: DtlsClientConnection, socket: UdpSocket) => Promise<T>,
): Promise<T> {
    const { localAddress: localHost, localPort = 0, protocols } = options
    const socket = await services.openUdp({ remote, localHost, localPort })
    try {
        const connection = newConnection(services, socket, settings, name)
        if (!isRejecting(options)) connection.setValidationFlags(TlsCertificateFlags.NO_FLAGS)
        try {
            connection.setAdvertisedProtocols(protocols)
            return await begin(connection, socket)
        } catch (error) {
            await connection.close()
            throw error
        }
    } catch (error) {
        socket.close()
        throw error
    }
}
