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

/** What a handler answers. */
export interface CoapAnswer {
    code: CoapCode
    options: Option[]
    payload: Buffer
}

/**
 * Answers a request whose critical options are all known and whose options are as RFC 7252 §5.10 has them. It may take its
 * time: the request is acknowledged meanwhile, and the response is a separate one (RFC 7252 §5.2.2).
 * When it throws, the client gets 5.00, the log the error, and the connection goes on.
 * @param server on whose connection the request came
 */
export type CoapHandler = (request: CoapMessage, server: CoapServer) => Promise<CoapAnswer>

/** A request that is being handled. */
interface Work {
    request: CoapMessage
    seen: Seen
    isAnswered: boolean
    /** an empty acknowledgement was sent: a response will be a separate one */
    isAcknowledged: boolean
}

/** Longest payload of an answer to GET that is remembered, bytes. */
const REMEMBERED_LENGTH = 256

/** Until a client may ask again that was one too many, s. */
const RETRY_AFTER = 1

/** A function: a module-level value would stay in every image that has this module. */
function diagnostic(code: CoapCode, text: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(text) }
}

/** Critical options that every handler knows: those of URIs and Accept, and proxying is refused by name. */
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
 * The server's side of a connection: requests of the peer go to a handler, its answers back.
 * @devsWhenUsed
 */
export class CoapServer implements RequestReceiver {
    /** requests that a handler has */
    underWay = 0

    /**
     * @param handler answers every request of this connection; `CoapRouter` chooses by path
     * @param understood critical options that the handler implements beyond those of RFC 7252
     */
    constructor(
        public layer: MessageLayer,
        private handler: CoapHandler,
        private understood: number[],
    ) {
        layer.requests = this
    }

    /** Serves until the peer closes; throws CLOSED when the layer is closed here, and what the base throws. */
    async run(): Promise<void> {
        const { layer } = this
        layer.listen()
        await waitUntil(layer.services, layer.changed, () => layer.error !== undefined, NEVER, undefined)
        if (layer.error !== undefined && !isIoError(layer.error, IOErrorEnum.CONNECTION_CLOSED)) throw layer.error
    }

    /** Handled in a task of its own: a handler that takes its time holds up nobody. */
    takeRequest(request: CoapMessage, seen: Seen): void {
        const self = this
        this.layer.services.spawn(async () => {
            try {
                await self.serve({ request, seen, isAnswered: false, isAcknowledged: false })
            } catch (error) {
                // Of the base: the connection is over.
                self.layer.fail(error)
            }
        })
    }

    private async serve(work: Work): Promise<void> {
        const { request } = work
        const unrecognized = unrecognizedCritical(request, [...knownOptions(), ...this.understood])
        // A NON with such an option is rejected without a word (RFC 7252 §5.4.1).
        if (unrecognized !== undefined && request.type === CoapType.NON) return
        const refusal = unrecognized === undefined ? this.refusalOf(request) : badOption(unrecognized)
        await this.respond(work, refusal ?? (await this.handle(work)))
    }

    /** What no handler is asked for; undefined: it is asked. */
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

    /** What the handler answers to a request, whether it has just come or not; 5.00 when it throws. */
    async answerTo(request: CoapMessage): Promise<CoapAnswer> {
        const { handler } = this
        try {
            return answerOf(await handler(request, this))
        } catch (error) {
            this.layer.services.log(LogLevel.error, "A CoAP handler failed: " + errorText(error))
            return handlerFailed()
        }
    }

    /** A client must not repeat a request only because its handler takes its time (RFC 7252 §5.2.2). */
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

    /** What cannot be sent is replaced by 5.00, also when it is asked for again. */
    private async respond(work: Work, answer: CoapAnswer): Promise<void> {
        const { request } = work
        if (isUnwanted(request, answer.code)) return await this.beSilent(work)
        const { services } = this.layer
        const response = responseOf(work, answer)
        // A handler may have answered what is no answer. Some have their id later.
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

    /** RFC 7967 §2: without a response, a confirmable request is still acknowledged. */
    private async beSilent(work: Work): Promise<void> {
        if (work.request.type === CoapType.CON && !work.isAcknowledged) await this.acknowledge(work)
    }

    /**
     * The same request again gets the same reply and is not handled again, but for a GET with a long answer: to handle that
     * twice is harmless (RFC 7252 §4.5), and to keep such answers could fill the memory.
     */
    private async sendResponse(work: Work, response: CoapMessage): Promise<void> {
        const { layer } = this
        if (response.type === CoapType.CON) {
            await this.deliver(response, undefined)
            return
        }
        if (response.type === CoapType.NON) response.messageId = layer.takeId()
        // Non-confirmable answers may be lost; without an id this one is.
        if (response.messageId < 0) return
        const bytes = writeCoapMessage(response)
        const isKept = work.request.code !== CoapCode.GET || response.payload.length <= REMEMBERED_LENGTH
        if (isKept) work.seen.reply = bytes
        else layer.forget(work.seen)
        await layer.send(bytes)
    }

    /**
     * Sends a confirmable message that no request waits for at this moment: a separate response, a notification.
     * Throws what the base throws, and CANCELLED.
     * @returns why it did not arrive: TIMED_OUT, CONNECTION_REFUSED, or WOULD_BLOCK without a free message id
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

/** Whether the client asked not to be sent responses of that code's class (RFC 7967 §2.1). */
function isUnwanted(request: CoapMessage, code: CoapCode): boolean {
    const classes = uintOptionOf(request, CoapOption.NO_RESPONSE, 0)
    return (classes & (1 << ((code >> 5) - 1))) !== 0
}
