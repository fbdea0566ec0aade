import { EMPTY, equal } from "../dtls/bytes/bytes.js"
import { Reader } from "../dtls/bytes/reader.js"
import { Cancellable } from "../gio/cancellable.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { GError, invalidArgument, ioError, IOErrorEnum } from "../gio/errors.js"
import { Waited, waitUntil } from "../gio/waiting.js"
import { type Services, type Signal } from "../platform/services.js"
import { CoapCode, CoapType } from "./code-points.js"
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

/** What to ask for. */
export interface CoapRequest {
    /** CoapCode.GET, POST, PUT or DELETE */
    code: CoapCode
    options: Option[]
    payload: Buffer
    /** CON, acknowledged and repeated; or NON, sent once */
    confirmable: boolean
}

/** A request on its way. */
interface Exchange {
    messageId: number
    token: Buffer
    acknowledged: boolean
    reset: boolean
    response: CoapMessage | undefined
}

/** Bytes of a token: unpredictable, and unlikely to repeat within a session (RFC 7252 §5.3.1). */
const TOKEN_LENGTH = 4
/** Largest message read, bytes: RFC 7252 §4.6. A longer one cannot be read whole, so it is refused. */
const MAX_MESSAGE = 1152
/** Critical options that a response may carry: none of those that this client understands is critical. */
const CRITICAL: number[] = []

/**
 * A CoAP client on one datagram object. A new DTLS session means a new client: tokens and message ids never
 * match across sessions (RFC 7252 §9.1.1).
 * @devsWhenUsed
 */
export class CoapClient {
    private nextMessageId: number
    private exchanges: Exchange[] = []
    private seen: SeenIds
    private changed: Signal
    private stopping = new Cancellable()
    private listening = false
    private error: GError | undefined

    constructor(
        private services: Services,
        private base: DatagramBased,
        private parameters: CoapParameters,
    ) {
        const random = services.crypto.random(2)
        this.nextMessageId = new Reader(random, 0, 2).uint(2)
        this.seen = new SeenIds(parameters.rememberedIds)
        this.changed = services.newSignal()
    }

    /**
     * Sends a request and waits for its response, whatever its code.
     * Throws GError: TIMED_OUT when nobody answers, CONNECTION_REFUSED when the peer resets, CANCELLED, and what the base throws.
     */
    async request(request: CoapRequest, cancellable?: Cancellable): Promise<CoapMessage> {
        if (typeof request !== "object" || request === null || !(request.payload instanceof Buffer))
            throw invalidArgument("request", "newRequest() makes one")
        this.listen()
        const exchange: Exchange = {
            messageId: this.takeMessageId(),
            token: this.services.crypto.random(TOKEN_LENGTH),
            acknowledged: false,
            reset: false,
            response: undefined,
        }
        this.exchanges.push(exchange)
        try {
            return await this.exchange(exchange, request, cancellable)
        } finally {
            this.exchanges = this.exchanges.filter((other) => other !== exchange)
        }
    }

    private async exchange(
        exchange: Exchange,
        request: CoapRequest,
        cancellable: Cancellable | undefined,
    ): Promise<CoapMessage> {
        const bytes = writeCoapMessage({
            type: request.confirmable ? CoapType.CON : CoapType.NON,
            code: request.code,
            messageId: exchange.messageId,
            token: exchange.token,
            options: request.options,
            payload: request.payload,
        })
        await this.send(bytes)
        if (request.confirmable) await this.untilAcknowledged(exchange, bytes, cancellable)
        if (exchange.response === undefined)
            await this.wait(
                () => exchange.response !== undefined,
                this.parameters.responseTimeout,
                exchange,
                cancellable,
            )
        if (exchange.response === undefined) throw ioError(IOErrorEnum.TIMED_OUT, "No response came")
        return exchange.response
    }

    /** RFC 7252 §4.2: the same message again, each time after twice the time. */
    private async untilAcknowledged(
        exchange: Exchange,
        bytes: Buffer,
        cancellable: Cancellable | undefined,
    ): Promise<void> {
        const { ackTimeout, ackRandomFactor, maxRetransmit } = this.parameters
        const luck = this.services.crypto.random(1)[0] / 255
        let timeout = ackTimeout * (1 + (ackRandomFactor - 1) * luck)
        for (let attempt = 0; attempt <= maxRetransmit; attempt++) {
            if (attempt > 0) await this.send(bytes)
            const answered = () => exchange.acknowledged || exchange.response !== undefined
            if (await this.wait(answered, timeout, exchange, cancellable)) return
            timeout = timeout * 2
        }
        throw ioError(IOErrorEnum.TIMED_OUT, "The request was not acknowledged")
    }

