import * as ds from "@devicescript/core"
import { type InputMessage, type OutputMessage } from "../../gio/datagram-based.js"
import { DatagramSocket } from "../../gio/datagram-socket.js"
import { type GError, IOErrorEnum } from "../../gio/errors.js"
import { type SocketAddress } from "../../gio/socket-address.js"
import { gather, scatter } from "../../gio/vectors.js"
import { type Services, type UdpOptions, type UdpSocket } from "../services.js"
import { resultError } from "./io-result.js"
import "./natives.js"

function udpError(result: number): GError {
    return resultError(result, "UDP error " + -result)
}

/**
 * The runtime's UDP natives as a DatagramBased.
 * @devsWhenUsed
 */
export class RuntimeUdpSocket extends DatagramSocket implements UdpSocket {
    constructor(
        services: Services,
        private handle: number,
        private connected: boolean,
    ) {
        super(services)
        const self = this
        ds._moteUdpOnReadable(handle, () => self.changed.notify())
    }

    localAddress(): SocketAddress {
        return { address: "", port: ds._moteUdpPort(this.handle) }
    }

    protected takeOne(message: InputMessage): boolean {
        if (this.closed) return false
        // A single vector receives the datagram directly, without another buffer.
        const target = gather(message)
        const length = ds._moteUdpReceive(this.handle, target)
        if (length < 0) {
            if (length !== -IOErrorEnum.WOULD_BLOCK) this.error = udpError(length)
            return false
        }
        const address = ds._moteUdpSender(this.handle)
        const port = ds._moteUdpSenderPort(this.handle)
        scatter(message, target, length, { address, port })
        return true
    }

    protected isReadable(): boolean {
        return ds._moteUdpIsReadable(this.handle)
    }

    protected async sendAll(messages: OutputMessage[]): Promise<number> {
        let sent = 0
        for (const message of messages) {
            const data = gather(message)
            const to = message.address
            const host = this.connected || to === undefined ? "" : to.address
            const result = ds._moteUdpSend(this.handle, data, host, to === undefined ? 0 : to.port)
            if (result < 0) {
                if (sent === 0) throw udpError(result)
                return sent
            }
            message.bytesSent = data.length
            sent++
        }
        return sent
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        ds._moteUdpClose(this.handle)
        this.changed.notify()
    }
}

export function openRuntimeUdp(services: Services, options: UdpOptions): RuntimeUdpSocket {
    const { remote, localHost, localPort } = options
    const host = remote === undefined ? "" : remote.address
    const port = remote === undefined ? 0 : remote.port
    const handle = ds._moteUdpOpen(localHost ?? "", localPort, host, port)
    if (handle < 0) throw udpError(handle)
    return new RuntimeUdpSocket(services, handle, remote !== undefined)
}
