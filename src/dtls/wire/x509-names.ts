import { Reader } from "../bytes/reader.js"
import { derContent, DerTag, derTag } from "./der.js"
import { type CertificateFields, findCertificateExtension } from "./x509.js"

/** Choices of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/** The names in subjectAltName of the kinds by which peers are identified. */
export interface AlternativeNames {
    dns: string[]
    /** 4 or 16 bytes each */
    ip: Buffer[]
}

/** Seconds since 1970-01-01 UTC, both inclusive (RFC 5280 §4.1.2.5). */
export interface Validity {
    notBefore: number
    notAfter: number
}

/** dNSName and iPAddress of subjectAltName; undefined if malformed. */
export function alternativeNames(fields: CertificateFields): AlternativeNames | undefined {
    const names: AlternativeNames = { dns: [], ip: [] }
    const value = findCertificateExtension(fields, Buffer.from("551d11", "hex"))
    if (value === undefined) return names
    const list = derContent(value, DerTag.sequence)
    while (!list.failed && list.remaining() > 0) {
        const tag = derTag(list)
        const name = derContent(list, tag)
        const bytes = name.bytes(name.remaining())
        if (tag === DNS_NAME) names.dns.push(bytes.toString())
        else if (tag === IP_ADDRESS) names.ip.push(bytes)
    }
    return value.done() && list.done() ? names : undefined
}

/** Undefined if malformed. */
export function readValidity(fields: CertificateFields): Validity | undefined {
    const { data, at, end } = fields.validity
    const times = new Reader(data, at, end)
    const notBefore = readTime(times)
    const notAfter = readTime(times)
    if (!times.done() || notBefore === undefined || notAfter === undefined) return undefined
    return { notBefore, notAfter }
}

/** UTCTime or GeneralizedTime, each in the only form that certificates may contain: YYMMDDHHMMSSZ, YYYYMMDDHHMMSSZ. */
function readTime(times: Reader): number | undefined {
    const short = derTag(times) === DerTag.utcTime
    const content = derContent(times, short ? DerTag.utcTime : DerTag.generalizedTime)
    let year = digits(content, short ? 2 : 4)
    if (short) year += year < 50 ? 2000 : 1900
    const month = digits(content, 2)
    const day = digits(content, 2)
    const hour = digits(content, 2)
    const minute = digits(content, 2)
    const second = digits(content, 2)
    const zulu = content.uint(1) === 0x5a
    if (!zulu || !content.done() || month < 1 || month > 12 || day < 1 || day > 31) return undefined
    if (hour > 23 || minute > 59 || second > 59) return undefined
    return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
}

function digits(reader: Reader, count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
        const digit = reader.uint(1) - 0x30
        if (digit < 0 || digit > 9) reader.failed = true
        value = value * 10 + digit
    }
    return value
}

/** Days in the Gregorian calendar. Years begin in March here, so that a leap day is the last day of its year. */
function daysSince1970(year: number, month: number, day: number): number {
    const y = month > 2 ? year : year - 1
    const m = month > 2 ? month - 3 : month + 9
    const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
    return y * 365 + leapDays + Math.floor((153 * m + 2) / 5) + day - 719469
}

/** Short names of attribute types; for others the hex digits of their OBJECT IDENTIFIER's content. */
function attributeName(type: Buffer): string {
    const known = [
        ["550403", "CN"],
        ["550405", "serialNumber"],
        ["550406", "C"],
        ["550407", "L"],
        ["550408", "ST"],
        ["55040a", "O"],
        ["55040b", "OU"],
        ["0992268993f22c640101", "UID"],
        ["0992268993f22c640119", "DC"],
        ["2a864886f70d010901", "EMAIL"],
    ]
    const hex = type.toString("hex")
    for (const pair of known) {
        if (pair[0] === hex) return pair[1]
    }
    return "oid." + hex
}

/**
 * A Name as text with the escapes of RFC 4514, in the order of its encoding, like GIO: `O=Example,CN=a`.
 * @param name DER; @returns undefined if malformed
 */
export function nameText(name: Buffer): string | undefined {
    const whole = new Reader(name, 0, name.length)
    const list = derContent(whole, DerTag.sequence)
    let text = ""
    while (!list.failed && list.remaining() > 0) {
        const set = derContent(list, DerTag.set)
        let separator = text.length > 0 ? "," : ""
        while (!set.failed && set.remaining() > 0) {
            text += separator + attributeText(set)
            separator = "+"
        }
        if (!set.done()) return undefined
    }
    return whole.done() && list.done() ? text : undefined
}

function attributeText(set: Reader): string {
    const attribute = derContent(set, DerTag.sequence)
    const type = derContent(attribute, DerTag.objectIdentifier)
    const value = derContent(attribute, derTag(attribute))
    if (!attribute.done()) set.failed = true
    return attributeName(type.bytes(type.remaining())) + "=" + escaped(value.bytes(value.remaining()).toString())
}

/** RFC 4514 §2.4. */
function escaped(value: string): string {
    let text = ""
    for (let i = 0; i < value.length; i++) {
        const c = value[i]
        const first = i === 0 && (c === "#" || c === " ")
        const last = i === value.length - 1 && c === " "
        text += first || last || '"+,;<>\\'.indexOf(c) >= 0 ? "\\" + c : c
    }
    return text
}
