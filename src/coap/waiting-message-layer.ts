import { InputMessage } from "../gio/datagram-based.js"
import { IOCondition } from "../gio/enums.js"
import { MessageLayer } from "./message-layer.js"

/**
 * A message layer that has no buffer until there is something to read: thousands of idle connections wait without one.
 * @devsWhenUsed
 */
export class WaitingMessageLayer extends MessageLayer {
    protected override async nextDatagram(): Promise<InputMessage> {
        await this.base.conditionWait(IOCondition.IN, -1, this.stopping)
        return new InputMessage([Buffer.alloc(this.parameters.maxMessage)])
    }
}
