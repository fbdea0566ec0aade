import { EMPTY } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type PeerCertificate } from "../handshake/question.js"
import { readCertificates, writeCertificates } from "../wire/certificate.js"
import { AlertDescription } from "../wire/code-points.js"

/** What the peer presented, and the errors found in it; empty: nothing. `readSavedPeer` reads it. */
export function writeSavedPeer(peer: PeerCertificate | undefined): Buffer {
    if (peer === undefined) return EMPTY
    const writer = new Writer(512)
    writer.uint(peer.type, 1)
    writer.uint(peer.errors, 2)
    writer.bytes(writeCertificates(peer.type, peer.certificates))
    return writer.finish()
}

/** It was accepted in the handshake: a resumed association does not ask again. */
export function readSavedPeer(saved: Buffer): PeerCertificate | undefined {
    const reader = new Reader(saved, 0, saved.length)
    const type = reader.uint(1)
    const errors = reader.uint(2)
    const certificates = reader.failed ? undefined : readCertificates(reader.bytes(reader.remaining()), type)
    return certificates === undefined ? undefined : { type, certificates, errors, alert: AlertDescription.none }
}
