import { OutputMessage } from "../../src/gio/datagram-based.js"
import { GError } from "../../src/gio/errors.js"
import { gather } from "../../src/gio/vectors.js"
import { type UdpSocket } from "../../src/platform/services.js"
import { type DeviceNetwork } from "../simulator/device-network.js"
import { ForwardingSocket } from "./forwarding-socket.js"
import { ImpairedPath, type Impairment } from "./impaired-path.js"

/** A socket whose datagrams go over a bad path: what is received is the other side's to impair. */
export class ImpairedSocket extends ForwardingSocket {
    private path: ImpairedPath

    constructor(inner: UdpSocket, impairment: Impairment) {
        super(inner)
        this.path = new ImpairedPath(impairment)
    }

    /** Takes all: what is lost was sent, as far as this side can know. */
    override sendMessages(messages: OutputMessage[]): Promise<number> {
        for (const message of messages) {
            const data = Buffer.from(gather(message))
            message.bytesSent = data.length
            const { address } = message
            this.path.carry(() => {
                const copy = new OutputMessage([data])
                copy.address = address
                this.send(copy)
            })
        }
        return Promise.resolve(messages.length)
    }

    private send(message: OutputMessage): void {
        this.inner.sendMessages([message], 0, 0).catch((error: unknown) => {
            // The path lost it: nobody waits for this call any more. Anything but an answer of the socket is a defect.
            if (!(error instanceof GError)) throw error
        })
    }

    override close(): void {
        this.path.flush()
        this.inner.close()
    }
}

/** The network of a simulated device, with a bad path out of it; streams, which TCP repairs, are as before. */
export function impairedNetwork(inner: DeviceNetwork, impairment: Impairment): DeviceNetwork {
    return {
        resolve: (host) => inner.resolve(host),
        connect: (options, listener) => inner.connect(options, listener),
        open: async (options, listener) => {
            const port = await inner.open(options, listener)
            const path = new ImpairedPath(impairment)
            return {
                port: () => port.port(),
                send: (datagram, to) => path.carry(() => port.send(datagram, to)),
                close: () => {
                    path.flush()
                    port.close()
                },
            }
        },
    }
}
