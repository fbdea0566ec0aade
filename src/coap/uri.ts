import { invalidArgument } from "../gio/errors.js"

/** A coaps URI taken apart (RFC 7252 §6.4). */
export interface CoapUri {
    /** without brackets */
    host: string
    port: number
    /** Uri-Path options, percent-decoded */
    path: string[]
    /** Uri-Query options, percent-decoded */
    query: string[]
}

export const COAPS_PORT = 5684
const SCHEME = "coaps://"

/** Throws INVALID_ARGUMENT (argument "uri") with what is wrong. */
export function parseCoapsUri(uri: string): CoapUri {
    if (typeof uri !== "string" || uri.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
        throw wrong("it begins with coaps://")
    if (uri.indexOf("#") >= 0) throw wrong("it has no fragment (#)")
    const rest = uri.slice(SCHEME.length)
    const slash = endAt(rest, "/")
    const authority = rest.slice(0, Math.min(slash, endAt(rest, "?")))
    const { host, port } = parseAuthority(authority)
    const question = endAt(rest, "?")
    const pathText = slash < question ? rest.slice(slash + 1, question) : ""
    const queryText = question < rest.length ? rest.slice(question + 1) : ""
    return { host, port, path: parts(pathText, "/"), query: parts(queryText, "&") }
}

/** The URI as text again, for messages to people. */
export function coapUriText(uri: CoapUri): string {
    const host = uri.host.indexOf(":") >= 0 ? "[" + uri.host + "]" : uri.host
    const query = uri.query.length === 0 ? "" : "?" + uri.query.join("&")
    return SCHEME + host + ":" + uri.port + "/" + uri.path.join("/") + query
}

function wrong(needed: string): Error {
    return invalidArgument("uri", needed + "; for example coaps://gateway.example:5684/readings")
}

function endAt(text: string, mark: string): number {
    const at = text.indexOf(mark)
    return at < 0 ? text.length : at
}

interface Authority {
    host: string
    port: number
}

function parseAuthority(authority: string): Authority {
    if (authority.indexOf("@") >= 0) throw wrong("it has no user name (@)")
    let host = authority
    let port = COAPS_PORT
    const bracket = authority.indexOf("]")
    if (authority.startsWith("[") && bracket < 0) throw wrong("an IPv6 address stands in brackets")
    const colon = authority.startsWith("[") ? authority.indexOf(":", Math.max(bracket, 0)) : authority.indexOf(":")
    if (colon >= 0) {
        host = authority.slice(0, colon)
        const digits = authority.slice(colon + 1)
        // An empty port is the usual one (RFC 7252 §6.1).
        if (digits.length > 0) port = parsePort(digits)
    }
    if (authority.startsWith("[")) {
        if (host.length !== bracket + 1) throw wrong("an IPv6 address stands in brackets")
        host = host.slice(1, bracket)
        if (host.indexOf(":") < 0) throw wrong("an IPv6 address stands in brackets, and nothing else")
    }
    if (host.length === 0) throw wrong("it names a host")
    for (let i = 0; i < host.length; i++) {
        const code = host.charCodeAt(i)
        if (code <= 32 || code === 127) throw wrong("the host has no spaces")
    }
    return { host, port }
}

function parsePort(text: string): number {
    let port = text.length > 5 ? -1 : 0
    for (let i = 0; i < text.length && port >= 0; i++) {
        const digit = text.charCodeAt(i) - 48
        port = digit >= 0 && digit <= 9 ? port * 10 + digit : -1
    }
    if (port < 1 || port > 65535) throw wrong("the port is a number from 1 to 65535")
    return port
}

function parts(text: string, separator: string): string[] {
    if (text.length === 0) return []
    return text.split(separator).map((part) => decodePart(part))
}

/** Percent-decoding (RFC 3986 §2.1), by bytes. */
function decodePart(text: string): string {
    if (text.indexOf("%") < 0) return checked(text)
    const source = Buffer.from(text)
    const bytes: number[] = []
    let i = 0
    while (i < source.length) {
        if (source[i] === 37) {
            const value = i + 2 < source.length ? hexDigit(source[i + 1]) * 16 + hexDigit(source[i + 2]) : -1
            if (value < 0) throw wrong("after % come two hex digits")
            bytes.push(value)
            i += 3
        } else {
            bytes.push(source[i])
            i++
        }
    }
    return checked(Buffer.from(bytes).toString())
}

/** An option value of path or query has at most 255 bytes (RFC 7252 §5.10). */
function checked(text: string): string {
    if (Buffer.from(text).length > 255) throw wrong("each part of path and query has at most 255 bytes")
    return text
}

/** Negative enough to stay negative for anything else. */
function hexDigit(code: number): number {
    if (code >= 48 && code <= 57) return code - 48
    if (code >= 65 && code <= 70) return code - 55
    if (code >= 97 && code <= 102) return code - 87
    return -1000
}
