import { type MessageLayer } from "../../src/coap/message-layer.js"
import { type ObservedState } from "./observed-paths.js"

/** What a client's CoAP session remembers, so that it goes on elsewhere: times are ages, for clocks differ. */
export interface CoapState {
    /** the next message id of this side, and how long ago the half of ids in use was begun, ms */
    next: number
    begun: number
    /** requests that came, and base64 of what was replied */
    seen: { messageId: number; age: number; reply: string | undefined }[]
    observed: ObservedState[]
}

/** But for what is observed. */
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

/** For a layer that has done nothing yet. */
export function restoreCoapState(layer: MessageLayer, { next, begun, seen }: CoapState): void {
    const now = layer.services.now()
    layer.ids = { next, started: now - begun }
    layer.seen.list = seen.map(({ messageId, age, reply }) => ({
        messageId,
        at: now - age,
        reply: reply === undefined ? undefined : Buffer.from(reply, "base64"),
    }))
}
