import { wipe } from "../bytes/bytes.js"
import { type Reader } from "../bytes/reader.js"
import { type Writer } from "../bytes/writer.js"
import { readCertificates, writeCertificates } from "../wire/certificate.js"
import { AlertDescription } from "../wire/code-points.js"
import { type PeerCertificate, type PeerCertificateAnswer, type PresentedCertificate } from "./question.js"

/** Longest lifetime of a session, ms: 7 days (RFC 8446 §4.6.1; RFC 5077 has no limit). */
export const MAX_SESSION_LIFETIME = 604800000

/** What a full handshake leaves to be resumed, in either version. */
export interface Session {
    /** code point of the cipher suite */
    suite: number
    /** DTLS 1.2: the master secret, 48 bytes; DTLS 1.3: the pre-shared key of a ticket */
    secret: Buffer
    /** time of the full handshake, or when a client got the ticket, ms on the program's clock */
    created: number
    /** ms, from `created` */
    lifetime: number
    /** the client's psk_identity */
    identity: Buffer
    /** server: the host name requested by the client (RFC 6066 §3); empty: none */
    serverName: string
    /** what the peer presented; undefined: nothing */
    peerCertificate: PresentedCertificate | undefined
}

/**
 * Stores sessions: a client's under a name for the server, a server's under their ids in hexadecimal. A session's bytes
 * must be protected like a key.
 */
export interface SessionStore {
    /** A copy of the session; undefined: there is none. */
    load(key: string): Buffer | undefined
    /** Copies `session`, replacing an older one. */
    save(key: string, session: Buffer): void
    remove(key: string): void
}

/** Stands in place of a CertificateType. */
const NO_CERTIFICATE = 255

/** Writes the fields from `created` to `serverName`. */
export function writeCommon(writer: Writer, session: Session): void {
    writer.uint(session.created, 6)
    writer.uint(session.lifetime, 5)
    writer.vector(session.identity, 2)
    writer.vector(Buffer.from(session.serverName), 1)
}

/** Reads those fields for a session that begins with `suite` and `secret`. */
export function readCommon(reader: Reader, suite: number, secret: Buffer): Session {
    return {
        suite,
        secret,
        created: reader.uint(6),
        lifetime: reader.uint(5),
        identity: reader.vector(2),
        serverName: reader.vector(1).toString(),
        peerCertificate: undefined,
    }
}

/** Writes `peerCertificate`, the last field. */
export function writePeer(writer: Writer, session: Session): void {
    const { peerCertificate } = session
    if (peerCertificate === undefined) return writer.uint(NO_CERTIFICATE, 1)
    writer.uint(peerCertificate.type, 1)
    writer.bytes(writeCertificates(peerCertificate.type, peerCertificate.certificates))
}

/** @returns whether the whole session was read */
export function readPeer(reader: Reader, session: Session): boolean {
    const type = reader.uint(1)
    if (reader.failed) return false
    if (type === NO_CERTIFICATE) return reader.done()
    const certificates = readCertificates(reader.bytes(reader.remaining()), type)
    if (certificates === undefined) return false
    session.peerCertificate = { type, certificates }
    return true
}

/** A clock that was set back does not make a session valid for longer. */
export function isExpired(session: Session, now: number): boolean {
    return now < session.created || now - session.created >= session.lifetime
}

/** What the peer presented in the full handshake, with the current verdict. */
export function judgedCertificate(session: Session, answer: PeerCertificateAnswer | undefined): PeerCertificate {
    const { type, certificates } = session.peerCertificate as PresentedCertificate
    if (answer === undefined) return { type, certificates, errors: 0, alert: AlertDescription.certificateUnknown }
    return { type, certificates, errors: answer.errors ?? 0, alert: answer.alert }
}

export function wipeSession(session: Session | undefined): void {
    if (session !== undefined) wipe(session.secret)
}
