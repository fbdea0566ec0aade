import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { CertificateType } from "./code-points.js"
import { readNumbers, writeNumbers } from "./number-list.js"

/** Limit on certificates in one message, including the peer's own. */
export const MAX_CERTIFICATES = 4

/** Limit on names of authorities in a CertificateRequest. */
const MAX_AUTHORITIES = 32

/**
 * The certificates of a Certificate message (RFC 5246 §7.4.2, RFC 7250 §3); there may be none. If there are more than
 * MAX_CERTIFICATES, returns one too many. Undefined if malformed.
 */
export function readCertificates(body: Buffer, type: number): Buffer[] | undefined {
    const reader = new Reader(body, 0, body.length)
    if (type === CertificateType.rawPublicKey) return readRawPublicKey(reader)
    const list = reader.sub(3)
    const certificates: Buffer[] = []
    while (list.remaining() > 0 && !list.failed) {
        const certificate = list.vector(3)
        if (certificate.length === 0) return undefined
        certificates.push(certificate)
        if (certificates.length > MAX_CERTIFICATES) return certificates
    }
    return list.failed || !reader.done() ? undefined : certificates
}

function readRawPublicKey(reader: Reader): Buffer[] | undefined {
    const key = reader.vector(3)
    if (!reader.done()) return undefined
    return key.length === 0 ? [] : [key]
}

export function writeCertificates(type: number, certificates: Buffer[]): Buffer {
    let length = 3
    for (const certificate of certificates) length += 3 + certificate.length
    const writer = new Writer(length)
    if (type === CertificateType.rawPublicKey) {
        if (certificates.length === 0) writer.uint(0, 3)
        else writer.vector(certificates[0] as Buffer, 3)
        return writer.finish()
    }
    const opened = writer.open(3)
    for (const certificate of certificates) writer.vector(certificate, 3)
    writer.close(opened, 3)
    return writer.finish()
}

/** RFC 5246 §7.4.4. */
export interface CertificateRequest {
    /** ClientCertificateTypes */
    types: number[]
    /** SignatureSchemes, preferred first */
    schemes: number[]
    /** DistinguishedNames, DER */
    authorities: Buffer[]
}

/** Undefined if malformed. */
export function readCertificateRequest(body: Buffer): CertificateRequest | undefined {
    const reader = new Reader(body, 0, body.length)
    const types = readNumbers(reader, 1, 1)
    const schemes = readNumbers(reader, 2, 2)
    const authorities = readAuthorities(reader)
    if (types === undefined || schemes === undefined || authorities === undefined) return undefined
    return { types, schemes, authorities }
}

/** The DistinguishedNames up to the end; undefined if malformed, or more than MAX_AUTHORITIES. */
export function readAuthorities(reader: Reader): Buffer[] | undefined {
    const list = reader.sub(2)
    const authorities: Buffer[] = []
    while (list.remaining() > 0 && !list.failed) {
        if (authorities.length === MAX_AUTHORITIES) return undefined
        authorities.push(list.vector(2))
    }
    return list.failed || !reader.done() ? undefined : authorities
}

export function writeAuthorities(writer: Writer, authorities: Buffer[]): void {
    const opened = writer.open(2)
    for (const authority of authorities) writer.vector(authority, 2)
    writer.close(opened, 2)
}

export function writeCertificateRequest(request: CertificateRequest): Buffer {
    const writer = new Writer(64)
    writeNumbers(writer, request.types, 1, 1)
    writeNumbers(writer, request.schemes, 2, 2)
    writeAuthorities(writer, request.authorities)
    return writer.finish()
}

/** A signature with its SignatureScheme (RFC 5246 §4.7). */
export interface DigitallySigned {
    scheme: number
    signature: Buffer
}

export function readDigitallySigned(reader: Reader): DigitallySigned | undefined {
    const scheme = reader.uint(2)
    const signature = reader.vector(2)
    return reader.done() ? { scheme, signature } : undefined
}

export function writeDigitallySigned(writer: Writer, signed: DigitallySigned): void {
    writer.uint(signed.scheme, 2)
    writer.vector(signed.signature, 2)
}
