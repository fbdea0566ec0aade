import { createHash, type KeyObject, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"
import { DerTag } from "../../src/dtls/wire/der.js"

/*
 * Certificates of P-256 keys (RFC 5280), signed with ECDSA and SHA-256: what RFC 7925 §4.4 has for constrained devices. Two
 * dozen DER elements in one order are less than what a library for every certificate would bring along.
 */

/** What a certificate may be used for. */
export type CertificateUse = "authority" | "client" | "server" | "both"

/** What a certificate is to say. */
export interface CertificateRequest {
    /** common name of the subject */
    name: string
    publicKey: KeyObject
    /** host names and IP addresses for subjectAltName */
    names: string[]
    use: CertificateUse
    notBefore: Date
    notAfter: Date
}

/** Who signs. */
export interface Issuer {
    /** Name, DER */
    name: Buffer
    publicKey: KeyObject
    privateKey: KeyObject
}

const OID = {
    commonName: "550403",
    ecdsaWithSha256: "2a8648ce3d040302",
    subjectKeyIdentifier: "551d0e",
    keyUsage: "551d0f",
    subjectAltName: "551d11",
    basicConstraints: "551d13",
    authorityKeyIdentifier: "551d23",
    extKeyUsage: "551d25",
    serverAuth: "2b06010505070301",
    clientAuth: "2b06010505070302",
} as const

const UTF8_STRING = 0x0c
const CONTEXT_0 = 0x80
const CONSTRUCTED_CONTEXT_0 = 0xa0
const CONSTRUCTED_CONTEXT_3 = 0xa3
/** Choices of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/** One element (X.690 §8.1). */
function der(tag: number, ...parts: Buffer[]): Buffer {
    const content = Buffer.concat(parts)
    if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
    const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, "0"), "hex")
    return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

const sequence = (...parts: Buffer[]): Buffer => der(DerTag.sequence, ...parts)
const id = (hex: string): Buffer => der(DerTag.objectIdentifier, Buffer.from(hex, "hex"))
const bitString = (unusedBits: number, content: Buffer): Buffer =>
    der(DerTag.bitString, Buffer.from([unusedBits]), content)

/** A Name with a common name alone. */
export function nameOf(commonName: string): Buffer {
    const attribute = sequence(id(OID.commonName), der(UTF8_STRING, Buffer.from(commonName)))
    return sequence(der(DerTag.set, attribute))
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
    const text = date
        .toISOString()
        .replace(/\.\d+Z$/, "Z")
        .replace(/[-:T]/g, "")
    const isShort = date.getUTCFullYear() < 2050
    return der(isShort ? DerTag.utcTime : DerTag.generalizedTime, Buffer.from(isShort ? text.slice(2) : text))
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
    const flag = critical ? [der(DerTag.boolean, Buffer.from([0xff]))] : []
    return sequence(id(oid), ...flag, der(DerTag.octetString, value))
}

/** SHA-1 over the key's bits, as RFC 5280 §4.2.1.2 proposes: a name, no protection. */
function keyIdentifier(key: KeyObject): Buffer {
    const bits = key.export({ format: "der", type: "spki" }).subarray(26)
    return createHash("sha1").update(bits).digest()
}

/** The 16 bytes of an IPv6 address, or the 4 of an IPv4 address. */
function addressBytes(address: string): Buffer {
    if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number))
    const bare = new URL(`http://[${address}]`).hostname.slice(1, -1) // never with an IPv4 address at its end
    const [head, tail] = bare.split("::").map((half) => half.split(":").filter((group) => group !== ""))
    const missing = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill("0")
    const groups = [...head, ...missing, ...(tail ?? [])]
    return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex")
}

function generalName(name: string): Buffer {
    return isIP(name) === 0 ? der(DNS_NAME, Buffer.from(name, "ascii")) : der(IP_ADDRESS, addressBytes(name))
}

/** First byte of KeyUsage and the unused bits behind it: keyCertSign and cRLSign, or digitalSignature. */
function keyUsage(use: CertificateUse): Buffer {
    return use === "authority" ? bitString(1, Buffer.from([0x06])) : bitString(7, Buffer.from([0x80]))
}

function extensionsOf({ publicKey, names, use }: CertificateRequest, issuer: Issuer): Buffer[] {
    const isAuthority = use === "authority"
    const authority = isAuthority ? [der(DerTag.boolean, Buffer.from([0xff]))] : []
    const purposes = [
        ...(use === "server" || use === "both" ? [id(OID.serverAuth)] : []),
        ...(use === "client" || use === "both" ? [id(OID.clientAuth)] : []),
    ]
    return [
        extension(OID.basicConstraints, true, sequence(...authority)),
        extension(OID.keyUsage, true, keyUsage(use)),
        ...(isAuthority ? [] : [extension(OID.extKeyUsage, false, sequence(...purposes))]),
        ...(names.length === 0 ? [] : [extension(OID.subjectAltName, false, sequence(...names.map(generalName)))]),
        extension(OID.subjectKeyIdentifier, false, der(DerTag.octetString, keyIdentifier(publicKey))),
        extension(OID.authorityKeyIdentifier, false, sequence(der(CONTEXT_0, keyIdentifier(issuer.publicKey)))),
    ]
}

/** 127 random bits, the first of them 1, so that the encoding is positive and has its full length. */
function serialNumber(): Buffer {
    const serial = randomBytes(16)
    serial[0] = (serial[0] & 0x7f) | 0x40
    return der(DerTag.integer, serial)
}

/** @returns DER of the certificate */
export function writeCertificate(request: CertificateRequest, issuer: Issuer): Buffer {
    const algorithm = sequence(id(OID.ecdsaWithSha256))
    const tbs = sequence(
        der(CONSTRUCTED_CONTEXT_0, der(DerTag.integer, Buffer.from([2]))), // version 3
        serialNumber(),
        algorithm,
        issuer.name,
        sequence(time(request.notBefore), time(request.notAfter)),
        nameOf(request.name),
        request.publicKey.export({ format: "der", type: "spki" }),
        der(CONSTRUCTED_CONTEXT_3, sequence(...extensionsOf(request, issuer))),
    )
    return sequence(tbs, algorithm, bitString(0, sign("sha256", tbs, issuer.privateKey)))
}

/** RFC 7468. */
export function certificatePem(certificate: Buffer): string {
    const lines = certificate.toString("base64").match(/.{1,64}/g) ?? []
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")
}
