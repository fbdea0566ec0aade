import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type AlertDescription } from "../../wire/code-points.js"
import { type RecordExtension } from "../hello-extension.js"

/** A message to be sent after the handshake. */
export interface LaterMessage {
    /** HandshakeType */
    type: number
    body: Buffer
}

/** Sends the messages of speakers. */
export interface SpeakerListener {
    /** A speaker sets it to 0 when it has a message that comes neither from a message of the peer nor from a new path. */
    quietBelow: number
}

/** An extension that may have messages for the peer after the handshake. */
export interface Speaker {
    hasMessage(): boolean
    /** The next message to send; only allowed if `hasMessage` returns true. */
    message(): LaterMessage
}

/** Connection ids of DTLS 1.3, which can be replaced during the association (RFC 9147 §9). */
export interface UpdatableIds extends RecordExtension, Speaker {
    /** undefined during the handshake */
    listener: SpeakerListener | undefined
    /** always true; connection ids of DTLS 1.2 do not have this field, and are not offered in 1.3 */
    hasUpdates: boolean
    /** Length of each id of this side, bytes; 0: it has none. */
    idLength(): number
    /** our ids that the peer may still switch to */
    given: Buffer[]
    /** A verified record carried this id of ours. */
    use(id: Buffer): void
    /** Takes a verified NewConnectionId or RequestConnectionId. @returns `none`, or the alert that ends the association */
    take(type: number, body: Buffer): AlertDescription
    /** Makes our records carry an unused id of the peer's. @returns false: there is none */
    useSpare(): boolean
    /** Writes the ids other than the two in use, for a saved association. */
    writeSpares(writer: Writer): void
    /** Reads what `writeSpares` wrote. */
    readSpares(reader: Reader): void
}
