import { invalidArgument } from "../gio/errors.js"
import { pathText } from "./uri.js"

/**
 * An attribute of a link (RFC 6690 §2): a number such as ct=112, a text, which is written in quotes, or a name without a value such as obs.
 */
export interface LinkAttribute {
    /** letters, digits and "-" */
    name: string
    value: number | string | undefined
}

const QUOTE = 34
const BACKSLASH = 92

/** A resource as it is listed in /.well-known/core. */
export interface Link {
    /** Uri-Path options of the resource */
    path: string[]
    attributes: LinkAttribute[]
}

/**
 * Writes links in CoRE link format (RFC 6690 §2). Paths are percent-encoded and texts quoted, so that their content cannot be taken for
 * another link or attribute. Throws INVALID_ARGUMENT: argument "name" for an invalid attribute name, "value" for control characters and for
 * numbers that are negative or not whole.
 */
export function writeLinkFormat(links: Link[]): string {
    return links
        .map((link) => "<" + targetText(link.path) + ">" + link.attributes.map(attributeText).join(""))
        .join(",")
}

/**
 * Paths may contain "," and ";" (RFC 3986 §3.3), where simple parsers of this format would split. So these characters are percent-encoded,
 * too.
 */
function targetText(path: string[]): string {
    return pathText(path, "!$&'()*+=:@")
}

function attributeText(attribute: LinkAttribute): string {
    const { name, value } = attribute
    if (!isAttributeName(name)) throw invalidArgument("name", "letters, digits and -")
    if (value === undefined) return ";" + name
    if (typeof value === "string") return ";" + name + "=" + quoted(value)
    if (!(value >= 0) || Math.floor(value) !== value) throw invalidArgument("value", "a whole number from 0")
    return ";" + name + "=" + value
}

function isAttributeName(name: string): boolean {
    const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
    for (let i = 0; i < name.length; i++) if (characters.indexOf(name.charAt(i)) < 0) return false
    return name.length > 0
}

/**
 * Writes a quoted-string (RFC 7230 §3.2.6). Works on bytes, because on a device each access to a character by index walks through the
 * string.
 */
function quoted(text: string): string {
    const source = Buffer.from(text)
    const content: number[] = []
    for (let i = 0; i < source.length; i++) {
        const byte = source[i]
        if (byte < 32 || byte === 127) throw invalidArgument("value", "without control characters")
        if (byte === QUOTE || byte === BACKSLASH) content.push(BACKSLASH)
        content.push(byte)
    }
    return '"' + Buffer.from(content).toString() + '"'
}
