import { type Cancellable } from "../gio/cancellable.js"
import { type CoapClient, type CoapRequest } from "./client.js"
import { CoapCode, CoapOption, HALF_OF_NUMBERS } from "./code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "./message.js"
import { type Exchange } from "./message-layer.js"

/** Max-Age of a response that says none, s (RFC 7252 §5.10.5). */
const DEFAULT_MAX_AGE = 60
/** Time after which a notification is newer whatever its number, ms (RFC 7641 §3.4). */
const REORDERING_TIME = 128000

/**
 * A client's interest in a resource (RFC 7641). Only its latest state counts: notifications that come while nobody waits
 * replace each other, and one that is older than the last is dropped. When nothing has come for as long as the last
 * response was fresh, the interest is registered again.
 * @devsWhenUsed
 */
export class Observation {
    private exchange: Exchange | undefined
    /** number and time of the newest notification */
    private newest = -1
    private newestAt = 0
    private maxAge = DEFAULT_MAX_AGE
    private observed = false

    /** @param request GET or FETCH, without the Observe option */
    constructor(
        private client: CoapClient,
        private request: CoapRequest,
    ) {}

    /**
     * The resource's next state: the first time its present one, then what the server notifies. A state may repeat.
     * An error code of the server is returned as any response; the next call registers anew.
     * Throws what `CoapClient.request` throws; after `moveTo` it goes on with another client.
     */
    async next(cancellable?: Cancellable): Promise<CoapMessage> {
        const response = (await this.notification(cancellable)) ?? (await this.register(cancellable))
        this.maxAge = uintOptionOf(response, CoapOption.MAX_AGE, DEFAULT_MAX_AGE)
        this.observed = response.code < CoapCode.BAD_REQUEST && uintOptionOf(response, CoapOption.OBSERVE, -1) >= 0
        if (response.code >= CoapCode.BAD_REQUEST) this.end()
        return response
    }

    /** Whether the server notifies; otherwise `next` asks again when the last response is fresh no more. */
    isObserved(): boolean {
        return this.observed
    }

    /** Goes on with a client of a new connection: the server of a new session knows of no observation. */
    moveTo(client: CoapClient): void {
        this.end()
        this.client = client
    }

    /** Takes the interest back (RFC 7641 §3.6). @returns the response */
    async cancel(cancellable?: Cancellable): Promise<CoapMessage> {
        const exchange = this.newExchange(1)
        this.end()
        try {
            return await this.client.responseTo(exchange, cancellable)
        } finally {
            this.client.layer.endExchange(exchange)
        }
    }

    /** Takes no notifications any more: the server finds out by a reset of the next one. */
    end(): void {
        const { exchange } = this
        this.exchange = undefined
        this.newest = -1
        if (exchange !== undefined) this.client.layer.endExchange(exchange)
    }

    /** Undefined: none came while the last response was fresh. */
    private async notification(cancellable: Cancellable | undefined): Promise<CoapMessage | undefined> {
        const { exchange } = this
        if (exchange === undefined) return undefined
        const { layer } = this.client
        // RFC 7641 §3.3.1: not all clients at the same moment.
        const spread = 5000 + layer.services.crypto.random(1)[0] * 40
        await layer.wait(() => exchange.response !== undefined, this.maxAge * 1000 + spread, exchange, cancellable)
        const { response } = exchange
        exchange.response = undefined
        return response
    }

    private async register(cancellable: Cancellable | undefined): Promise<CoapMessage> {
        const exchange = this.newExchange(0)
        this.end()
        this.exchange = exchange
        try {
            const response = await this.client.responseTo(exchange, cancellable)
            exchange.response = undefined
            return response
        } catch (error) {
            this.end()
            throw error
        }
    }

    /** With the token of the one before, which it replaces (RFC 7641 §3.3.1). */
    private newExchange(observe: number): Exchange {
        const self = this
        const { request, exchange } = this
        const options = [...request.options, uintOption(CoapOption.OBSERVE, observe)]
        const fresh = this.client.newExchange({ ...request, options })
        if (exchange !== undefined) fresh.message.token = exchange.message.token
        if (observe === 0) fresh.takes = (response) => self.isNewer(response)
        return fresh
    }

    /** RFC 7641 §3.4; a response without a number is newer, too: the server notifies no more. */
    private isNewer(response: CoapMessage): boolean {
        const number = uintOptionOf(response, CoapOption.OBSERVE, -1)
        const now = this.client.layer.services.now()
        const { newest } = this
        const isAhead = newest < number ? number - newest < HALF_OF_NUMBERS : newest - number > HALF_OF_NUMBERS
        if (newest >= 0 && number >= 0 && !isAhead && now <= this.newestAt + REORDERING_TIME) return false
        this.newest = number
        this.newestAt = now
        return true
    }
}
