import { coapUriText, parseCoapsUri } from "../../src/coap/uri.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

/** Longest Uri-Path or Uri-Query option, bytes (RFC 7252 §5.10). */
const MOST_OPTION = 255

function check(text: string): void {
    const uri = parseCoapsUri(text)
    const { host, port, path, query } = uri
    promise(host.length > 0, "a URI names a host")
    promise(port >= 1 && port <= 65535, "a port is one")
    for (const part of path) promise(Buffer.from(part).length <= MOST_OPTION, "a segment fits an option")
    for (const part of query) promise(Buffer.from(part).length <= MOST_OPTION, "an argument fits an option")
    const normal = coapUriText(uri)
    promise(coapUriText(parseCoapsUri(normal)) === normal, "its normal form is one")
}

function prepare(): FuzzRun {
    return async (input) => {
        try {
            check(input.toString())
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.INVALID_ARGUMENT)) throw error
        }
    }
}

function seeds(): Buffer[] {
    const texts = [
        "coaps://gateway.example:5684/readings/t%2Fx?u=Cel&n=%c3%a9",
        "COAPS://[2001:db8::1]:1/",
        "coaps://[fe80::1%25eth0]",
        "coaps://127.0.0.1:65535?a",
    ]
    return texts.map((text) => Buffer.from(text))
}

/** URIs from users and configurations. */
export function uriTarget(): FuzzTarget {
    return { states: 1, prepare, seeds }
}
