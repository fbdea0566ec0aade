import { type Cancellable } from "../../src/gio/cancellable.js"
import { type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { ForwardingSocket } from "../trace/forwarding-socket.js"

/**
 * A socket that takes a port at which nobody listens for lost datagrams, as sensors behind a firewall have to: a gateway that
 * restarts is back in a moment.
 */
export class PatientSocket extends ForwardingSocket {
    /** false: refusals are told, as for a handshake with nobody */
    isPatient = false

    override async receiveMessages(
        messages: InputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        for (;;)
            try {
                return await this.inner.receiveMessages(messages, flags, timeout, cancellable)
            } catch (error) {
                if (!this.forgives(error)) throw error
            }
    }

    override async sendMessages(
        messages: OutputMessage[],
        flags: number,
        timeout: number,
        cancellable?: Cancellable,
    ): Promise<number> {
        try {
            return await this.inner.sendMessages(messages, flags, timeout, cancellable)
        } catch (error) {
            if (!this.forgives(error)) throw error
            return messages.length
        }
    }

    private forgives(error: unknown): boolean {
        return this.isPatient && isIoError(error, IOErrorEnum.CONNECTION_REFUSED)
    }
}
