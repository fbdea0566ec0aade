import { equal } from "../dtls/bytes/bytes.js"
import { NEVER } from "../dtls/flight/retransmission.js"
import { Cancellable } from "../gio/cancellable.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../gio/datagram-based.js"
import { GError, ioError, IOErrorEnum, isIoError } from "../gio/errors.js"
import { Waited, waitUntil } from "../gio/waiting.js"
import { type Services, type Signal } from "../platform/services.js"
import { CoapCode, CoapType, isRequest, isResponse } from "./code-points.js"
import {
    type CoapMessage,
    emptyMessage,
    isCritical,
    malformedConfirmable,
    readCoapMessage,
    writeCoapMessage,
} from "./message.js"
import { type MessageIds, newMessageIds, takeMessageId } from "./message-ids.js"
import { type CoapParameters } from "./parameters.js"
import { type Seen, SeenIds } from "./seen-ids.js"

/** A message of this side that expects an acknowledgement, a response or both, and its outcome. */
export interface Exchange {
    /** the message; its id is chosen when it is sent */
    message: CoapMessage
    /** the message was acknowledged, answered or reset, so it is no longer outstanding (RFC 7252 §4.7) */
    isSettled: boolean
    /** why there will be no response: the peer has sent a reset, or an unusable response */
    error?: GError
    /** the latest response */
    response?: CoapMessage
    /** critical options in responses that the waiting caller implements */
    understood: number[]
    /** decides whether to accept a response; undefined: every response is accepted */
    takes?: (response: CoapMessage) => boolean
}

/** Receives the peer's requests. */
export interface RequestReceiver {
    /** @param seen keeps the reply, for repetitions of the request */
    takeRequest(request: CoapMessage, seen: Seen): void
}

/**
 * The message layer of one connection (RFC 7252 §4). It receives messages, assigns message ids, detects duplicates, acknowledges,
 * retransmits, and enforces NSTART = 1. The clients and the server of a connection share it. A new DTLS session needs a new layer, because
 * tokens and message ids never match across sessions (RFC 7252 §9.1.1).
 * @devsWhenUsed
 */
export class MessageLayer {
    /** receiver of the peer's requests; undefined: requests are rejected */
    requests: RequestReceiver | undefined
    /** notified when the state of an exchange changes */
    changed: Signal
    /** the error that ended this layer: CLOSED by this side, CONNECTION_CLOSED by the peer, or an error of the base */
    error: GError | undefined
    /** message ids of this side's own messages; a layer that continues the same DTLS session takes over those of its predecessor */
    ids: MessageIds
    private exchanges: Exchange[] = []
    /** messages received from the peer; they belong to the DTLS session, too */
    seen: SeenIds
    protected stopping = new Cancellable()
    private listening = false

    constructor(
        public services: Services,
        protected base: DatagramBased,
        public parameters: CoapParameters,
    ) {
        this.ids = newMessageIds(services.crypto.random(2))
        this.seen = new SeenIds(parameters.rememberedIds)
        this.changed = services.newSignal()
    }

    /**
     * Sends a message. If another message is outstanding, waits until that one is settled (NSTART is 1, RFC 7252 §4.7). A confirmable
     * message is retransmitted until the exchange is settled. Responses are matched until `endExchange`.
     * Throws GError: TIMED_OUT if there is no acknowledgement, CONNECTION_REFUSED if the peer sends a reset, NOT_SUPPORTED if the response
     * has a critical option that is not understood, WOULD_BLOCK if 32768 messages were sent within 247 s, CANCELLED, and the errors of the
     * base.
     */
    async beginExchange(exchange: Exchange, cancellable: Cancellable | undefined): Promise<void> {
        const self = this
        const { message } = exchange
        this.listen()
        this.exchanges.push(exchange)
        await this.wait(() => self.isFirst(exchange), NEVER, exchange, cancellable)
        message.messageId = this.takeId()
        if (message.messageId < 0) throw ioError(IOErrorEnum.WOULD_BLOCK, "No message id is free")
        const bytes = writeCoapMessage(message)
        await this.send(bytes)
        if (message.type === CoapType.CON) await this.untilSettled(exchange, bytes, cancellable)
    }

    /** Stops accepting responses for the exchange, and lets the next one begin. */
    endExchange(exchange: Exchange): void {
        this.exchanges = this.exchanges.filter((other) => other !== exchange)
        this.changed.notify()
    }

    /** Whether no earlier message is outstanding. */
    private isFirst(exchange: Exchange): boolean {
        return this.exchanges.find((other) => !other.isSettled) === exchange
    }

    /** Returns a message id, or -1 if none is free (RFC 7252 §4.4). */
    takeId(): number {
        return takeMessageId(this.ids, this.services.now())
    }

    /** Retransmits the message until the exchange is settled. The timeout doubles each time (RFC 7252 §4.2). */
    private async untilSettled(exchange: Exchange, bytes: Buffer, cancellable: Cancellable | undefined): Promise<void> {
        const { ackTimeout, ackRandomFactor, maxRetransmit } = this.parameters
        const random = this.services.crypto.random(1)[0] / 255
        let timeout = ackTimeout * (1 + (ackRandomFactor - 1) * random)
        for (let attempt = 0; attempt <= maxRetransmit; attempt++) {
            if (attempt > 0) await this.send(bytes)
            if (await this.wait(() => exchange.isSettled, timeout, exchange, cancellable)) return
            timeout = timeout * 2
        }
        throw noAnswer()
    }

