import { CoapClient, newRequest } from "../../src/coap/client.js"
import { CoapCode, CoapOption, CoapType } from "../../src/coap/code-points.js"
import {
    type CoapMessage,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOptionOf,
    writeCoapMessage,
} from "../../src/coap/message.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { type CoapAnswer, CoapServer } from "../../src/coap/server.js"
import { blit, EMPTY, equal, join } from "../../src/dtls/bytes/bytes.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { type DatagramBased, type InputMessage, type OutputMessage } from "../../src/gio/datagram-based.js"
import { GError, ioError, IOErrorEnum } from "../../src/gio/errors.js"
import { RuntimeServices } from "../../src/platform/runtime/services.js"
import * as ds from "@devicescript/core"
import { datagramEvents } from "./events.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

/** The use of the input. */
enum CoapState {
    codec,
    server,
    client,
}

const STATES = 3
const MOST_MESSAGE = 1152
/** Limit on messages in one input, to bound the time per execution. */
const MOST_MESSAGES = 24

/**
 * A session that delivers the messages in the input, each preceded by its length; then the peer closes.
 * @devsWhenUsed
 */
class FuzzedSession {
    sent: Buffer[] = []
    private reader: Reader
    private left = MOST_MESSAGES

    constructor(input: Buffer) {
        this.reader = new Reader(input, 0, input.length)
    }

    async conditionWait(_condition: number, _timeout: number): Promise<boolean> {
        return true
    }

    async receiveMessages(messages: InputMessage[], _flags: number, _timeout: number): Promise<number> {
        const { reader } = this
        // Requests have to be sent before their answers arrive.
        await ds.sleep(1)
        if (reader.remaining() === 0 || this.left === 0) return 0
        this.left--
        reader.uint(1)
        const length = Math.min(reader.uint(2), reader.remaining())
        const data = reader.bytes(length)
        const message = messages[0] as InputMessage
        const room = message.vectors[0] as Buffer
        message.bytesReceived = Math.min(length, room.length)
        message.flags = length > room.length ? 1 : 0
        blit(room, 0, data, 0, message.bytesReceived)
        return 1
    }

    async sendMessages(messages: OutputMessage[], _flags: number, _timeout: number): Promise<number> {
        for (const message of messages) {
            const data = join(message.vectors)
            if (data.length > MOST_MESSAGE) throw ioError(IOErrorEnum.MESSAGE_TOO_LARGE, "too large")
            promise(readCoapMessage(data, data.length) !== undefined, "what is sent is a message")
            this.sent.push(data)
        }
        return messages.length
    }
}

function checkCodec(input: Buffer): void {
    // Longer messages are not read from a socket.
    const message = readCoapMessage(input, Math.min(input.length, MOST_MESSAGE))
    if (message === undefined) return
    const bytes = writeCoapMessage(message)
    promise(bytes.length <= input.length, "the shortest form is written")
    const again = readCoapMessage(bytes, bytes.length)
    promise(again !== undefined && equal(writeCoapMessage(again), bytes), "what was read can be written and read")
    textOptionsOf(message, CoapOption.URI_PATH)
    promise(uintOptionOf(message, CoapOption.CONTENT_FORMAT, 0) >= 0, "a uint is not negative")
}

async function echo(request: CoapMessage): Promise<CoapAnswer> {
    const path = textOptionsOf(request, CoapOption.URI_PATH).join("/")
    return { code: CoapCode.CONTENT, options: [textOption(CoapOption.LOCATION_PATH, path)], payload: request.payload }
}

async function serve(input: Buffer, services: RuntimeServices): Promise<void> {
    const base = new FuzzedSession(input)
    const layer = new MessageLayer(services, base as unknown as DatagramBased, defaultCoapParameters())
    await new CoapServer(layer, echo, []).run()
    promise(base.sent.length <= input.length, "at most one answer for each message")
}

async function ask(input: Buffer, services: RuntimeServices): Promise<void> {
    const base = new FuzzedSession(input)
    const layer = new MessageLayer(services, base as unknown as DatagramBased, defaultCoapParameters())
    const client = new CoapClient(layer)
    try {
        const response = await client.request(newRequest(CoapCode.GET))
        promise(response.code > 31, "a response is one")
    } catch (error) {
        if (!(error instanceof GError)) throw error
    }
}

function prepare(state: CoapState): FuzzRun {
    const services = new RuntimeServices()
    return async (input) => {
        if (state === CoapState.codec) checkCodec(input)
        else if (state === CoapState.server) await serve(input, services)
        else await ask(input, services)
    }
}

function message(type: CoapType, code: number, messageId: number, token: Buffer): Buffer {
    const options = [textOption(CoapOption.URI_PATH, "readings"), textOption(CoapOption.URI_QUERY, "n=1")]
    const all = code > 31 ? [] : options
    return writeCoapMessage({ type, code, messageId, token, options: all, payload: Buffer.from("{}") })
}

function seeds(state: CoapState): Buffer[] {
    if (state === CoapState.codec) return [message(CoapType.CON, CoapCode.POST, 1, Buffer.from([1, 2]))]
    if (state === CoapState.server)
        return [
            datagramEvents([
                message(CoapType.CON, CoapCode.POST, 1, EMPTY),
                message(CoapType.NON, CoapCode.GET, 2, EMPTY),
            ]),
            datagramEvents([Buffer.from([0x40, 0, 0, 1]), Buffer.from([0x70, 0, 0, 1])]),
        ]
    // The client's first random values, in order: the message id, then the token.
    const services = new RuntimeServices()
    const id = services.crypto.random(2)
    const token = services.crypto.random(4)
    const messageId = (id[0] as number) * 256 + (id[1] as number)
    return [
        datagramEvents([message(CoapType.ACK, CoapCode.CONTENT, messageId, token)]),
        datagramEvents([
            Buffer.from([0x60, 0, id[0], id[1]]),
            message(CoapType.CON, CoapCode.CONTENT, 7, token),
            message(CoapType.CON, CoapCode.CONTENT, 7, token),
        ]),
        datagramEvents([Buffer.from([0x70, 0, id[0], id[1]])]),
    ]
}

/** CoAP messages: the codec, a server's session, and a client's exchange. */
export function coapTarget(): FuzzTarget {
    return { states: STATES, prepare, seeds }
}
