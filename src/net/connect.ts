import { type Services, type UdpSocket } from "../platform/services.js"
import { configuredConnection } from "../sensor/configured.js"
import { configuredSettings } from "../sensor/connection-settings.js"
import { type SettingSource } from "../sensor/settings.js"
import { DatagramSocket } from "./datagram-socket.js"

export interface DatagramConnectOptions {
    /** udp: plain datagrams; dtls: datagrams protected by DTLS */
    proto: "udp" | "dtls"
    /** host name or numeric address */
    host: string
    port: number
    /** DTLS: timeout of the handshake in ms; default: 64 s, or 5 minutes with the profile `cellular` */
    timeout?: number
    /** DTLS: identity of this device; default: the setting `identity` */
    identity?: string
    /** DTLS: the pre-shared key; default: the setting `key` */
    key?: Buffer
}

/**
 * Opens a socket for one peer. With DTLS it performs a handshake, with the versions, suites and connection ids of devs.config.json.
 * Throws GError, or TypeError for any other `proto`.
 */
export async function connectDatagrams(
    services: Services,
    setting: SettingSource,
    options: DatagramConnectOptions,
): Promise<DatagramSocket> {
    const { proto, host, port } = options
    if (proto !== "udp" && proto !== "dtls")
        throw new TypeError("proto must be udp or dtls; streams are @devicescript/net's")
    const [address] = await services.resolve(host)
    const udp = await services.openUdp({ remote: { address, port }, localHost: undefined, localPort: 0 })
    const name = proto + "://" + host + ":" + port
    if (proto === "dtls") return await secured(services, setting, options, udp, name)
    return new DatagramSocket(name, udp, async () => udp.close())
}

/** Overrides the device's settings with the options. */
function withOwn(setting: SettingSource, options: DatagramConnectOptions): SettingSource {
    const { host, identity, key } = options
    return (name, fallback) => {
        if (name === "host") return host
        if (name === "identity" && identity !== undefined) return identity
        if (name === "key" && key !== undefined) return key.toString("hex")
        return setting(name, fallback)
    }
}

async function secured(
    services: Services,
    setting: SettingSource,
    options: DatagramConnectOptions,
    udp: UdpSocket,
    name: string,
): Promise<DatagramSocket> {
    const settings = configuredSettings(services, withOwn(setting, options))
    const { retransmission } = settings
    retransmission.deadline = options.timeout ?? retransmission.deadline
    const connection = configuredConnection(services, udp, settings, options.host)
    const socket = new DatagramSocket(name, connection, async () => {
        await connection.close()
        udp.close()
    })
    try {
        await connection.handshake()
    } catch (error) {
        udp.close()
        throw error
    }
    return socket
}
