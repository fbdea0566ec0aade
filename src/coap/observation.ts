import { type Cancellable } from "../gio/cancellable.js"
import { type CoapClient, type CoapRequest } from "./client.js"
import { CoapCode, CoapOption, HALF_OF_NUMBERS } from "./code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "./message.js"
import { type Exchange } from "./message-layer.js"

/** Default Max-Age of a response without this option, s (RFC 7252 §5.10.5). */
const DEFAULT_MAX_AGE = 60
/** After this time a notification counts as newer, whatever its number, ms (RFC 7641 §3.4). */
const REORDERING_TIME = 128000

/**
 * A client's observation of a resource (RFC 7641). Only the latest state counts: while no call waits, a new notification replaces the one
 * before, and a notification older than the last one is dropped. If nothing arrives for as long as the last response was fresh, the client
 * registers again.
 * @devsWhenUsed
 */
export class Observation {
    private exchange: Exchange | undefined
    /** number of the newest notification, and its time in ms */
    private newest = -1
    private newestAt = 0
    private maxAge = DEFAULT_MAX_AGE
    private observed = false

    /** @param request a GET or FETCH request without the Observe option */
    constructor(
        private client: CoapClient,
        private request: CoapRequest,
    ) {}

    /**
     * Returns the resource's next state: first the current one, then those that the server notifies. The same state may be returned twice.
     * An error response of the server is returned like any response, and the next call registers again.
     * Throws the errors of `CoapClient.request`. After `moveTo` the observation continues with another client.
     */
    async next(cancellable?: Cancellable): Promise<CoapMessage> {
        const response = (await this.notification(cancellable)) ?? (await this.register(cancellable))
        this.maxAge = uintOptionOf(response, CoapOption.MAX_AGE, DEFAULT_MAX_AGE)
        this.observed = response.code < CoapCode.BAD_REQUEST && uintOptionOf(response, CoapOption.OBSERVE, -1) >= 0
        if (response.code >= CoapCode.BAD_REQUEST) this.end()
        return response
    }

    /** Whether the server sends notifications. If not, `next` sends a new request once the last response is no longer fresh. */
    isObserved(): boolean {
        return this.observed
    }

    /**
     * Continues with a client of a new connection. The server of a new session does not know the observation, so `next` registers again.
     */
    moveTo(client: CoapClient): void {
        this.end()
        this.client = client
    }

    /** Cancels the observation (RFC 7641 §3.6). @returns the response */
    async cancel(cancellable?: Cancellable): Promise<CoapMessage> {
        const exchange = this.newExchange(1)
        this.end()
        try {
            return await this.client.responseTo(exchange, cancellable)
        } finally {
            this.client.layer.endExchange(exchange)
        }
    }

    /** Stops accepting notifications. The server learns of it by a reset, in reply to its next notification. */
    end(): void {
        const { exchange } = this
        this.exchange = undefined
        this.newest = -1
        if (exchange !== undefined) this.client.layer.endExchange(exchange)
    }

    /** Waits for a notification. Returns undefined if none arrives while the last response is fresh. */
    private async notification(cancellable: Cancellable | undefined): Promise<CoapMessage | undefined> {
        const { exchange } = this
        if (exchange === undefined) return undefined
        const { layer } = this.client
        // A random delay, so that not all clients register at the same moment (RFC 7641 §3.3.1).
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

    /** Makes an exchange with the token of the previous one, which it replaces (RFC 7641 §3.3.1). */
    private newExchange(observe: number): Exchange {
        const self = this
        const { request, exchange } = this
        const options = [...request.options, uintOption(CoapOption.OBSERVE, observe)]
        const fresh = this.client.newExchange({ ...request, options })
        if (exchange !== undefined) fresh.message.token = exchange.message.token
        if (observe === 0) fresh.takes = (response) => self.isNewer(response)
        return fresh
    }

    /** Whether a notification is newer (RFC 7641 §3.4). A response without a number is newer, too: the server has stopped notifying. */
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
