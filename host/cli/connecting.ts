/* How client commands connect. */
import { type Cancellable } from "../../src/gio/cancellable.js"
import { type DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { TlsCertificateFlags } from "../../src/gio/enums.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { serverNameFor } from "../../src/platform/node/connect/certificate-options.js"
import { clientOf } from "../../src/platform/node/connect/versions.js"
import { type UdpSocket } from "../../src/platform/services.js"
import { reportCertificate } from "./certificate-report.js"
import { type ConnectionOptions, protocolsOf, versionsOf } from "./options.js"
import { type Reporter } from "./reporter.js"
import { endedByWrongKey } from "../wrong-key.js"

/** A connection whose handshake is complete, and its socket. */
export interface Connected {
    connection: DtlsClientConnection
    socket: UdpSocket
    /** ms */
    handshakeTime: number
}

/** A connection of a command, from its options. */
export interface Connecting {
    reporter: Reporter
    settings: DtlsSettings
    options: ConnectionOptions
    /** cancels the handshake */
    stop: Cancellable
}

/**
 * Resolves the host, connects and performs the handshake; reports the server's certificate and the verdict on it, even
 * if it is refused. Throws GError; if the keys differ, soon after the first sign of it.
 */
export async function connectTo(target: { host: string; port: number }, connecting: Connecting): Promise<Connected> {
    const { reporter, settings, options } = connecting
    const server = { name: options.serverName ?? target.host, protocols: protocolsOf(options) }
    if (options.ca !== undefined || options.cert !== undefined) settings.extensions.push(...serverNameFor(server.name))
    const addresses = await reporter.services.resolve(target.host)
    for (let index = 0; ; index++) {
        try {
            return await connectToAddress({ address: addresses[index], port: target.port }, server, connecting)
        } catch (error) {
            // "localhost" may stand for ::1 and 127.0.0.1. If one address refuses the connection, the next one may
            // still accept it.
            const more = index + 1 < addresses.length && isIoError(error, IOErrorEnum.CONNECTION_REFUSED)
            if (!more) throw error
        }
    }
}

async function connectToAddress(
    remote: SocketAddress,
    { name, protocols }: { name: string; protocols: string[] | undefined },
    { reporter, settings, options, stop }: Connecting,
): Promise<Connected> {
    const socket = await reporter.services.openUdp({ remote, localHost: undefined, localPort: 0 })
    const connection = clientOf(versionsOf(options))(reporter.services, socket, settings, name)
    if (options.insecure === true) connection.setValidationFlags(TlsCertificateFlags.NO_FLAGS)
    connection.setAdvertisedProtocols(protocols)
    const begun = performance.now()
    try {
        await endedByWrongKey(settings, reporter.diagnostic, stop, () => connection.handshake(stop))
        return { connection, socket, handshakeTime: performance.now() - begun }
    } catch (error) {
        await connection.close()
        socket.close()
        throw error
    } finally {
        reportCertificate(reporter, connection, "server")
    }
}
