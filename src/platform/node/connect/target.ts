import { isIP } from "node:net"
import { COAPS_PORT, parseCoapsUri } from "../../../coap/uri.js"
import { nodeError, wrongArgument } from "./errors.js"

/** Host and port to connect to. */
export interface Target {
    host: string
    port: number
}

/** Throws ERR_DTLS_INVALID_ARGUMENT unless `port` is a whole number from `minimum` to 65535. */
export function checkPort(name: string, port: number, minimum: number): void {
    if (!Number.isInteger(port) || port < minimum || port > 65535)
        throw wrongArgument(name, `a whole number from ${minimum} to 65535`)
}

/** Throws ERR_DTLS_INVALID_ARGUMENT unless `address` is a numeric address or undefined. */
export function checkLocalAddress(address: string | undefined): void {
    if (address !== undefined && (typeof address !== "string" || isIP(address.replace(/%.*$/, "")) === 0))
        throw wrongArgument("localAddress", "a numeric address is needed")
}

/**
 * @param host a host name, an IPv4 or IPv6 address with or without brackets, or a URI without a path: coaps://HOST[:PORT]
 * @param port undefined: the port of the URI, or its default
 */
export function targetOf(host: string, port: number | undefined): Target {
    if (typeof host !== "string" || host === "") throw wrongArgument("host", "a name or an address is needed")
    const isUri = host.includes(":") && /^coaps:|:\/\//i.test(host)
    const target = isUri ? targetOfUri(host) : { host: host.replace(/^\[(.*)\]$/, "$1"), port }
    if (port !== undefined) target.port = port
    checkPort("port", target.port ?? NaN, 1)
    return { host: target.host, port: target.port ?? COAPS_PORT }
}

function targetOfUri(uri: string): { host: string; port: number | undefined } {
    try {
        const { host, port, path, query } = parseCoapsUri(uri)
        if (path.some((part) => part !== "") || query.length > 0)
            throw wrongArgument("host", "a path belongs to CoAP: coaps://HOST[:PORT] is all")
        return { host, port }
    } catch (error) {
        throw nodeError(error)
    }
}
