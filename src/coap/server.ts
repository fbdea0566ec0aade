import { NEVER } from "../dtls/flight/retransmission.js"
import { type Cancellable } from "../gio/cancellable.js"
import { type GError, IOErrorEnum, isIoError } from "../gio/errors.js"
import { errorText, guarded } from "../gio/guarded.js"
import { LogLevel } from "../gio/log-level.js"
import { waitUntil } from "../gio/waiting.js"
import { CoapCode, CoapOption, CoapType } from "./code-points.js"
import { type CoapMessage, emptyMessage, type Option, uintOption, uintOptionOf, writeCoapMessage } from "./message.js"
import { type Exchange, type MessageLayer, type RequestReceiver } from "./message-layer.js"
import { unrecognizedCritical, usableOptions } from "./options.js"
import { type Seen } from "./seen-ids.js"

/** The answer of a handler. */
export interface CoapAnswer {
    code: CoapCode
    options: Option[]
    payload: Buffer
}

/**
 * Answers a request. The server has checked that all critical options are known and that the options conform to RFC 7252 §5.10. A handler
 * may take some time: the server then acknowledges the request, and sends the answer as a separate response (RFC 7252 §5.2.2). If the
 * handler throws, the client gets 5.00, the error is logged, and the connection continues.
 * @param server the server on whose connection the request arrived
 */
export type CoapHandler = (request: CoapMessage, server: CoapServer) => Promise<CoapAnswer>

/** A request that is being handled. */
interface Work {
    request: CoapMessage
    seen: Seen
    isAnswered: boolean
    /** an empty acknowledgement was sent, so the response will be a separate one */
    isAcknowledged: boolean
}

/** Longest payload of an answer to GET that is kept for repetitions of the request, bytes. */
const REMEMBERED_LENGTH = 256

/** Time after which a client may repeat a request that exceeded the limit, s. */
const RETRY_AFTER = 1

/** This is a function, because a module-level value would be part of every image that contains this module. */
function diagnostic(code: CoapCode, text: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(text) }
}

/**
 * Critical options that every handler supports: those of URIs, and Accept. The proxying options are included, because they are refused with
 * an error of their own.
 */
function knownOptions(): number[] {
    return [
        CoapOption.URI_HOST,
        CoapOption.URI_PORT,
        CoapOption.URI_PATH,
        CoapOption.URI_QUERY,
        CoapOption.ACCEPT,
        CoapOption.PROXY_URI,
        CoapOption.PROXY_SCHEME,
    ]
}

/**
 * The server's side of a connection: passes the peer's requests to a handler and sends its answers.
 * @devsWhenUsed
 */
export class CoapServer implements RequestReceiver {
    /** number of requests that handlers are working on */
    underWay = 0

    /**
     * @param handler answers all requests of this connection; `CoapRouter` selects handlers by path
     * @param understood critical options that the handler implements in addition to those of RFC 7252
     */
    constructor(
        public layer: MessageLayer,
        private handler: CoapHandler,
        private understood: number[],
    ) {
        layer.requests = this
    }

    /** Serves until the peer closes the connection. Throws CLOSED if this side closes the layer, and the errors of the base. */
    async run(): Promise<void> {
        const { layer } = this
        layer.listen()
        await waitUntil(layer.services, layer.changed, () => layer.error !== undefined, NEVER, undefined)
        if (layer.error !== undefined && !isIoError(layer.error, IOErrorEnum.CONNECTION_CLOSED)) throw layer.error
    }

    /** Handles each request in a task of its own, so that a slow handler does not delay other requests. */
    takeRequest(request: CoapMessage, seen: Seen): void {
        const self = this
        this.layer.services.spawn(async () => {
            try {
                await self.serve({ request, seen, isAnswered: false, isAcknowledged: false })
            } catch (error) {
                // An error of the base, so the connection has ended.
                self.layer.fail(error)
            }
        })
    }

    private async serve(work: Work): Promise<void> {
        const { request } = work
        const unrecognized = unrecognizedCritical(request, [...knownOptions(), ...this.understood])
        // A non-confirmable request with such an option is silently rejected (RFC 7252 §5.4.1).
        if (unrecognized !== undefined && request.type === CoapType.NON) return
        const refusal = unrecognized === undefined ? this.refusalOf(request) : badOption(unrecognized)
        await this.respond(work, refusal ?? (await this.handle(work)))
    }

    /** Returns the answer to a request that no handler gets; undefined: the handler is called. */
    private refusalOf(request: CoapMessage): CoapAnswer | undefined {
        if (request.options.some((option) => isProxying(option)))
            return diagnostic(CoapCode.PROXYING_NOT_SUPPORTED, "This server is no proxy")
        if (this.underWay < this.layer.parameters.concurrentRequests) return undefined
        const busy = diagnostic(CoapCode.SERVICE_UNAVAILABLE, "Too many requests at the same time")
        busy.options.push(uintOption(CoapOption.MAX_AGE, RETRY_AFTER))
        return busy
    }

    private async handle(work: Work): Promise<CoapAnswer> {
        const { layer } = this
        const { request } = work
        const self = this
        request.options = usableOptions(request.options)
        if (request.type === CoapType.CON)
            layer.services.spawn(async () => {
                await self.acknowledgeLater(work)
            })
        this.underWay++
        const answer = await this.answerTo(request)
        this.underWay--
        work.isAnswered = true
        layer.changed.notify()
        return answer
    }

