import { NodeServices } from "mote-dtls"

/**
 * Bytes that the system keeps until they are read, as far as it allows that (on Linux `net.core.rmem_max`): its default is full
 * with 300 datagrams, and after a restart thousands of devices ask at the same time.
 */
const RECEIVE_BUFFER = 4194304

type UdpOptions = Parameters<NodeServices["openUdp"]>[0]
type UdpSocket = Awaited<ReturnType<NodeServices["openUdp"]>>

/** Sockets of the platform have it. */
interface Buffered {
    setReceiveBufferSize?: (size: number) => void
}

/** Node's services, with sockets for many devices. */
export class BusyServices extends NodeServices {
    override async openUdp(options: UdpOptions): Promise<UdpSocket> {
        const socket: UdpSocket & Buffered = await super.openUdp(options)
        socket.setReceiveBufferSize?.(RECEIVE_BUFFER)
        return socket
    }
}
