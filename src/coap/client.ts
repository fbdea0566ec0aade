import { EMPTY, equal } from "../dtls/bytes/bytes.js"
import { NEVER } from "../dtls/flight/retransmission.js"
import { Cancellable } from "../gio/cancellable.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { GError, invalidArgument, ioError, IOErrorEnum, isIoError } from "../gio/errors.js"
import { Waited, waitUntil } from "../gio/waiting.js"
import { type Services, type Signal } from "../platform/services.js"
import { CoapCode, CoapType, isResponse } from "./code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    isCritical,
    malformedConfirmable,
    type Option,
    readCoapMessage,
    writeCoapMessage,
} from "./message.js"
import { type MessageIds, newMessageIds, takeMessageId } from "./message-ids.js"
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

/** A request on its way, or waiting for its turn. */
interface Exchange {
    /** -1 before it is sent */
    messageId: number
    token: Buffer
    acknowledged: boolean
    /** why there will be no response: the peer sent a reset, or a response that cannot be used */
    error?: GError
    response?: CoapMessage
}

/** Bytes of a token: unpredictable, and unlikely to repeat within a session (RFC 7252 §5.3.1). */
const TOKEN_LENGTH = 4
/** Largest message read, bytes: RFC 7252 §4.6. A longer one cannot be read whole, so it is refused. */
const MAX_MESSAGE = 1152

/**
 * A CoAP client on one datagram object. A new DTLS session means a new client: tokens and message ids never
 * match across sessions (RFC 7252 §9.1.1).
 * @devsWhenUsed
 */
export class CoapClient {
    private ids: MessageIds
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
        this.ids = newMessageIds(services.crypto.random(2))
        this.seen = new SeenIds(parameters.rememberedIds)
        this.changed = services.newSignal()
    }

    /**
     * Sends a request and waits for its response, whatever its code. While another one is outstanding (NSTART is 1, RFC 7252
     * §4.7) it waits for its turn.
     * Throws GError: TIMED_OUT when nobody answers, CONNECTION_REFUSED when the peer resets, NOT_SUPPORTED when the response has
     * a critical option (this client knows none), WOULD_BLOCK when 32768 messages went out within 247 s, CANCELLED, and what
     * the base throws.
     */
    async request(request: CoapRequest, cancellable?: Cancellable): Promise<CoapMessage> {
        if (typeof request !== "object" || request === null || !(request.payload instanceof Buffer))
            throw invalidArgument("request", "newRequest() makes one")
        this.listen()
        const exchange: Exchange = {
            messageId: -1,
            token: this.services.crypto.random(TOKEN_LENGTH),
            acknowledged: false,
        }
        this.exchanges.push(exchange)
        try {
            return await this.exchange(exchange, request, cancellable)
        } finally {
            this.exchanges = this.exchanges.filter((other) => other !== exchange)
            this.changed.notify()
        }
    }

    private async exchange(
        exchange: Exchange,
        request: CoapRequest,
        cancellable: Cancellable | undefined,
    ): Promise<CoapMessage> {
        const self = this
        await this.wait(() => self.isFirst(exchange), NEVER, exchange, cancellable)
        exchange.messageId = takeMessageId(this.ids, this.services.now())
        if (exchange.messageId < 0) throw ioError(IOErrorEnum.WOULD_BLOCK, "No message id is free")
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

    /** Whether no request made before is outstanding: neither acknowledged nor answered (RFC 7252 §4.7). */
    private isFirst(exchange: Exchange): boolean {
        return this.exchanges.find((other) => !other.acknowledged && other.response === undefined) === exchange
    }

    /** RFC 7252 §4.2: the same message again, each time after twice the time. */
    private async untilAcknowledged(
        exchange: Exchange,
        bytes: Buffer,
        cancellable: Cancellable | undefined,
    ): Promise<void> {
        const { ackTimeout, ackRandomFactor, maxRetransmit } = this.parameters
        const random = this.services.crypto.random(1)[0] / 255
        let timeout = ackTimeout * (1 + (ackRandomFactor - 1) * random)
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
            () => ready() || exchange.error !== undefined || self.error !== undefined,
            this.services.now() + timeout,
            cancellable,
        )
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (ready()) return true
        const error = exchange.error ?? this.error
        if (error !== undefined) throw error
        return false
    }

    /** A datagram that the network does not take just now is lost, as on any path: what has to arrive is repeated. */
    private async send(bytes: Buffer): Promise<void> {
        try {
            await this.base.sendMessages([new OutputMessage([bytes])], 0, -1)
        } catch (error) {
            const passes =
                isIoError(error, IOErrorEnum.HOST_UNREACHABLE) || isIoError(error, IOErrorEnum.NETWORK_UNREACHABLE)
            if (!passes) throw error
        }
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

    /** An acknowledgement or a reset; one that is not as it must be is ignored (RFC 7252 §4.2). */
    private takeAnswer(message: CoapMessage): void {
        const exchange = this.exchanges.find((candidate) => candidate.messageId === message.messageId)
        if (exchange === undefined) return
        if (message.code !== CoapCode.EMPTY) {
            // A piggybacked response needs the token too (RFC 7252 §5.3.2).
            if (message.type === CoapType.ACK && equal(message.token, exchange.token)) answer(exchange, message)
        } else if (message.type === CoapType.ACK) exchange.acknowledged = true
        else exchange.error = ioError(IOErrorEnum.CONNECTION_REFUSED, "The peer refused the message")
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
        const exchange = this.exchanges.find((candidate) => equal(candidate.token, message.token))
        // A ping, a request or a response to nobody is reset (RFC 7252 §4.2, §5.3.2).
        const type = exchange !== undefined && answer(exchange, message) ? CoapType.ACK : CoapType.RST
        const reply = confirmable ? emptyMessage(type, message.messageId) : undefined
        this.seen.add(message.messageId, reply, now)
        if (reply !== undefined) await this.send(writeCoapMessage(reply))
    }
}

/** Ends an exchange with a message that has its token. @returns false when it is to be rejected: no response, or not one to use */
function answer(exchange: Exchange, message: CoapMessage): boolean {
    if (!isResponse(message.code)) return false
    const critical = message.options.find(isCritical)
    if (critical === undefined) exchange.response = message
    // Rejected (RFC 7252 §5.4.1); the caller is told why, instead of waiting for what will not come.
    else exchange.error = ioError(IOErrorEnum.NOT_SUPPORTED, "The response has critical option " + critical.number)
    return critical === undefined
}

/** A request without options and payload, to be filled in. */
export function newRequest(code: CoapCode): CoapRequest {
    return { code, options: [], payload: EMPTY, confirmable: true }
}