    /** Calls the handler for a request, whether new or earlier, and returns its answer; 5.00 if it throws. */
    async answerTo(request: CoapMessage): Promise<CoapAnswer> {
        const { handler } = this
        try {
            return answerOf(await handler(request, this))
        } catch (error) {
            this.layer.services.log(LogLevel.error, "A CoAP handler failed: " + errorText(error))
            return handlerFailed()
        }
    }

    /** Acknowledges the request if the handler takes long, so that the client does not retransmit it (RFC 7252 §5.2.2). */
    private async acknowledgeLater(work: Work): Promise<void> {
        const { services, changed, parameters } = this.layer
        const until = services.now() + parameters.separateAfter
        await waitUntil(services, changed, () => work.isAnswered, until, undefined)
        if (work.isAnswered) return
        try {
            await this.acknowledge(work)
        } catch (error) {
            this.layer.fail(error)
        }
    }

    private async acknowledge(work: Work): Promise<void> {
        work.isAcknowledged = true
        work.seen.reply = writeCoapMessage(emptyMessage(CoapType.ACK, work.request.messageId))
        await this.layer.send(work.seen.reply)
    }

    /** Sends the answer. If it cannot be encoded, 5.00 is sent instead, also for repetitions of the request. */
    private async respond(work: Work, answer: CoapAnswer): Promise<void> {
        const { request } = work
        if (isUnwanted(request, answer.code)) return await this.beSilent(work)
        const { services } = this.layer
        const response = responseOf(work, answer)
        // The handler may have returned something that is not a valid answer. Some responses get their message id later.
        const trial = { ...response, messageId: 0 }
        const isWritable = guarded(services, "A CoAP handler", () => writeCoapMessage(trial).length > 0, false)
        if (!isWritable) Object.assign(response, handlerFailed())
        try {
            await this.sendResponse(work, response)
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.MESSAGE_TOO_LARGE)) throw error
            Object.assign(response, internalError("The answer is too large for one datagram"))
            await this.sendResponse(work, response)
        }
    }

    /** Sends no response. A confirmable request is nevertheless acknowledged (RFC 7967 §2). */
    private async beSilent(work: Work): Promise<void> {
        if (work.request.type === CoapType.CON && !work.isAcknowledged) await this.acknowledge(work)
    }

    /**
     * Sends a response and keeps it, so that a repetition of the request gets the same response and is not handled again. The exception is
     * a GET with a long answer: handling it twice is harmless (RFC 7252 §4.5), and keeping such answers could fill the memory.
     */
    private async sendResponse(work: Work, response: CoapMessage): Promise<void> {
        const { layer } = this
        if (response.type === CoapType.CON) {
            await this.deliver(response, undefined)
            return
        }
        if (response.type === CoapType.NON) response.messageId = layer.takeId()
        // A non-confirmable answer may be lost. Without a free message id, this one is.
        if (response.messageId < 0) return
        const bytes = writeCoapMessage(response)
        const isKept = work.request.code !== CoapCode.GET || response.payload.length <= REMEMBERED_LENGTH
        if (isKept) work.seen.reply = bytes
        else layer.forget(work.seen)
        await layer.send(bytes)
    }

    /**
     * Sends a confirmable message outside a request: a separate response or a notification.
     * Throws the errors of the base, and CANCELLED.
     * @returns why the message did not arrive: TIMED_OUT, CONNECTION_REFUSED, or WOULD_BLOCK without a free message id
     */
    async deliver(message: CoapMessage, cancellable: Cancellable | undefined): Promise<GError | undefined> {
        const exchange: Exchange = { message, isSettled: false, understood: [] }
        try {
            await this.layer.beginExchange(exchange, cancellable)
        } catch (error) {
            if (isIoError(error, IOErrorEnum.TIMED_OUT) || isIoError(error, IOErrorEnum.WOULD_BLOCK))
                return error as GError
            throw error
        } finally {
            this.layer.endExchange(exchange)
        }
        return exchange.error
    }
}

function responseOf(work: Work, answer: CoapAnswer): CoapMessage {
    const { type, messageId, token } = work.request
    if (work.isAcknowledged) return { type: CoapType.CON, messageId: -1, token, ...answer }
    if (type === CoapType.CON) return { type: CoapType.ACK, messageId, token, ...answer }
    return { type: CoapType.NON, messageId: -1, token, ...answer }
}

/** Copies only the fields of an answer. Throws if there is no answer. */
function answerOf(answer: CoapAnswer): CoapAnswer {
    const { code, options, payload } = answer
    return { code, options, payload }
}

function internalError(text: string): CoapAnswer {
    return diagnostic(CoapCode.INTERNAL_SERVER_ERROR, text)
}

/** The answer after an error in a handler. It does not contain the error's message, which may be confidential. */
function handlerFailed(): CoapAnswer {
    return internalError("The request could not be handled")
}

/** Whether an option requests proxying (RFC 7252 §5.10.2). */
function isProxying(option: Option): boolean {
    return option.number === CoapOption.PROXY_URI || option.number === CoapOption.PROXY_SCHEME
}

function badOption(option: Option): CoapAnswer {
    return diagnostic(CoapCode.BAD_OPTION, "Option " + option.number + " is unknown, malformed or repeated")
}

/** Whether the client does not want responses of this code's class (RFC 7967 §2.1). */
function isUnwanted(request: CoapMessage, code: CoapCode): boolean {
    const classes = uintOptionOf(request, CoapOption.NO_RESPONSE, 0)
    return (classes & (1 << ((code >> 5) - 1))) !== 0
}
