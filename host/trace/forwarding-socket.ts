import { type Cancellable } from "../../src/gio/cancellable.js"
import { type DatagramSource, type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { gather } from "../../src/gio/vectors.js"
import { type UdpSocket } from "../../src/platform/services.js"

/** A copy of the datagram that was received into a message. */
export function receivedData(message: InputMessage): Buffer {
    return Buffer.from(gather(message).subarray(0, message.bytesReceived))
}

/** A socket that does what another one does; what should differ is overridden. */
export class ForwardingSocket implements UdpSocket {
    constructor(protected inner: UdpSocket) {}

    receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        return this.inner.receiveMessages(messages, flags, timeout, cancellable)
    }

    sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        return this.inner.sendMessages(messages, flags, timeout, cancellable)
    }

    createSource(condition: number, cancellable?: Cancellable): DatagramSource {
        return this.inner.createSource(condition, cancellable)
    }

    conditionCheck(condition: number): number {
        return this.inner.conditionCheck(condition)
    }

    conditionWait(condition: number, timeout: number, cancellable?: Cancellable): Promise<boolean> {
        return this.inner.conditionWait(condition, timeout, cancellable)
    }

    localAddress(): SocketAddress {
        return this.inner.localAddress()
    }

    close(): void {
        this.inner.close()
    }
}
