import { EMPTY } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { MASTER_SECRET_LENGTH } from "../../crypto/v12/key-schedule.js"
import { type ResumptionContext } from "../resumption.js"
import { readCommon, readPeer, type Session, writeCommon, writePeer } from "../session.js"

/**
 * What a full handshake leaves to be resumed (RFC 5246 §7.3). It used extended_master_secret; other sessions are not
 * kept (RFC 7627 §5.3).
 */
export interface SessionV12 extends Session {
    /** client: session_id to offer, 1 to 32 bytes */
    id: Buffer
    /** client: 0 to 65535 bytes; empty: the session is resumed by its id */
    ticket: Buffer
}

/** Format of `writeSession`; sessions of DTLS 1.3 have another number. */
const FORMAT_VERSION = 1

/** The result contains the master secret and must be protected like a key. */
export function writeSession(session: SessionV12): Buffer {
    const writer = new Writer(160 + session.ticket.length)
    writer.uint(FORMAT_VERSION, 1)
    writer.uint(session.suite, 2)
    writer.bytes(session.secret)
    writeCommon(writer, session)
    writer.vector(session.id, 1)
    writer.vector(session.ticket, 2)
    writePeer(writer, session)
    return writer.finish()
}

/** Undefined if it is not a session of DTLS 1.2, or was written by a program with another format. */
export function readSession(bytes: Buffer): SessionV12 | undefined {
    const reader = new Reader(bytes, 0, bytes.length)
    if (reader.uint(1) !== FORMAT_VERSION) return undefined
    const suite = reader.uint(2)
    const common = readCommon(reader, suite, reader.bytes(MASTER_SECRET_LENGTH))
    const session: SessionV12 = { ...common, id: reader.vector(1), ticket: reader.vector(2) }
    return readPeer(reader, session) ? session : undefined
}

/** The session of a handshake that is done. */
export function sessionOf(context: ResumptionContext, secret: Buffer, created: number, lifetime: number): SessionV12 {
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

/** The handshake continues with the session, whose master secret is wiped. */
export function enterSession(context: ResumptionContext, session: Session): void {
    const { parameters } = context
    parameters.resumed = true
    parameters.identity = session.identity
    context.transcript.forgetMessages()
    context.deriveKeys(session.secret)
}