    /** @returns false when the time is over first */
    private async wait(
        ready: () => boolean,
        timeout: number,
        exchange: Exchange,
        cancellable: Cancellable | undefined,
    ): Promise<boolean> {
        const self = this
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => ready() || exchange.reset || self.error !== undefined,
            this.services.now() + timeout,
            cancellable,
        )
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (ready()) return true
        if (exchange.reset) throw ioError(IOErrorEnum.CONNECTION_REFUSED, "The peer refused the message")
        if (this.error !== undefined) throw this.error
        return false
    }

    private takeMessageId(): number {
        const messageId = this.nextMessageId
        this.nextMessageId = (messageId + 1) & 0xffff
        return messageId
    }

    private async send(bytes: Buffer): Promise<void> {
        await this.base.sendMessages([new OutputMessage([bytes])], 0, -1)
    }

    /** Stops listening; requests under way end with CLOSED. The base stays open. */
    close(): void {
        this.fail(ioError(IOErrorEnum.CLOSED, "The CoAP client is closed"))
        this.stopping.cancel()
    }

    private fail(error: GError): void {
        this.error = this.error ?? error
        this.changed.notify()
    }

    private listen(): void {
        if (this.listening) return
        this.listening = true
        const self = this
        this.services.spawn(async () => {
            await self.run()
        })
    }

    private async run(): Promise<void> {
        const message = new InputMessage([Buffer.alloc(MAX_MESSAGE)])
        while (this.error === undefined) {
            try {
                const count = await this.base.receiveMessages([message], 0, -1, this.stopping)
                if (count === 0) return this.fail(ioError(IOErrorEnum.CLOSED, "The peer closed the session"))
                await this.takeDatagram(message)
            } catch (error) {
                return this.fail(error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "Receiving failed"))
            }
        }
    }

    private async takeDatagram(datagram: InputMessage): Promise<void> {
        const data = datagram.vectors[0] as Buffer
        const message = datagram.flags === 0 ? readCoapMessage(data, datagram.bytesReceived) : undefined
        if (message !== undefined) return await this.take(message)
        const messageId = malformedConfirmable(data, datagram.bytesReceived)
        if (messageId !== undefined) await this.send(writeCoapMessage(emptyMessage(CoapType.RST, messageId)))
    }

    private async take(message: CoapMessage): Promise<void> {
        if (message.type === CoapType.ACK || message.type === CoapType.RST) this.takeAnswer(message)
        else await this.takeMessage(message)
        this.changed.notify()
    }

    private takeAnswer(message: CoapMessage): void {
        const exchange = this.exchanges.find((candidate) => candidate.messageId === message.messageId)
        if (exchange === undefined) return
        if (message.type === CoapType.RST) exchange.reset = true
        else if (message.code === CoapCode.EMPTY) exchange.acknowledged = true
        // A piggybacked response needs the token too (RFC 7252 §5.3.2).
        else if (!equal(message.token, exchange.token)) return
        else if (hasUnknownCritical(message, CRITICAL)) exchange.reset = true
        else exchange.response = message
    }

    /** A separate response, or something nobody asked for. */
    private async takeMessage(message: CoapMessage): Promise<void> {
        const confirmable = message.type === CoapType.CON
        const now = this.services.now()
        if (this.seen.has(message.messageId, now)) {
            const reply = this.seen.replyTo(message.messageId)
            if (reply !== undefined) await this.send(writeCoapMessage(reply))
            return
        }
        const isResponse = message.code >= CoapCode.CREATED && !hasUnknownCritical(message, CRITICAL)
        const exchange = isResponse
            ? this.exchanges.find((candidate) => equal(candidate.token, message.token))
            : undefined
        if (exchange !== undefined) exchange.response = message
        // A ping, a request or a response to nobody is reset (RFC 7252 §4.2-3).
        const type = exchange === undefined ? CoapType.RST : CoapType.ACK
        const reply = confirmable ? emptyMessage(type, message.messageId) : undefined
        this.seen.add(message.messageId, reply, now)
        if (reply !== undefined) await this.send(writeCoapMessage(reply))
    }
}

/** A request without options and payload, to be filled in. */
export function newRequest(code: CoapCode): CoapRequest {
    return { code, options: [], payload: EMPTY, confirmable: true }
}
