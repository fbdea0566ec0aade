/*
 * mote-dtls/net: datagrams in the shape that @devicescript/net gives streams. Compiled by DeviceScript; it does not run in Node.
 */
import { connectDatagrams, type DatagramConnectOptions } from "../net/connect.js"
import { type DatagramSocket } from "../net/datagram-socket.js"
import { services, setting } from "./device.js"

export { type DatagramConnectOptions } from "../net/connect.js"
export { DatagramSocket } from "../net/datagram-socket.js"

/**
 * Opens a socket for one peer, with `proto: "dtls"` after a handshake. Key, versions, suites and connection ids are those of
 * devs.config.json, where the options have none. Throws GError.
 */
export async function connect(options: DatagramConnectOptions): Promise<DatagramSocket> {
    return await connectDatagrams(services, setting, options)
}
