import { invalidArgument } from "../gio/errors.js"
import { utf8Text } from "./utf8.js"

/** The components of a coaps URI, as they appear in options (RFC 7252 §6.4). */
export interface CoapUri {
    /** in lower case and percent-decoded; an IPv6 address without brackets, with its zone after "%" */
    host: string
    port: number
    /** Uri-Path options, percent-decoded, without dot segments */
    path: string[]
    /** Uri-Query options, percent-decoded */
    query: string[]
}

export const COAPS_PORT = 5684
const SCHEME = "coaps://"

/**
 * Parses a coaps URI. Throws INVALID_ARGUMENT (argument "uri"), with the problem in the message. Characters beyond ASCII are accepted in
 * place of their UTF-8 escapes (RFC 3987 §3.1).
 */
export function parseCoapsUri(uri: string): CoapUri {
    if (typeof uri !== "string" || uri.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
        throw wrong("it begins with coaps://")
    if (uri.indexOf("#") >= 0) throw wrong("it has no fragment (#)")
    // No other ASCII characters are allowed in a URI (RFC 3986 §2).
    if (hasForbidden(uri, '"<>\\^`{|}')) throw wrong("spaces, quotes and control characters are percent-encoded")
    const rest = uri.slice(SCHEME.length)
    const question = endAt(rest, "?")
    const slash = Math.min(endAt(rest, "/"), question)
    const { host, port } = parseAuthority(rest.slice(0, slash))
    return {
        host,
        port,
        path: parsePath(slash < question ? rest.slice(slash + 1, question) : ""),
        query: question < rest.length ? parts(rest.slice(question + 1), "&") : [],
    }
}

/** Writes the URI (RFC 7252 §6.5), always with the port. `parseCoapsUri` returns the same components for it. */
export function coapUriText(uri: CoapUri): string {
    const query = uri.query.map((part) => percentEncoded(part, "!$'()*+,;=:@/?")).join("&")
    const mark = uri.query.length === 0 ? "" : "?"
    return SCHEME + hostText(uri.host) + ":" + uri.port + coapPathText(uri.path) + mark + query
}

/**
 * Writes Uri-Path options as the path of a URI (RFC 7252 §6.5), with "/" between segments. All characters that a segment must not contain
 * are percent-encoded, so different paths have different texts, and the text contains only printable ASCII.
 */
export function coapPathText(path: string[]): string {
    return pathText(path, "!$&'()*+,;=:@")
}

/**
 * Like `coapPathText`, but the caller chooses the characters that stay plain. @param plain ASCII characters that are not encoded, in
 * addition to unreserved characters
 */
export function pathText(path: string[], plain: string): string {
    return "/" + path.map((segment) => percentEncoded(segment, plain)).join("/")
}

function hostText(host: string): string {
    if (host.indexOf(":") < 0) return percentEncoded(host, "!$&'()*+,;=")
    const zone = endAt(host, "%")
    const rest = zone < host.length ? "%25" + percentEncoded(host.slice(zone + 1), "") : ""
    return "[" + host.slice(0, zone) + rest + "]"
}

function wrong(needed: string): Error {
    return invalidArgument("uri", needed + "; for example coaps://gateway.example:5684/readings")
}

function endAt(text: string, mark: string): number {
    const at = text.indexOf(mark)
    return at < 0 ? text.length : at
}

/**
 * Whether the text contains spaces, control characters, or one of `marks`. Works on bytes, because on a device each access to a character
 * by index walks through the string.
 */
function hasForbidden(text: string, marks: string): boolean {
    const bytes = Buffer.from(text)
    for (let i = 0; i < bytes.length; i++) if (bytes[i] <= 32 || bytes[i] === 127) return true
    for (let i = 0; i < marks.length; i++) if (text.indexOf(marks.charAt(i)) >= 0) return true
    return false
}

interface Authority {
    host: string
    port: number
}

function parseAuthority(authority: string): Authority {
    if (authority.indexOf("@") >= 0) throw wrong("it has no user name (@)")
    const isLiteral = authority.startsWith("[")
    const bracket = authority.indexOf("]")
    if (isLiteral && bracket < 0) throw wrong("an IPv6 address stands in brackets")
    const from = isLiteral ? bracket : 0
    const colon = from + endAt(authority.slice(from), ":")
    const host = authority.slice(0, colon)
    const digits = authority.slice(colon + 1)
    return {
        host: isLiteral ? parseLiteral(host) : parseName(host),
        // An empty port means the default port (RFC 7252 §6.1).
        port: digits.length === 0 ? COAPS_PORT : parsePort(digits),
    }
}

/** Parses an IPv6 address in brackets, optionally with "%25" and a zone (RFC 6874). */
function parseLiteral(literal: string): string {
    const content = literal.slice(1, literal.length - 1).toLowerCase()
    const zone = endAt(content, "%25")
    const address = content.slice(0, zone)
    let isAddress = literal.indexOf("]") === literal.length - 1 && address.indexOf(":") >= 0
    for (let i = 0; i < address.length; i++) if ("0123456789abcdef:.".indexOf(address.charAt(i)) < 0) isAddress = false
    if (!isAddress) throw wrong("an IPv6 address stands in brackets, and nothing else")
    // Zones are interface names, which are case-sensitive.
    return zone < content.length ? address + "%" + decodePart(literal.slice(zone + 4, literal.length - 1)) : address
}

function parseName(text: string): string {
    const host = decodePart(text).toLowerCase()
    if (host.length === 0) throw wrong("it names a host")
    if (hasForbidden(host, "/?#[]@:%")) throw wrong("the host is a name or an address")
    return host
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

/** Parses a path without its leading slash. Dot segments are resolved first, as in any reference (RFC 3986 §5.2.4). */
function parsePath(text: string): string[] {
    const segments: string[] = []
    const given = text.split("/")
    for (let i = 0; i < given.length; i++) {
        const dots = dotsIn(given[i] as string)
        if (dots === 2) segments.pop()
        if (dots === 0) segments.push(decodePart(given[i] as string))
        else if (i === given.length - 1) segments.push("")
    }
    // A single slash means that there are no segments (RFC 7252 §6.4, step 8).
    return segments.length === 1 && segments[0] === "" ? [] : segments
}

/** Returns 1 for ".", 2 for "..", and 0 otherwise. Percent-encoded dots count as dots (RFC 7252 §6.3). */
function dotsIn(segment: string): number {
    if (segment.length > "%2e%2e".length) return 0
    const plain = segment.toLowerCase().split("%2e").join(".")
    return plain === "." ? 1 : plain === ".." ? 2 : 0
}

function parts(text: string, separator: string): string[] {
    return text.split(separator).map((part) => decodePart(part))
}

/** Decodes percent-encoding (RFC 3986 §2.1), byte by byte. */
function decodePart(text: string): string {
    const source = Buffer.from(text)
    const bytes: number[] = []
    let i = 0
    while (i < source.length) {
        const isEscape = source[i] === 37
        const value = isEscape ? escapedByte(source, i) : source[i]
        bytes.push(value)
        i += isEscape ? 3 : 1
    }
    // The value of a Uri-Path or Uri-Query option has at most 255 bytes (RFC 7252 §5.10).
    if (bytes.length > 255) throw wrong("each part of path and query has at most 255 bytes")
    const decoded = utf8Text(Buffer.from(bytes))
    if (decoded === undefined) throw wrong("what is percent-encoded is UTF-8")
    return decoded
}

function escapedByte(source: Buffer, at: number): number {
    const value = at + 2 < source.length ? hexDigit(source[at + 1]) * 16 + hexDigit(source[at + 2]) : -1
    if (value < 0) throw wrong("after % come two hex digits")
    return value
}

/** Value of a hexadecimal digit. For any other character the result is so negative that a byte made with it stays negative. */
function hexDigit(code: number): number {
    if (code >= 48 && code <= 57) return code - 48
    if (code >= 65 && code <= 70) return code - 55
    if (code >= 97 && code <= 102) return code - 87
    return -1000
}

/** Percent-encodes all characters except unreserved ones (RFC 3986 §2.3) and those in `plain`. */
function percentEncoded(text: string, plain: string): string {
    const marks = Buffer.from("-._~" + plain)
    const source = Buffer.from(text)
    const encoded: number[] = []
    for (let i = 0; i < source.length; i++) {
        const byte = source[i]
        if (isAlphanumeric(byte) || marks.indexOf(byte) >= 0) encoded.push(byte)
        else encoded.push(37, hexCode(byte >> 4), hexCode(byte & 15))
    }
    return Buffer.from(encoded).toString()
}

function isAlphanumeric(byte: number): boolean {
    const lower = byte | 32
    return (byte >= 48 && byte <= 57) || (lower >= 97 && lower <= 122)
}

function hexCode(digit: number): number {
    return digit + (digit < 10 ? 48 : 55)
}
