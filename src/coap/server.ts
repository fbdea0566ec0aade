import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { isIoError, IOErrorEnum } from "../gio/errors.js"
import { type Services } from "../platform/services.js"
import { CoapCode, CoapOption, CoapType } from "./code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    hasUnknownCritical,
    malformedConfirmable,
    type Option,
    readCoapMessage,
    writeCoapMessage,
} from "./message.js"
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

/** A function: a module-level value would stay in every image that has this module. */
function badOption(): CoapAnswer {
    return { code: CoapCode.BAD_OPTION, options: [], payload: Buffer.from("Unknown option") }
}

/**
 * The server's side of the message layer for one session.
 * @devsWhenUsed
 */
export class CoapSession {
    private seen: SeenIds
    private nextMessageId: number

    constructor(
        private base: DatagramBased,
        private handler: CoapHandler,
        parameters: CoapParameters,
        private services: Services,
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
            const data = message.vectors[0] as Buffer
            const request = message.flags === 0 ? readCoapMessage(data, message.bytesReceived) : undefined
            const reply = request === undefined ? this.refuse(data, message.bytesReceived) : this.answer(request)
            if (reply !== undefined) await this.send(reply)
        }
    }

    /** A malformed confirmable message is reset (RFC 7252 §4.2). */
    private refuse(data: Buffer, length: number): CoapMessage | undefined {
        const messageId = malformedConfirmable(data, length)
        return messageId === undefined ? undefined : emptyMessage(CoapType.RST, messageId)
    }

    /** An answer that does not fit a datagram is replaced by one that says so: block-wise transfer is not there yet. */
    private async send(reply: CoapMessage): Promise<void> {
        try {
            await this.base.sendMessages([new OutputMessage([writeCoapMessage(reply)])], 0, -1)
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.MESSAGE_TOO_LARGE)) throw error
            reply.code = CoapCode.INTERNAL_SERVER_ERROR
            reply.options = []
            reply.payload = Buffer.from("The answer is too large for one datagram")
            await this.base.sendMessages([new OutputMessage([writeCoapMessage(reply)])], 0, -1)
        }
    }

    /** Undefined: nothing is to be said. The same request again gets the same reply and is not handled again. */
    private answer(request: CoapMessage): CoapMessage | undefined {
        if (request.type === CoapType.ACK || request.type === CoapType.RST) return undefined
        const now = this.services.now()
        if (this.seen.has(request.messageId, now)) return this.seen.replyTo(request.messageId)
        const reply = this.replyTo(request)
        this.seen.add(request.messageId, reply, now)
        return reply
    }

    private replyTo(request: CoapMessage): CoapMessage | undefined {
        const confirmable = request.type === CoapType.CON
        if (request.code === CoapCode.EMPTY || request.code > 31)
            return confirmable ? emptyMessage(CoapType.RST, request.messageId) : undefined
        const refused = hasUnknownCritical(request, KNOWN)
        // A NON with an unknown critical option is rejected without a word (RFC 7252 §5.4.1).
        if (refused && !confirmable) return undefined
        const answer = refused ? badOption() : this.handler(request)
        return {
            type: confirmable ? CoapType.ACK : CoapType.NON,
            code: answer.code,
            messageId: confirmable ? request.messageId : this.takeMessageId(),
            token: request.token,
            options: answer.options,
            payload: answer.payload,
        }
    }

    private takeMessageId(): number {
        const messageId = this.nextMessageId
        this.nextMessageId = (messageId + 1) & 0xffff
        return messageId
    }
}
