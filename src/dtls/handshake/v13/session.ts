import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type AssociationSettings } from "../settings.js"
import { readCommon, readPeer, type Session, writeCommon, writePeer } from "../session.js"

/** What a ticket of DTLS 1.3 stands for (RFC 8446 §4.6.1). */
export interface SessionV13 extends Session {
    /** server: what was agreed on by ALPN; empty: nothing */
    protocol: string
    /** client: see NewSessionTicketV13 */
    ageAdd: number
    /** client */
    ticket: Buffer
}

/** Sessions in the form that `writeSessionV13` gives them; those of DTLS 1.2 have another number. */
const FORMAT_VERSION = 2

/** Holds the key: keep it as a key is kept. */
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

/** Undefined when it is none of DTLS 1.3, or of another version of this program. */
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

/** That the session goes with (RFC 8446 §4.2.11); undefined: its suite is none of the settings' any more. */
export function hashOf(settings: AssociationSettings, session: Session): HashParameters | undefined {
    return settings.suites.find((suite) => suite.id === session.suite)?.hash
}

/** Whether a handshake with this hash can go on with the session. */
export function hasItsHash(settings: AssociationSettings, hash: HashParameters, session: Session): boolean {
    return hashOf(settings, session)?.algorithm === hash.algorithm
}

/** resumption_master_secret (RFC 8446 §7.1). @param transcriptHash through the client's Finished */
export function resumptionSecret(main: Secret, transcriptHash: Buffer): Secret {
    return main.deriveSecret("res master", transcriptHash)
}

/** The pre-shared key of one ticket (RFC 8446 §4.6.1). */
export function ticketKey(secret: Secret, hash: HashParameters, nonce: Buffer): Buffer {
    return secret.expandLabel("resumption", nonce, hash.length)
}
