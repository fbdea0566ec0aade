import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { IOCondition } from "../gio/enums.js"
import { isIoError, IOErrorEnum } from "../gio/errors.js"
import { guarded } from "../gio/guarded.js"
import { type Services } from "../platform/services.js"
import { CoapCode, CoapOption, CoapType } from "./code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    malformedConfirmable,
    type Option,
    readCoapMessage,
    writeCoapMessage,
} from "./message.js"
import { type MessageIds, newMessageIds, takeMessageId } from "./message-ids.js"
import { unrecognizedCritical, usableOptions } from "./options.js"
import { type CoapParameters } from "./parameters.js"
import { SeenIds } from "./seen-ids.js"

/** What a handler answers. */
export interface CoapAnswer {
    code: CoapCode
    options: Option[]
    payload: Buffer
}

/**
 * Answers a request whose critical options are all known and whose options are as RFC 7252 §5.10 has them; at once, so that
 * the response is piggybacked.
 * When it throws, the client gets 5.00, the log the error, and the session goes on.
 */
export type CoapHandler = (request: CoapMessage) => CoapAnswer

/** Critical options that requests may carry: handlers know those of URIs and Accept, and proxying is refused by name. */
const KNOWN = [
    CoapOption.URI_HOST,
    CoapOption.URI_PORT,
    CoapOption.URI_PATH,
    CoapOption.URI_QUERY,
    CoapOption.ACCEPT,
    CoapOption.PROXY_URI,
    CoapOption.PROXY_SCHEME,
]

/** Longest payload of an answer to GET that is remembered, bytes. */
const REMEMBERED_LENGTH = 256

/** A function: a module-level value would stay in every image that has this module. */
function diagnostic(code: CoapCode, text: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(text) }
}

/**
 * The server's side of the message layer for one session.
 * @devsWhenUsed
 */
export class CoapSession {
    private seen: SeenIds
    private messageIds: MessageIds

    constructor(
        private base: DatagramBased,
        private handler: CoapHandler,
        parameters: CoapParameters,
        private services: Services,
    ) {
        this.seen = new SeenIds(parameters.rememberedIds)
        this.messageIds = newMessageIds(services.crypto.random(2))
    }

    /**
     * Serves until the peer closes; throws what the base throws.
     * @param maxMessage largest message read, bytes
     */
    async run(maxMessage: number): Promise<void> {
        while (await this.base.conditionWait(IOCondition.IN, -1)) {
            // The buffer is made when there is something to read: thousands of idle sessions wait without one.
            const message = new InputMessage([Buffer.alloc(maxMessage)])
            if ((await this.base.receiveMessages([message], 0, -1)) === 0) return
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

    /** What cannot be sent is replaced by 5.00, also when it is asked for again. */
    private async send(reply: CoapMessage): Promise<void> {
        // A handler may have answered what is no answer.
        const bytes = guarded(this.services, "A CoAP handler", () => writeCoapMessage(reply), undefined)
        if (bytes === undefined) Object.assign(reply, handlerFailed())
        try {
            await this.base.sendMessages([new OutputMessage([bytes ?? writeCoapMessage(reply)])], 0, -1)
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.MESSAGE_TOO_LARGE)) throw error
            // Block-wise transfer (RFC 7959) is not there yet.
            Object.assign(reply, internalError("The answer is too large for one datagram"))
            await this.base.sendMessages([new OutputMessage([writeCoapMessage(reply)])], 0, -1)
        }
    }

    /**
     * Undefined: nothing is to be said. The same request again gets the same reply and is not handled again, but for a GET
     * with a long answer: to handle that twice is harmless (RFC 7252 §4.5), and to keep such answers could fill the memory.
     */
    private answer(request: CoapMessage): CoapMessage | undefined {
        if (request.type === CoapType.ACK || request.type === CoapType.RST) return undefined
        const now = this.services.now()
        if (this.seen.has(request.messageId, now)) return this.seen.replyTo(request.messageId)
        const reply = this.replyTo(request)
        const isLong = reply !== undefined && reply.payload.length > REMEMBERED_LENGTH
        if (request.code !== CoapCode.GET || !isLong) this.seen.add(request.messageId, reply, now)
        return reply
    }

    /** Empty messages and codes that are no request's are rejected (RFC 7252 §4.2, §4.3). */
    private replyTo(request: CoapMessage): CoapMessage | undefined {
        const confirmable = request.type === CoapType.CON
        if (request.code === CoapCode.EMPTY || request.code > 31)
            return confirmable ? emptyMessage(CoapType.RST, request.messageId) : undefined
        const unrecognized = unrecognizedCritical(request, KNOWN)
        // A NON with such an option is rejected without a word (RFC 7252 §5.4.1).
        if (unrecognized !== undefined && !confirmable) return undefined
        const answer = unrecognized === undefined ? this.handle(request) : badOption(unrecognized)
        const messageId = confirmable ? request.messageId : takeMessageId(this.messageIds, this.services.now())
        // Non-confirmable answers may be lost; without an id this one is.
        if (messageId < 0) return undefined
        const type = confirmable ? CoapType.ACK : CoapType.NON
        return { type, messageId, token: request.token, ...answer }
    }

    private handle(request: CoapMessage): CoapAnswer {
        if (request.options.some((option) => isProxying(option)))
            return diagnostic(CoapCode.PROXYING_NOT_SUPPORTED, "This server is no proxy")
        request.options = usableOptions(request.options)
        const { handler } = this
        return guarded(this.services, "A CoAP handler", () => answerOf(handler(request)), handlerFailed())
    }
}

/** Nothing but what belongs to an answer; throws when there is none. */
function answerOf(answer: CoapAnswer): CoapAnswer {
    const { code, options, payload } = answer
    return { code, options, payload }
}

function internalError(text: string): CoapAnswer {
    return diagnostic(CoapCode.INTERNAL_SERVER_ERROR, text)
}

/** The client is told that, and not what: an error's text may be nobody's business. */
function handlerFailed(): CoapAnswer {
    return internalError("The request could not be handled")
}

/** RFC 7252 §5.10.2 */
function isProxying(option: Option): boolean {
    return option.number === CoapOption.PROXY_URI || option.number === CoapOption.PROXY_SCHEME
}

function badOption(option: Option): CoapAnswer {
    return diagnostic(CoapCode.BAD_OPTION, "Option " + option.number + " is unknown, malformed or repeated")
}
