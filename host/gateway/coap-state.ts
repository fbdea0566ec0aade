import { type MessageLayer } from "../../src/coap/message-layer.js"
import { type ObservedState } from "./observed-paths.js"

/** The state of a client's CoAP session that moves to another gateway. Times are ages, because clocks differ. */
export interface CoapState {
    /** this side's next message id, and the age of the half of ids in use, ms */
    next: number
    begun: number
    /** requests received, and the replies to them in base64 */
    seen: { messageId: number; age: number; reply: string | undefined }[]
    observed: ObservedState[]
}

/** The state without observations. */
export function coapStateOf({ ids, seen, services }: MessageLayer): Omit<CoapState, "observed"> {
    const now = services.now()
    return {
        next: ids.next,
        begun: now - ids.started,
        seen: seen.list.map(({ messageId, at, reply }) => ({
            messageId,
            age: now - at,
            reply: reply?.toString("base64"),
        })),
    }
}

/** Restores the state in a new layer. */
export function restoreCoapState(layer: MessageLayer, { next, begun, seen }: CoapState): void {
    const now = layer.services.now()
    layer.ids = { next, started: now - begun }
    layer.seen.list = seen.map(({ messageId, age, reply }) => ({
        messageId,
        at: now - age,
        reply: reply === undefined ? undefined : Buffer.from(reply, "base64"),
    }))
}
