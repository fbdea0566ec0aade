import { type CoapRequest, newRequest } from "../coap/client.js"
import { CoapCode, CoapOption } from "../coap/code-points.js"
import { textOption, uintOption } from "../coap/message.js"
import { type CoapUri } from "../coap/uri.js"
import { type PayloadFormat } from "./payload.js"
import { type Sample } from "./reading.js"

/** The request that posts a sample to `target`. Throws the format's errors. */
export function sampleRequest(target: CoapUri, format: PayloadFormat, sample: Sample): CoapRequest {
    const request = newRequest(CoapCode.POST)
    const { options } = request
    // A server may have several names. If the host is an address, the option would only repeat the socket's address
    // (RFC 7252 §6.4).
    if (isName(target.host)) options.push(textOption(CoapOption.URI_HOST, target.host))
    for (const part of target.path) options.push(textOption(CoapOption.URI_PATH, part))
    options.push(uintOption(CoapOption.CONTENT_FORMAT, format.contentFormat))
    for (const part of target.query) options.push(textOption(CoapOption.URI_QUERY, part))
    request.payload = format.write(sample)
    return request
}

/**
 * Whether a host is a name rather than an IPv4 or IPv6 address: names do not end in a digit (RFC 3696 §2), and IPv6
 * addresses contain colons.
 */
function isName(host: string): boolean {
    const last = host.charCodeAt(host.length - 1)
    return host.indexOf(":") < 0 && (last < 48 || last > 57)
}
