import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { readExtensions } from "../extensions.js"

/** NewSessionTicket of DTLS 1.3 (RFC 8446 §4.6.1). Its extensions are ignored. */
export interface NewSessionTicketV13 {
    /** s */
    lifetime: number
    /** added to the ticket's age to obfuscate it, 32 bits */
    ageAdd: number
    /** 0 to 255 bytes */
    nonce: Buffer
    /** 1 to 65535 bytes */
    ticket: Buffer
}

export function writeNewSessionTicketV13(message: NewSessionTicketV13): Buffer {
    const writer = new Writer(32 + message.ticket.length)
    writer.uint(message.lifetime, 4)
    writer.uint(message.ageAdd, 4)
    writer.vector(message.nonce, 1)
    writer.vector(message.ticket, 2)
    writer.uint(0, 2)
    return writer.finish()
}

/** Undefined if malformed. */
export function readNewSessionTicketV13(body: Buffer): NewSessionTicketV13 | undefined {
    const reader = new Reader(body, 0, body.length)
    const message = {
        lifetime: reader.uint(4),
        ageAdd: reader.uint(4),
        nonce: reader.vector(1),
        ticket: reader.vector(2),
    }
    const isWhole = reader.remaining() > 0 && readExtensions(reader) !== undefined && reader.done()
    return isWhole && message.ticket.length > 0 ? message : undefined
}
