import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { type Services } from "../platform/services.js"
import { CoapCode, CoapOption, CoapType } from "./code-points.js"
import { type CoapMessage, emptyMessage, isCritical, type Option, readCoapMessage, writeCoapMessage } from "./message.js"
import { type CoapParameters } from "./parameters.js"
import { SeenIds } from "./seen-ids.js"

/** What a handler answers. */
export interface CoapAnswer {
    code: CoapCode
    options: Option[]
    payload: Buffer
}

/** Answers a request whose critical options are all known; at once, so that the response is piggybacked. */
export type CoapHandler = (request: CoapMessage) => CoapAnswer

/** Critical options that requests may carry. */
const KNOWN = [CoapOption.URI_HOST, CoapOption.URI_PORT, CoapOption.URI_PATH, CoapOption.URI_QUERY, CoapOption.ACCEPT]

/**
 * The server's side of the message layer for one session.
 * @devsWhenUsed
 */
export class CoapSession {
    private seen: SeenIds
    private nextMessageId = 0

    constructor(
        private base: DatagramBased,
        private handler: CoapHandler,
        parameters: CoapParameters,
        services: Services,
    ) {
        this.seen = new SeenIds(parameters.rememberedIds)
        const random = services.crypto.random(2)
        this.nextMessageId = random[0] * 256 + random[1]
    }

    /**
     * Serves until the peer closes; throws what the base throws.
     * @param maxMessage largest message read, bytes
     */
    async run(maxMessage: number): Promise<void> {
        const message = new InputMessage([Buffer.alloc(maxMessage)])
        while ((await this.base.receiveMessages([message], 0, -1)) > 0) {
            const request = readCoapMessage(message.vectors[0] as Buffer, message.bytesReceived)
            const reply = request === undefined ? undefined : this.answer(request)
            if (reply !== undefined) await this.base.sendMessages([new OutputMessage([writeCoapMessage(reply)])], 0, -1)
        }
    }

    /** Undefined: nothing is to be said. The same request again gets the same reply and is not handled again. */
    private answer(request: CoapMessage): CoapMessage | undefined {
        if (request.type === CoapType.ACK || request.type === CoapType.RST) return undefined
        if (this.seen.has(request.messageId)) return this.seen.replyTo(request.messageId)
        const reply = this.replyTo(request)
        this.seen.add(request.messageId, reply)
        return reply
    }

    private replyTo(request: CoapMessage): CoapMessage | undefined {
        const confirmable = request.type === CoapType.CON
        if (request.code === CoapCode.EMPTY || request.code > 31)
            return confirmable ? emptyMessage(CoapType.RST, request.messageId) : undefined
        const answer = this.handle(request)
        return {
            type: confirmable ? CoapType.ACK : CoapType.NON,
            code: answer.code,
            messageId: confirmable ? request.messageId : this.takeMessageId(),
            token: request.token,
            options: answer.options,
            payload: answer.payload,
        }
    }

    private handle(request: CoapMessage): CoapAnswer {
        for (const option of request.options) {
            if (isCritical(option.number) && KNOWN.indexOf(option.number) < 0)
                return { code: CoapCode.BAD_OPTION, options: [], payload: Buffer.from("Option " + option.number) }
        }
        return this.handler(request)
    }

    private takeMessageId(): number {
        const messageId = this.nextMessageId
        this.nextMessageId = (messageId + 1) & 0xffff
        return messageId
    }
}
