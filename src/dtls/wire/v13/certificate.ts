import { EMPTY } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { MAX_CERTIFICATES, readAuthorities, writeAuthorities } from "../certificate.js"
import { CertificateType, ExtensionType } from "../code-points.js"
import { type Extension, findExtension, readExtensions, writeExtensions } from "../extensions.js"
import { readNumberList, writeNumberList } from "../number-list.js"
import { CERTIFICATE_AUTHORITIES } from "./code-points.js"

/** A Certificate message of DTLS 1.3 (RFC 8446 §4.4.2). */
export interface CertificateMessage {
    /** certificate_request_context */
    context: Buffer
    /** x509: DER, the end-entity certificate first; rawPublicKey: one SubjectPublicKeyInfo; empty: none is presented */
    certificates: Buffer[]
    /** some certificate has an extension */
    hasExtensions: boolean
}

/** @param type CertificateType. @returns undefined if malformed; at most one certificate more than MAX_CERTIFICATES */
export function readCertificateMessage(body: Buffer, type: number): CertificateMessage | undefined {
    const reader = new Reader(body, 0, body.length)
    const context = reader.vector(1)
    const list = reader.sub(3)
    const isRawKey = type === CertificateType.rawPublicKey
    const certificates: Buffer[] = []
    let hasExtensions = false
    while (list.remaining() > 0 && !list.failed) {
        const certificate = list.vector(3)
        if (list.vector(2).length > 0) hasExtensions = true
        // RFC 8446 §4.4.2: there is only one raw public key.
        if (certificate.length === 0 || (isRawKey && certificates.length > 0)) return undefined
        certificates.push(certificate)
        if (certificates.length > MAX_CERTIFICATES) return { context, certificates, hasExtensions }
    }
    return list.failed || !reader.done() ? undefined : { context, certificates, hasExtensions }
}

/** @param context of the CertificateRequest being answered; a server's is empty */
export function writeCertificateMessage(context: Buffer, certificates: Buffer[]): Buffer {
    let length = 4 + context.length
    for (const certificate of certificates) length += 5 + certificate.length
    const writer = new Writer(length)
    writer.vector(context, 1)
    const list = writer.open(3)
    for (const certificate of certificates) {
        writer.vector(certificate, 3)
        writer.vector(EMPTY, 2)
    }
    writer.close(list, 3)
    return writer.finish()
}

/** A CertificateRequest of DTLS 1.3 (RFC 8446 §4.3.2), only the fields that are used. */
export interface CertificateRequestMessage {
    /** certificate_request_context */
    context: Buffer
    /** SignatureSchemes, preferred first; undefined: the extension is missing */
    schemes: number[] | undefined
    /** DistinguishedNames, DER; empty: any authority */
    authorities: Buffer[]
}

/** Undefined if malformed. */
export function readCertificateRequestMessage(body: Buffer): CertificateRequestMessage | undefined {
    const reader = new Reader(body, 0, body.length)
    const context = reader.vector(1)
    const extensions = readExtensions(reader)
    if (extensions === undefined) return undefined
    const algorithms = findExtension(extensions, ExtensionType.signatureAlgorithms)
    const schemes = algorithms === undefined ? undefined : readNumberList(algorithms, 2, 2)
    const authorities = authoritiesIn(extensions)
    if ((algorithms !== undefined && schemes === undefined) || authorities === undefined) return undefined
    return { context, schemes, authorities }
}

/** @param schemes of signature_algorithms; @param authorities empty: any */
export function writeCertificateRequestMessage(schemes: number[], authorities: Buffer[]): Buffer {
    const extensions: Extension[] = [{ type: ExtensionType.signatureAlgorithms, data: writeNumberList(schemes, 2, 2) }]
    if (authorities.length > 0) {
        const names = new Writer(64)
        writeAuthorities(names, authorities)
        extensions.push({ type: CERTIFICATE_AUTHORITIES, data: names.finish() })
    }
    const writer = new Writer(64)
    writer.vector(EMPTY, 1)
    writeExtensions(writer, extensions)
    return writer.finish()
}

/** certificate_authorities (RFC 8446 §4.2.4); without it any authority is acceptable. Undefined if malformed. */
function authoritiesIn(extensions: Extension[]): Buffer[] | undefined {
    const data = findExtension(extensions, CERTIFICATE_AUTHORITIES)
    const any: Buffer[] = []
    if (data === undefined) return any
    const authorities = readAuthorities(new Reader(data, 0, data.length))
    // In DTLS 1.3 the list must not be empty.
    return authorities === undefined || authorities.length === 0 ? undefined : authorities
}
