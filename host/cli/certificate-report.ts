import { createHash } from "node:crypto"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { type TlsCertificate } from "../../src/gio/tls-certificate.js"
import { verdictText } from "../../src/platform/node/failure-text.js"
import { type Reporter } from "./reporter.js"

/**
 * Reports what the peer presented, its chain, and the verdict; nothing if it presented nothing. @param peer its name in
 * events
 */
export function reportCertificate(reporter: Reporter, connection: DtlsConnection, peer: string): void {
    const publicKey = connection.getPeerPublicKey()
    if (publicKey === undefined) return
    const certificate = connection.getPeerCertificate()
    const chain = certificate === undefined ? [] : chainOf(certificate)
    const verdict = verdictText(connection.getPeerCertificateErrors())
    const publicKeySha256 = sha256(publicKey)
    if (reporter.json) {
        const described = chain.map(certificateEvent)
        reporter.event("", { event: "certificate", peer, chain: described, publicKeySha256, verdict })
        return
    }
    if (chain.length === 0) reporter.note(`${peer}: raw public key, SHA-256 ${publicKeySha256}`)
    for (const [index, entry] of chain.entries())
        reporter.note(`${peer}: certificate ${index + 1} of ${chain.length}: ${certificateLine(entry)}`)
    reporter.note(`${peer}: verdict: ${verdict}`)
}

function chainOf(certificate: TlsCertificate): TlsCertificate[] {
    const issuer = certificate.getIssuer()
    return issuer === undefined ? [certificate] : [certificate, ...chainOf(issuer)]
}

function certificateLine(certificate: TlsCertificate): string {
    const { subject, issuer, names, notBefore, notAfter } = certificateEvent(certificate)
    const known = names.length === 0 ? "" : ` for ${names.join(", ")}`
    return `${subject}${known}, issued by ${issuer}, valid from ${notBefore} to ${notAfter}`
}

/** Names as in the certificate; control characters are escaped when printed. */
function certificateEvent(certificate: TlsCertificate): {
    subject: string
    issuer: string
    names: string[]
    notBefore: string
    notAfter: string
    sha256: string
} {
    return {
        subject: certificate.getSubjectName() ?? "?",
        issuer: certificate.getIssuerName() ?? "?",
        names: [...certificate.getDnsNames(), ...certificate.getIpAddresses().map(addressText)],
        notBefore: timeText(certificate.getNotValidBefore()),
        notAfter: timeText(certificate.getNotValidAfter()),
        sha256: sha256(certificate.certificate),
    }
}

/** Formats an address of 4 or 16 bytes. */
function addressText(address: Buffer): string {
    if (address.length === 4) return address.join(".")
    return (address.toString("hex").match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, "")).join(":")
}

function timeText(seconds: number | undefined): string {
    return seconds === undefined ? "?" : new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z")
}

function sha256(data: Buffer): string {
    return createHash("sha256").update(data).digest("hex")
}
