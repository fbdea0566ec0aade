import { EMPTY, wipe } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { MASTER_SECRET_LENGTH } from "../../crypto/v12/key-schedule.js"
import { readCertificates, writeCertificates } from "../../wire/certificate.js"
import { AlertDescription } from "../../wire/code-points.js"
import { type PeerCertificate, type PeerCertificateAnswer, type PresentedCertificate } from "../question.js"
import { type ResumptionContext } from "../resumption.js"

/** The longest that a session is kept, ms: 7 days (RFC 8446 §4.6.1; RFC 5077 has no limit). */
export const MAX_SESSION_LIFETIME = 604800000

/**
 * What a full handshake leaves for later ones to go on from (RFC 5246 §7.3). It used extended_master_secret: no other
 * session is kept (RFC 7627 §5.3).
 */
export interface Session {
    /** code point of the cipher suite */
    suite: number
    /** the master secret, 48 bytes */
    secret: Buffer
    /** when the full handshake was, ms of the clock that the program names */
    created: number
    /** from then on, ms */
    lifetime: number
    /** the client's psk_identity */
    identity: Buffer
    /** server: the host name that the client asked for (RFC 6066 §3); empty: none */
    serverName: string
    /** what the peer presented; undefined: nothing */
    peerCertificate: PresentedCertificate | undefined
    /** client: session_id to offer, 1 to 32 bytes */
    id: Buffer
    /** client: 0 to 65535 bytes; empty: the server keeps the session by its id */
    ticket: Buffer
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

/** Sessions in the form that `writeSession` gives them. */
const FORMAT_VERSION = 1
/** In place of a CertificateType. */
const NO_CERTIFICATE = 255

/** Holds the master secret: keep it as a key is kept. */
export function writeSession(session: Session): Buffer {
    const { peerCertificate } = session
    const writer = new Writer(160 + session.ticket.length)
    writer.uint(FORMAT_VERSION, 1)
    writer.uint(session.suite, 2)
    writer.bytes(session.secret)
    writer.uint(session.created, 6)
    writer.uint(session.lifetime, 5)
    writer.vector(session.identity, 2)
    writer.vector(Buffer.from(session.serverName), 1)
    writer.vector(session.id, 1)
    writer.vector(session.ticket, 2)
    if (peerCertificate === undefined) writer.uint(NO_CERTIFICATE, 1)
    else {
        writer.uint(peerCertificate.type, 1)
        writer.bytes(writeCertificates(peerCertificate.type, peerCertificate.certificates))
    }
    return writer.finish()
}

/** Undefined when it is none, or of another version of this program. */
export function readSession(bytes: Buffer): Session | undefined {
    const reader = new Reader(bytes, 0, bytes.length)
    const version = reader.uint(1)
    const session: Session = {
        suite: reader.uint(2),
        secret: reader.bytes(MASTER_SECRET_LENGTH),
        created: reader.uint(6),
        lifetime: reader.uint(5),
        identity: reader.vector(2),
        serverName: reader.vector(1).toString(),
        id: reader.vector(1),
        ticket: reader.vector(2),
        peerCertificate: undefined,
    }
    const type = reader.uint(1)
    if (reader.failed || version !== FORMAT_VERSION) return undefined
    if (type === NO_CERTIFICATE) return reader.done() ? session : undefined
    const certificates = readCertificates(reader.bytes(reader.remaining()), type)
    if (certificates === undefined) return undefined
    session.peerCertificate = { type, certificates }
    return session
}

/** Of the handshake that has just been done. */
export function sessionOf(context: ResumptionContext, secret: Buffer, created: number, lifetime: number): Session {
    const { suite, identity, peerCertificate } = context.parameters
    return {
        suite: suite === undefined ? 0 : suite.id,
        secret,
        created,
        lifetime,
        identity,
        serverName: "",
        peerCertificate,
        id: EMPTY,
        ticket: EMPTY,
    }
}

/** A clock that was set back makes a session no younger than it was. */
export function isExpired(session: Session, now: number): boolean {
    return now < session.created || now - session.created >= session.lifetime
}

/** The handshake goes on with the session, whose master secret is wiped. */
export function enterSession(context: ResumptionContext, session: Session): void {
    const { parameters } = context
    parameters.resumed = true
    parameters.identity = session.identity
    context.transcript.forgetMessages()
    context.deriveKeys(session.secret)
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
