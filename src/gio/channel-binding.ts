import { type Association } from "../dtls/association/association.js"
import { Reader } from "../dtls/bytes/reader.js"
import { HashAlgorithm } from "../dtls/crypto/algorithm-numbers.js"
import { derContent, DerTag } from "../dtls/wire/der.js"
import { type CertificateFields, readCertificate } from "../dtls/wire/x509.js"
import { TlsChannelBindingType } from "./enums.js"
import { ErrorDomain, GError, TlsChannelBindingError } from "./errors.js"

/**
 * Returns the data of a channel binding (RFC 5929, RFC 9266).
 * @param serverCertificate DER; empty: the server has no certificate
 */
export function channelBinding(
    association: Association | undefined,
    type: TlsChannelBindingType,
    serverCertificate: Buffer,
): Buffer {
    if (association === undefined || !association.parameters.complete)
        throw bindingError(
            TlsChannelBindingError.INVALID_STATE,
            "Handshake is not finished, no channel binding information yet",
        )
    const own = type === TlsChannelBindingType.UNIQUE || type === TlsChannelBindingType.EXPORTER
    // Without extended master secret, an attacker can give two connections the same binding (RFC 7627 §1, RFC 9266 §2).
    if (own && !association.parameters.extendedMasterSecret)
        throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "It needs a connection with extended master secret")
    if (type === TlsChannelBindingType.UNIQUE) return uniqueBinding(association.parameters.firstFinished)
    if (type === TlsChannelBindingType.EXPORTER) return exporterBinding(association)
    if (type === TlsChannelBindingType.SERVER_END_POINT) return serverEndPoint(association, serverCertificate)
    throw bindingError(TlsChannelBindingError.NOT_IMPLEMENTED, "Requested channel binding type is not implemented")
}

function uniqueBinding(firstFinished: Buffer): Buffer {
    if (firstFinished.length === 0)
        throw bindingError(
            TlsChannelBindingError.NOT_AVAILABLE,
            "DTLS 1.3 has no tls-unique (RFC 8446 appendix C.5); tls-exporter takes its place",
        )
    return Buffer.from(firstFinished)
}

/** The digest of the server's certificate, by the hash of its signature, but at least SHA-256 (RFC 5929 §4.1). */
function serverEndPoint(association: Association, certificate: Buffer): Buffer {
    const fields = readCertificate(certificate)
    if (fields === undefined) throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "The server has no certificate")
    const algorithm = signatureHash(fields)
    if (algorithm === undefined)
        throw bindingError(
            TlsChannelBindingError.NOT_AVAILABLE,
            "The signature of the certificate has no such hash here",
        )
    const hash = association.settings.crypto.newHash(algorithm)
    hash.update(certificate)
    return hash.digest()
}

/**
 * The hash for a certificate according to RFC 5929 §4.1: the one of its signature, but SHA-256 instead of MD5 and SHA-1. undefined if the
 * signature algorithm has no single hash, or one that is not supported here.
 */
function signatureHash(fields: CertificateFields): HashAlgorithm | undefined {
    const { data, at, end } = fields.signatureAlgorithm
    const id = derContent(new Reader(data, at, end), DerTag.objectIdentifier)
    const hex = id.bytes(id.remaining()).toString("hex")
    // ecdsa-with-SHA384, sha384WithRSAEncryption
    if (hex === "2a8648ce3d040303" || hex === "2a864886f70d01010c") return HashAlgorithm.sha384
    const sha256 = [
        ...["2a8648ce3d040302", "2a864886f70d01010b"], // ecdsa-with-SHA256, sha256WithRSAEncryption
        ...["2a8648ce3d0401", "2a864886f70d010105", "2a864886f70d010104"], // ecdsa-with-SHA1, SHA-1 and MD5 with RSA
    ]
    return sha256.indexOf(hex) >= 0 ? HashAlgorithm.sha256 : undefined
}

function exporterBinding(association: Association): Buffer {
    const data = association.exportKeyingMaterial("EXPORTER-Channel-Binding", Buffer.alloc(0), 32)
    if (data === undefined) throw bindingError(TlsChannelBindingError.NOT_AVAILABLE, "It needs an open connection")
    return data
}

function bindingError(code: TlsChannelBindingError, message: string): GError {
    return new GError(ErrorDomain.channelBinding, code, message)
}
