import { type LinkAttribute, writeLinkFormat } from "../../src/coap/link-format.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"

/** Limit on segments and attributes of a link made from the input. */
const MOST_PARTS = 6

/** Texts, each preceded by its length. */
function texts(reader: Reader): string[] {
    const found: string[] = []
    const count = Math.min(reader.uint(1), MOST_PARTS)
    for (let i = 0; i < count; i++) {
        const length = Math.min(reader.uint(1), reader.remaining())
        found.push(reader.bytes(length).toString())
    }
    return found
}

const COMMA = 44
const SEMICOLON = 59
const QUOTE = 34
const BACKSLASH = 92
const LESS = 60
const GREATER = 62

/**
 * The number of links or attributes that begin at a mark outside of quotes and of the target's brackets. @param mark
 * ASCII
 */
function countOutside(text: Buffer, mark: number): number {
    let count = 0
    let closing = 0
    for (let i = 0; i < text.length; i++) {
        const byte = text[i]
        if (closing === QUOTE && byte === BACKSLASH) i++
        else if (closing > 0) {
            if (byte === closing) closing = 0
        } else if (byte === QUOTE) closing = QUOTE
        else if (byte === LESS) closing = GREATER
        else if (byte === mark) count++
    }
    promise(closing === 0, "every quote and bracket is closed")
    return count
}

function check(reader: Reader): void {
    const path = texts(reader)
    const attributes: LinkAttribute[] = texts(reader).map((value) => ({ name: "title", value }))
    const last = { path: ["last"], attributes: [{ name: "ct", value: 112 }] }
    const text = Buffer.from(writeLinkFormat([{ path, attributes }, last]))
    promise(countOutside(text, COMMA) === 1, "two links stay two")
    promise(countOutside(text, SEMICOLON) === attributes.length + 1, "attributes stay as many")
}

function prepare(): FuzzRun {
    return async (input) => {
        try {
            check(new Reader(input, 0, input.length))
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.INVALID_ARGUMENT)) throw error
        }
    }
}

/** The links that a gateway lists, with parts chosen by its clients. */
export function linkFormatTarget(): FuzzTarget {
    const seed = hex`0204726561640261620203223e2c013b`
    return { states: 1, prepare, seeds: () => [seed] }
}
