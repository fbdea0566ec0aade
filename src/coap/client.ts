import { EMPTY } from "../dtls/bytes/bytes.js"
import { type Cancellable } from "../gio/cancellable.js"
import { invalidArgument } from "../gio/errors.js"
import { type CoapCode, CoapType } from "./code-points.js"
import { type CoapMessage, type Option } from "./message.js"
import { type Exchange, type MessageLayer, noAnswer } from "./message-layer.js"

/** A request of a client. */
export interface CoapRequest {
    /** method: CoapCode.GET, POST, PUT, DELETE, FETCH, PATCH or IPATCH */
    code: CoapCode
    options: Option[]
    payload: Buffer
    /** true: confirmable (CON), acknowledged by the server and retransmitted; false: non-confirmable (NON), sent once */
    confirmable: boolean
    /** critical options in the response that the caller implements; undefined: none */
    understood?: number[]
}

/** Length of a token in bytes. Tokens are unpredictable, and unlikely to repeat within a session (RFC 7252 §5.3.1). */
const TOKEN_LENGTH = 4

/**
 * The client's side of a connection: sends requests and receives their responses.
 * @devsWhenUsed
 */
export class CoapClient {
    constructor(public layer: MessageLayer) {}

    /**
     * Sends a request and waits for its response, whatever its code. If another request is outstanding, waits until that one is settled.
     * Throws GError: TIMED_OUT if there is no answer, and the errors of `MessageLayer.beginExchange`.
     */
    async request(request: CoapRequest, cancellable?: Cancellable): Promise<CoapMessage> {
        const exchange = this.newExchange(request)
        try {
            return await this.responseTo(exchange, cancellable)
        } finally {
            this.layer.endExchange(exchange)
        }
    }

    /** Makes an exchange for a request, without beginning it. */
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

/** Makes a request without options and payload, for the caller to fill in. */
export function newRequest(code: CoapCode): CoapRequest {
    return { code, options: [], payload: EMPTY, confirmable: true }
}
