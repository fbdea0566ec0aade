import { EMPTY } from "../dtls/bytes/bytes.js"
import { type Cancellable } from "../gio/cancellable.js"
import { invalidArgument } from "../gio/errors.js"
import { type CoapCode, CoapType } from "./code-points.js"
import { type CoapMessage, type Option } from "./message.js"
import { type Exchange, type MessageLayer, noAnswer } from "./message-layer.js"

/** What to ask for. */
export interface CoapRequest {
    /** CoapCode.GET, POST, PUT, DELETE, FETCH, PATCH or IPATCH */
    code: CoapCode
    options: Option[]
    payload: Buffer
    /** CON, acknowledged and repeated; or NON, sent once */
    confirmable: boolean
    /** critical options of the response that the caller implements; undefined: none */
    understood?: number[]
}

/** Bytes of a token: unpredictable, and unlikely to repeat within a session (RFC 7252 §5.3.1). */
const TOKEN_LENGTH = 4

/**
 * The client's side of a connection: requests and their responses.
 * @devsWhenUsed
 */
export class CoapClient {
    constructor(public layer: MessageLayer) {}

    /**
     * Sends a request and waits for its response, whatever its code. While another one is outstanding it waits for its turn.
     * Throws GError: TIMED_OUT when nobody answers, and what `MessageLayer.beginExchange` throws.
     */
    async request(request: CoapRequest, cancellable?: Cancellable): Promise<CoapMessage> {
        const exchange = this.newExchange(request)
        try {
            return await this.responseTo(exchange, cancellable)
        } finally {
            this.layer.endExchange(exchange)
        }
    }

    /** An exchange for a request, not begun. */
    newExchange(request: CoapRequest): Exchange {
        if (typeof request !== "object" || request === null || !(request.payload instanceof Buffer))
            throw invalidArgument("request", "newRequest() makes one")
        const { code, options, payload, confirmable, understood } = request
        return {
            message: {
                type: confirmable ? CoapType.CON : CoapType.NON,
                code,
                messageId: -1,
                token: this.layer.services.crypto.random(TOKEN_LENGTH),
                options,
                payload,
            },
            isSettled: false,
            understood: understood ?? [],
        }
    }

    /** Begins an exchange and waits for its first response. */
    async responseTo(exchange: Exchange, cancellable: Cancellable | undefined): Promise<CoapMessage> {
        const { layer } = this
        await layer.beginExchange(exchange, cancellable)
        const { responseTimeout } = layer.parameters
        await layer.wait(() => exchange.response !== undefined, responseTimeout, exchange, cancellable)
        if (exchange.response === undefined) throw noAnswer()
        return exchange.response
    }
}

/** A request without options and payload, to be filled in. */
export function newRequest(code: CoapCode): CoapRequest {
    return { code, options: [], payload: EMPTY, confirmable: true }
}
