import { OutputMessage } from "../../src/gio/datagram-based.js"
import { NodeServices } from "../../src/platform/node/services.js"

/** Sends texts to a loopback port, for programs with their own sockets. */
export async function connectedTo(port: number): Promise<(text: string) => Promise<number>> {
    const remote = { address: "127.0.0.1", port }
    const udp = await new NodeServices().openUdp({ remote, localHost: undefined, localPort: 0 })
    return (text) => udp.sendMessages([new OutputMessage([Buffer.from(text)])], 0, -1)
}
