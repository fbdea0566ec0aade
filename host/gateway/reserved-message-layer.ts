import { type CoapParameters } from "../../src/coap/parameters.js"
import { WaitingMessageLayer } from "../../src/coap/waiting-message-layer.js"
import { type DatagramBased } from "../../src/gio/datagram-based.js"
import { IOErrorEnum, isIoError } from "../../src/gio/errors.js"
import { type Services } from "../../src/platform/services.js"

/** A message layer of a connection that is saved elsewhere: a message waits until numbers are reserved for it. */
export class ReservedMessageLayer extends WaitingMessageLayer {
    /** messages that are on their way to the base */
    sending = 0

    /** @param moreNumbers resolves when there may be some */
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
