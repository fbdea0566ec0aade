import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { Pair } from "../oracle/pair.js"

/** A pair after its handshake. */
export async function opened(change?: Parameters<typeof Pair.make>[0]): Promise<Pair> {
    const pair = await Pair.make(change)
    await pair.handshake()
    return pair
}

export const out = (text: string): OutputMessage => new OutputMessage([Buffer.from(text)])
export const into = (size = 64): InputMessage => new InputMessage([Buffer.alloc(size)])

export function textOf(message: InputMessage): string {
    return message.vectors[0].subarray(0, message.bytesReceived).toString()
}
