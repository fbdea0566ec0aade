import { wipe } from "../bytes/bytes.js"
import { type Reader } from "../bytes/reader.js"
import { type Writer } from "../bytes/writer.js"
import { readCertificates, writeCertificates } from "../wire/certificate.js"
import { AlertDescription } from "../wire/code-points.js"
import { type PeerCertificate, type PeerCertificateAnswer, type PresentedCertificate } from "./question.js"

/** The longest that a session is kept, ms: 7 days (RFC 8446 §4.6.1; RFC 5077 has no limit). */
export const MAX_SESSION_LIFETIME = 604800000

/** What a full handshake leaves for later ones to go on from, in either version. */
export interface Session {
    /** code point of the cipher suite */
    suite: number
    /** DTLS 1.2: the master secret, 48 bytes; DTLS 1.3: the pre-shared key of a ticket */
    secret: Buffer
    /** when the full handshake was, or a client got the ticket, ms of the clock that the program names */
    created: number
    /** from then on, ms */
    lifetime: number
    /** the client's psk_identity */
    identity: Buffer
    /** server: the host name that the client asked for (RFC 6066 §3); empty: none */
    serverName: string
    /** what the peer presented; undefined: nothing */
    peerCertificate: PresentedCertificate | undefined
}

/**
 * Where sessions are kept: a client's by a name for the server, a server's by their ids in hexadecimal. Their bytes open a
 * session as a key does.
 */
export interface SessionStore {
    /** A copy; undefined: there is none. */
    load(key: string): Buffer | undefined
    /** Copies `session`, in place of an older one. */
    save(key: string, session: Buffer): void
    remove(key: string): void
}

/** In place of a CertificateType. */
const NO_CERTIFICATE = 255

/** The fields from `created` to `serverName`. */
export function writeCommon(writer: Writer, session: Session): void {
    writer.uint(session.created, 6)
    writer.uint(session.lifetime, 5)
    writer.vector(session.identity, 2)
    writer.vector(Buffer.from(session.serverName), 1)
}

/** Those fields, of what begins with `suite` and `secret`. */
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

/** `peerCertificate`, the last field. */
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

/** A clock that was set back makes a session no younger than it was. */
export function isExpired(session: Session, now: number): boolean {
    return now < session.created || now - session.created >= session.lifetime
}

/** What the peer presented in the full handshake, with today's verdict. */
export function judgedCertificate(session: Session, answer: PeerCertificateAnswer | undefined): PeerCertificate {
    const { type, certificates } = session.peerCertificate as PresentedCertificate
    if (answer === undefined) return { type, certificates, errors: 0, alert: AlertDescription.certificateUnknown }
    return { type, certificates, errors: answer.errors ?? 0, alert: answer.alert }
}

export function wipeSession(session: Session | undefined): void {
    if (session !== undefined) wipe(session.secret)
}
