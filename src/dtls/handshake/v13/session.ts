import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type AssociationSettings } from "../settings.js"
import { readCommon, readPeer, type Session, writeCommon, writePeer } from "../session.js"

/** The session of a ticket of DTLS 1.3 (RFC 8446 §4.6.1). */
export interface SessionV13 extends Session {
    /** server: protocol selected by ALPN; empty: none */
    protocol: string
    /** client: see NewSessionTicketV13 */
    ageAdd: number
    /** client */
    ticket: Buffer
}

/** Format of `writeSessionV13`; sessions of DTLS 1.2 have another number. */
const FORMAT_VERSION = 2

/** The result contains the key and must be protected like one. */
export function writeSessionV13(session: SessionV13): Buffer {
    const writer = new Writer(160 + session.ticket.length)
    writer.uint(FORMAT_VERSION, 1)
    writer.uint(session.suite, 2)
    writer.vector(session.secret, 1)
    writeCommon(writer, session)
    writer.vector(Buffer.from(session.protocol), 1)
    writer.uint(session.ageAdd, 4)
    writer.vector(session.ticket, 2)
    writePeer(writer, session)
    return writer.finish()
}

/** Undefined if it is not a session of DTLS 1.3, or was written by a program with another format. */
export function readSessionV13(bytes: Buffer): SessionV13 | undefined {
    const reader = new Reader(bytes, 0, bytes.length)
    if (reader.uint(1) !== FORMAT_VERSION) return undefined
    const suite = reader.uint(2)
    const common = readCommon(reader, suite, reader.vector(1))
    const session: SessionV13 = {
        ...common,
        protocol: reader.vector(1).toString(),
        ageAdd: reader.uint(4),
        ticket: reader.vector(2),
    }
    return readPeer(reader, session) ? session : undefined
}

/** The session's hash (RFC 8446 §4.2.11); undefined: its suite is no longer in the settings. */
export function hashOf(settings: AssociationSettings, session: Session): HashParameters | undefined {
    return settings.suites.find((suite) => suite.id === session.suite)?.hash
}

/** Whether a handshake with this hash can resume the session. */
export function hasItsHash(settings: AssociationSettings, hash: HashParameters, session: Session): boolean {
    return hashOf(settings, session)?.algorithm === hash.algorithm
}

/** resumption_master_secret (RFC 8446 §7.1). @param transcriptHash hash through the client's Finished */
export function resumptionSecret(main: Secret, transcriptHash: Buffer): Secret {
    return main.deriveSecret("res master", transcriptHash)
}

/** The pre-shared key of one ticket (RFC 8446 §4.6.1). */
export function ticketKey(secret: Secret, hash: HashParameters, nonce: Buffer): Buffer {
    return secret.expandLabel("resumption", nonce, hash.length)
}