    /**
     * Waits for an event of an exchange. Throws the error of the exchange or of the layer.
     * @param timeout ms
     * @returns false if the timeout expires first
     */
    async wait(
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

    /** Sends a datagram. If the network cannot take it at the moment, it is lost, as on any path; important messages are retransmitted. */
    async send(bytes: Buffer): Promise<void> {
        try {
            await this.base.sendMessages([new OutputMessage([bytes])], 0, -1)
        } catch (error) {
            const passes =
                isIoError(error, IOErrorEnum.HOST_UNREACHABLE) || isIoError(error, IOErrorEnum.NETWORK_UNREACHABLE)
            if (!passes) throw error
        }
    }

    /** Stops listening. Pending exchanges fail with CLOSED. The base stays open. */
    close(): void {
        this.fail(ioError(IOErrorEnum.CLOSED, "The CoAP session is closed"))
        this.stopping.cancel()
    }

    /** Ends all exchanges with an error. */
    fail(error: unknown): void {
        this.error = this.error ?? (error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "Receiving failed"))
        this.changed.notify()
    }

    /** Starts receiving, in a background task. */
    listen(): void {
        if (this.listening) return
        this.listening = true
        const self = this
        this.services.spawn(async () => {
            await self.run()
        })
    }

    private async run(): Promise<void> {
        while (this.error === undefined) {
            try {
                await this.receive()
            } catch (error) {
                this.fail(error)
            }
        }
    }

    /** Returns the buffer for the next datagram. `WaitingMessageLayer` allocates it later. */
    protected async nextDatagram(): Promise<InputMessage> {
        return new InputMessage([Buffer.alloc(this.parameters.maxMessage)])
    }

    /** Forgets a received message, so that a repetition of it is handled as a new message. */
    forget(seen: Seen): void {
        this.seen.forgetSeen(seen)
    }

    private async receive(): Promise<void> {
        const datagram = await this.nextDatagram()
        if ((await this.base.receiveMessages([datagram], 0, -1, this.stopping)) === 0)
            throw ioError(IOErrorEnum.CONNECTION_CLOSED, "The peer closed the session")
        const data = datagram.vectors[0] as Buffer
        const message = datagram.flags === 0 ? readCoapMessage(data, datagram.bytesReceived) : undefined
        if (message === undefined) await this.reject(malformedConfirmable(data, datagram.bytesReceived))
        else if (message.type === CoapType.ACK || message.type === CoapType.RST) this.takeAnswer(message)
        else await this.takeMessage(message)
        this.changed.notify()
    }

    /**
     * Rejects a malformed message. @param messageId id of a malformed confirmable message (RFC 7252 §4.2); undefined: the message was not
     * confirmable
     */
    private async reject(messageId: number | undefined): Promise<void> {
        if (messageId !== undefined) await this.send(writeCoapMessage(emptyMessage(CoapType.RST, messageId)))
    }

    /** Handles an acknowledgement or a reset. An invalid one is ignored (RFC 7252 §4.2). */
    private takeAnswer(message: CoapMessage): void {
        const exchange = this.exchanges.find((candidate) => candidate.message.messageId === message.messageId)
        if (exchange === undefined) return
        if (message.code !== CoapCode.EMPTY) {
            // A piggybacked response must have the right token, too (RFC 7252 §5.3.2).
            if (message.type === CoapType.ACK && equal(message.token, exchange.message.token)) answer(exchange, message)
        } else {
            exchange.isSettled = true
            if (message.type === CoapType.RST)
                exchange.error = ioError(IOErrorEnum.CONNECTION_REFUSED, "The peer refused the message")
        }
    }

    /** Handles a request, a separate response, or an unexpected message. */
    private async takeMessage(message: CoapMessage): Promise<void> {
        const { messageId, code, token } = message
        const now = this.services.now()
        const known = this.seen.find(messageId, now)
        if (known !== undefined) {
            if (known.reply !== undefined) await this.send(known.reply)
            return
        }
        const seen = this.seen.add(messageId, now)
        const { requests } = this
        if (requests !== undefined && isRequest(code)) return requests.takeRequest(message, seen)
        const exchange = this.exchanges.find((candidate) => equal(candidate.message.token, token))
        // A ping, a request without a receiver, and a response without an exchange get a reset (RFC 7252 §4.2, §5.3.2).
        const type = exchange !== undefined && answer(exchange, message) ? CoapType.ACK : CoapType.RST
        if (message.type !== CoapType.CON) return
        seen.reply = writeCoapMessage(emptyMessage(type, messageId))
        await this.send(seen.reply)
    }
}

/**
 * Passes a message with a matching token to its exchange. @returns false if the message is to be rejected, because it is not a response or
 * not usable
 */
function answer(exchange: Exchange, message: CoapMessage): boolean {
    if (!isResponse(message.code)) return false
    exchange.isSettled = true
    const unknown = message.options.find(
        (option) => isCritical(option) && exchange.understood.indexOf(option.number) < 0,
    )
    // The response is rejected (RFC 7252 §5.4.1). The caller gets the reason at once, instead of waiting until the timeout.
    if (unknown !== undefined)
        exchange.error = ioError(IOErrorEnum.NOT_SUPPORTED, "The response has critical option " + unknown.number)
    else if (exchange.takes === undefined || exchange.takes(message)) exchange.response = message
    return unknown === undefined
}

/** The error for a message that the peer has not acknowledged or answered in time. */
export function noAnswer(): GError {
    return ioError(IOErrorEnum.TIMED_OUT, "No answer came: check the peer, or ask again")
}
