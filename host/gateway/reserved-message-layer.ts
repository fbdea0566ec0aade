import { type CoapParameters } from "../../src/coap/parameters.js"
import { WaitingMessageLayer } from "../../src/coap/waiting-message-layer.js"
import { type DatagramBased } from "../../src/gio/datagram-based.js"
import { IOErrorEnum, isIoError } from "../../src/gio/errors.js"
import { type Services } from "../../src/platform/services.js"

/** The message layer of a connection that is saved elsewhere: messages wait until numbers are reserved for them. */
export class ReservedMessageLayer extends WaitingMessageLayer {
    /** number of messages being sent */
    sending = 0

    /** @param moreNumbers resolves when numbers may be available */
    constructor(
        services: Services,
        base: DatagramBased,
        parameters: CoapParameters,
        private moreNumbers: () => Promise<void>,
    ) {
        super(services, base, parameters)
    }

    override async send(bytes: Buffer): Promise<void> {
        this.sending++
        try {
            await this.sendOnce(bytes)
        } finally {
            this.sending--
        }
    }

    private async sendOnce(bytes: Buffer): Promise<void> {
        for (;;)
            try {
                return await super.send(bytes)
            } catch (error) {
                if (!isIoError(error, IOErrorEnum.NO_SPACE)) throw error
                await this.moreNumbers()
            }
    }
}
