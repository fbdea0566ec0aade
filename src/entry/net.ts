/* mote-dtls/net: datagrams with the same API as streams in @devicescript/net. Compiled by DeviceScript; it does not run in Node. */
import { connectDatagrams, type DatagramConnectOptions } from "../net/connect.js"
import { type DatagramSocket } from "../net/datagram-socket.js"
import { services, setting } from "./device.js"

export { type DatagramConnectOptions } from "../net/connect.js"
export { DatagramSocket } from "../net/datagram-socket.js"

/**
 * Opens a socket for one peer. With `proto: "dtls"` it first performs a handshake. Options that are not set (key, versions, suites,
 * connection ids) are taken from devs.config.json. Throws GError.
 */
export async function connect(options: DatagramConnectOptions): Promise<DatagramSocket> {
    return await connectDatagrams(services, setting, options)
}
