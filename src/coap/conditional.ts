import { EMPTY, equal } from "../dtls/bytes/bytes.js"
import { type Cancellable } from "../gio/cancellable.js"
import { type CoapClient, type CoapRequest } from "./client.js"
import { CoapCode, CoapOption } from "./code-points.js"
import { type CoapMessage, optionOf, uintOptionOf } from "./message.js"
import { type CoapAnswer } from "./server.js"

/** Default Max-Age of a response without this option, s (RFC 7252 §5.10.5). */
const DEFAULT_MAX_AGE = 60

/** Critical options that `preconditionAnswer` implements. Pass them to the server of a handler that calls it. */
export function preconditionOptions(): number[] {
    return [CoapOption.IF_MATCH, CoapOption.IF_NONE_MATCH]
}

/**
 * Checks the conditional options of a request before it is handled (RFC 7252 §5.10.6, §5.10.8). Returns 2.03 if the client already has the
 * current representation, 4.12 if a precondition does not hold, and undefined if the request is to be handled.
 * @param etag ETag of the resource's current representation; undefined: the resource does not exist
 */
export function preconditionAnswer(request: CoapMessage, etag: Buffer | undefined): CoapAnswer | undefined {
    const named = (number: number, isAnyNamed: boolean): boolean =>
        request.options.some(
            (option) =>
                option.number === number &&
                etag !== undefined &&
                (equal(option.value, etag) || (isAnyNamed && option.value.length === 0)),
        )
    const isUnmatched = optionOf(request, CoapOption.IF_MATCH) !== undefined && !named(CoapOption.IF_MATCH, true)
    const isThere = optionOf(request, CoapOption.IF_NONE_MATCH) !== undefined && etag !== undefined
    if (isUnmatched || isThere) return { code: CoapCode.PRECONDITION_FAILED, options: [], payload: EMPTY }
    if (request.code !== CoapCode.GET || etag === undefined || !named(CoapOption.ETAG, false)) return undefined
    return { code: CoapCode.VALID, options: [{ number: CoapOption.ETAG, value: etag }], payload: EMPTY }
}

/**
 * A client's cached copy of a resource. A copy that is no longer fresh (Max-Age, RFC 7252 §5.6.1) is validated by its ETag (§5.6.2), so an
 * unchanged resource is not transferred again.
 * @devsWhenUsed
 */
export class CachedResource {
    private copy: CoapMessage | undefined
    private freshUntil = 0

    /** @param request a GET request without ETag */
    constructor(private request: CoapRequest) {}

    /** Returns the fresh copy, or the server's answer. Error responses are not cached. Throws the errors of `CoapClient.request`. */
    async current(client: CoapClient, cancellable?: Cancellable): Promise<CoapMessage> {
        const { services } = client.layer
        const { copy, request } = this
        if (copy !== undefined && services.now() < this.freshUntil) return copy
        const etag = copy === undefined ? undefined : optionOf(copy, CoapOption.ETAG)
        const options = etag === undefined ? request.options : [...request.options, etag]
        const response = await client.request({ ...request, options }, cancellable)
        const isValid = response.code === CoapCode.VALID && copy !== undefined
        if (!isValid && response.code !== CoapCode.CONTENT) return response
        const current = isValid ? copy : response
        this.copy = current
        this.freshUntil = services.now() + uintOptionOf(response, CoapOption.MAX_AGE, DEFAULT_MAX_AGE) * 1000
        return current
    }
}
