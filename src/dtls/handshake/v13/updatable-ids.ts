import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type AlertDescription } from "../../wire/code-points.js"
import { type RecordExtension } from "../hello-extension.js"

/** A message after the handshake that waits to be sent. */
export interface LaterMessage {
    /** HandshakeType */
    type: number
    body: Buffer
}

/** An extension with something to tell the peer after the handshake, one message at a time. */
export interface Speaker {
    hasMessage(): boolean
    /** The next message to send; it may be called when `hasMessage` says so. */
    message(): LaterMessage
}

/** Connection ids of DTLS 1.3, which change while the association lasts (RFC 9147 §9). */
export interface UpdatableIds extends RecordExtension, Speaker {
    /** true: those of DTLS 1.2 have none, and are not offered in 1.3 */
    hasUpdates: boolean
    /** Bytes of each id of this side; 0: it has none. */
    idLength(): number
    /** ids of ours that the peer may still turn to */
    given: Buffer[]
    /** A verified record carries this id of ours. */
    use(id: Buffer): void
    /** Takes a verified NewConnectionId or RequestConnectionId. @returns `none`, or the alert that ends the association */
    take(type: number, body: Buffer): AlertDescription
    /** Our records go on with an id of the peer's that was not used before. @returns false: there is none */
    useSpare(): boolean
    /** What a saved association has of them, besides the two in use. */
    writeSpares(writer: Writer): void
    /** In the order of `writeSpares`. */
    readSpares(reader: Reader): void
}
