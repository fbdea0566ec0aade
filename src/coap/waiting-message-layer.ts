import { InputMessage } from "../gio/datagram-based.js"
import { IOCondition } from "../gio/enums.js"
import { MessageLayer } from "./message-layer.js"

/**
 * A message layer that allocates its buffer only when there is something to read. So thousands of idle connections need no buffers.
 * @devsWhenUsed
 */
export class WaitingMessageLayer extends MessageLayer {
    protected override async nextDatagram(): Promise<InputMessage> {
        await this.base.conditionWait(IOCondition.IN, -1, this.stopping)
        return new InputMessage([Buffer.alloc(this.parameters.maxMessage)])
    }
}
