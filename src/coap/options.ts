import { CoapOption } from "./code-points.js"
import { type CoapMessage, isCritical, type Option } from "./message.js"
import { utf8Text } from "./utf8.js"

/** Format of an option's value (RFC 7252 §3.2). */
enum OptionFormat {
    empty,
    opaque,
    uint,
    string,
}

/** A row of the tables in RFC 7252 §5.10 and §12.2. Lengths are in bytes. */
interface OptionDefinition {
    format: OptionFormat
    minimum: number
    maximum: number
    isRepeatable: boolean
}

function once(format: OptionFormat, minimum: number, maximum: number): OptionDefinition {
    return { format, minimum, maximum, isRepeatable: false }
}

function repeatable(format: OptionFormat, minimum: number, maximum: number): OptionDefinition {
    return { format, minimum, maximum, isRepeatable: true }
}

/**
 * The definition of an option: table 4 in RFC 7252 §5.10, and the tables of the RFCs that `CoapOption` lists. This is a function, because a
 * module-level value would be part of every image that contains this module.
 */
function definitionOf(number: number): OptionDefinition | undefined {
    switch (number) {
        case CoapOption.IF_MATCH:
            return repeatable(OptionFormat.opaque, 0, 8)
        case CoapOption.URI_HOST:
        case CoapOption.PROXY_SCHEME:
            return once(OptionFormat.string, 1, 255)
        case CoapOption.ETAG:
            return repeatable(OptionFormat.opaque, 1, 8)
        case CoapOption.IF_NONE_MATCH:
            return once(OptionFormat.empty, 0, 0)
        case CoapOption.URI_PORT:
        case CoapOption.CONTENT_FORMAT:
        case CoapOption.ACCEPT:
            return once(OptionFormat.uint, 0, 2)
        case CoapOption.LOCATION_PATH:
        case CoapOption.URI_PATH:
        case CoapOption.URI_QUERY:
        case CoapOption.LOCATION_QUERY:
            return repeatable(OptionFormat.string, 0, 255)
        case CoapOption.MAX_AGE:
        case CoapOption.SIZE1:
        case CoapOption.SIZE2:
            return once(OptionFormat.uint, 0, 4)
        case CoapOption.OBSERVE:
        case CoapOption.BLOCK1:
        case CoapOption.BLOCK2:
            return once(OptionFormat.uint, 0, 3)
        case CoapOption.NO_RESPONSE:
            return once(OptionFormat.uint, 0, 1)
        case CoapOption.ECHO:
            return once(OptionFormat.opaque, 1, 40)
        case CoapOption.REQUEST_TAG:
            return repeatable(OptionFormat.opaque, 0, 8)
        case CoapOption.PROXY_URI:
            return once(OptionFormat.string, 1, 1034)
        default:
            return undefined
    }
}

/**
 * Whether the value is valid for its option: its length is within the limits of the table (RFC 7252 §5.4.3), a string is UTF-8, and a path
 * contains no dot segment (RFC 7252 §5.10.1).
 */
function isWellFormed(option: Option, definition: OptionDefinition): boolean {
    const { length } = option.value
    if (length < definition.minimum || length > definition.maximum) return false
    if (definition.format !== OptionFormat.string) return true
    const text = utf8Text(option.value)
    return text !== undefined && (option.number !== CoapOption.URI_PATH || (text !== "." && text !== ".."))
}

/**
 * Whether the known option at `index` counts as unrecognized, because its value is malformed, or because it is repeated although it must
 * not be (RFC 7252 §5.4.5). `options` must be sorted by number, as in a decoded message.
 */
function isUnusable(options: Option[], index: number): boolean {
    const option = options[index] as Option
    const definition = definitionOf(option.number)
    if (definition === undefined) return false
    const isRepeated = index > 0 && (options[index - 1] as Option).number === option.number
    return (isRepeated && !definition.isRepeatable) || !isWellFormed(option, definition)
}

/**
 * Returns the first critical option that is unrecognized, or counts as unrecognized (RFC 7252 §5.4.1). Undefined: the message may be
 * processed.
 * @param understood critical options that the receiver implements
 */
export function unrecognizedCritical(message: CoapMessage, understood: number[]): Option | undefined {
    const { options } = message
    return options.find(
        (option, index) => isCritical(option) && (understood.indexOf(option.number) < 0 || isUnusable(options, index)),
    )
}

/**
 * Returns the options without elective ones that count as unrecognized, because these are ignored (RFC 7252 §5.4.1). Options that are not
 * in the table are kept.
 */
export function usableOptions(options: Option[]): Option[] {
    return options.filter((option, index) => isCritical(option) || !isUnusable(options, index))
}
