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

/** A message of ours that wants an acknowledgement, a response or both, and what came of it. */
export interface Exchange {
    /** its message id is chosen when it is sent */
    message: CoapMessage
    /** acknowledged, answered or reset: it is outstanding no more (RFC 7252 §4.7) */
    isSettled: boolean
    /** why there will be no response: the peer sent a reset, or a response that cannot be used */
    error?: GError
    /** the last response that came */
    response?: CoapMessage
    /** critical options of responses that whoever waits for them implements */
    understood: number[]
    /** whether a response is to be taken; undefined: each one is */
    takes?: (response: CoapMessage) => boolean
}

/** Serves requests of the peer. */
export interface RequestReceiver {
    /** @param seen keeps the reply, for repetitions of the request */
    takeRequest(request: CoapMessage, seen: Seen): void
}

/**
 * The message layer of one connection (RFC 7252 §4): it receives, keeps message ids, recognizes repetitions, acknowledges,
 * retransmits and holds to NSTART = 1. Clients and servers of the connection share it. A new DTLS session means a new
 * layer: tokens and message ids never match across sessions (RFC 7252 §9.1.1).
 * @devsWhenUsed
 */
export class MessageLayer {
    /** who serves the peer's requests; undefined: they are rejected */
    requests: RequestReceiver | undefined
    /** notified when anything has happened to an exchange */
    changed: Signal
    /** why it works no more: CLOSED by us, CONNECTION_CLOSED by the peer, or what the base threw */
    error: GError | undefined
    /** of this side's own messages; a layer that goes on with the same DTLS session takes those of the layer before it */
    ids: MessageIds
    private exchanges: Exchange[] = []
    /** what came from the peer; it goes along with the session */
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
     * Sends a message when it is its turn: while another one is outstanding (NSTART is 1, RFC 7252 §4.7) it waits. A
     * confirmable one is repeated until the exchange is settled. Responses are matched until `endExchange`.
     * Throws GError: TIMED_OUT when nobody acknowledges, CONNECTION_REFUSED when the peer resets, NOT_SUPPORTED when the
     * response has a critical option that is not understood, WOULD_BLOCK when 32768 messages went out within 247 s,
     * CANCELLED, and what the base throws.
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

    /** Takes no more responses for it, and lets the next one begin. */
    endExchange(exchange: Exchange): void {
        this.exchanges = this.exchanges.filter((other) => other !== exchange)
        this.changed.notify()
    }

    /** Whether no message before it is outstanding. */
    private isFirst(exchange: Exchange): boolean {
        return this.exchanges.find((other) => !other.isSettled) === exchange
    }

    /** A message id, or -1 when none is free (RFC 7252 §4.4). */
    takeId(): number {
        return takeMessageId(this.ids, this.services.now())
    }

    /** RFC 7252 §4.2: the same message again, each time after twice the time. */
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
     * Waits for something that has to do with an exchange; throws its error, or the layer's.
     * @param timeout ms
     * @returns false when the time is over first
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

    /** A datagram that the network does not take just now is lost, as on any path: what has to arrive is repeated. */
    async send(bytes: Buffer): Promise<void> {
        try {
            await this.base.sendMessages([new OutputMessage([bytes])], 0, -1)
        } catch (error) {
            const passes =
                isIoError(error, IOErrorEnum.HOST_UNREACHABLE) || isIoError(error, IOErrorEnum.NETWORK_UNREACHABLE)
            if (!passes) throw error
        }
    }

    /** Stops listening; exchanges under way end with CLOSED. The base stays open. */
    close(): void {
        this.fail(ioError(IOErrorEnum.CLOSED, "The CoAP session is closed"))
        this.stopping.cancel()
    }

    /** Ends all exchanges with an error. */
    fail(error: unknown): void {
        this.error = this.error ?? (error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "Receiving failed"))
        this.changed.notify()
    }

    /** Receives from now on, in a task of its own. */
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

    /** What the next datagram is received into; `WaitingMessageLayer` makes it later. */
    protected async nextDatagram(): Promise<InputMessage> {
        return new InputMessage([Buffer.alloc(this.parameters.maxMessage)])
    }

    /** A repetition of that message will be taken for a new one. */
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

    /** @param messageId of a confirmable message that is malformed (RFC 7252 §4.2); undefined: it was none */
    private async reject(messageId: number | undefined): Promise<void> {
        if (messageId !== undefined) await this.send(writeCoapMessage(emptyMessage(CoapType.RST, messageId)))
    }

    /** An acknowledgement or a reset; one that is not as it must be is ignored (RFC 7252 §4.2). */
    private takeAnswer(message: CoapMessage): void {
        const exchange = this.exchanges.find((candidate) => candidate.message.messageId === message.messageId)
        if (exchange === undefined) return
        if (message.code !== CoapCode.EMPTY) {
            // A piggybacked response needs the token too (RFC 7252 §5.3.2).
            if (message.type === CoapType.ACK && equal(message.token, exchange.message.token)) answer(exchange, message)
        } else {
            exchange.isSettled = true
            if (message.type === CoapType.RST)
                exchange.error = ioError(IOErrorEnum.CONNECTION_REFUSED, "The peer refused the message")
        }
    }

    /** A request, a separate response, or something nobody asked for. */
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
        // A ping, a request that nobody serves or a response to nobody is reset (RFC 7252 §4.2, §5.3.2).
        const type = exchange !== undefined && answer(exchange, message) ? CoapType.ACK : CoapType.RST
        if (message.type !== CoapType.CON) return
        seen.reply = writeCoapMessage(emptyMessage(type, messageId))
        await this.send(seen.reply)
    }
}

/** Gives an exchange a message that has its token. @returns false when it is to be rejected: no response, or not one to use */
function answer(exchange: Exchange, message: CoapMessage): boolean {
    if (!isResponse(message.code)) return false
    exchange.isSettled = true
    const unknown = message.options.find(
        (option) => isCritical(option) && exchange.understood.indexOf(option.number) < 0,
    )
    // Rejected (RFC 7252 §5.4.1); the caller is told why, instead of waiting for what will not come.
    if (unknown !== undefined)
        exchange.error = ioError(IOErrorEnum.NOT_SUPPORTED, "The response has critical option " + unknown.number)
    else if (exchange.takes === undefined || exchange.takes(message)) exchange.response = message
    return unknown === undefined
}

/** The peer has not acknowledged a message, or has not answered it in time. */
export function noAnswer(): GError {
    return ioError(IOErrorEnum.TIMED_OUT, "No answer came: check the peer, or ask again")
}
