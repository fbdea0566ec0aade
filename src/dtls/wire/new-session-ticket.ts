import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"

/** RFC 5077 §3.3. */
export interface NewSessionTicket {
    /** how long the server will accept the ticket, s; 0: unspecified */
    lifetimeHint: number
    /** 0 to 65535 bytes; empty: the server issues no ticket after all */
    ticket: Buffer
}

/** Undefined if malformed. */
export function readNewSessionTicket(body: Buffer): NewSessionTicket | undefined {
    const reader = new Reader(body, 0, body.length)
    const lifetimeHint = reader.uint(4)
    const ticket = reader.vector(2)
    return reader.done() ? { lifetimeHint, ticket } : undefined
}

export function writeNewSessionTicket(message: NewSessionTicket): Buffer {
    const writer = new Writer(6 + message.ticket.length)
    writer.uint(message.lifetimeHint, 4)
    writer.vector(message.ticket, 2)
    return writer.finish()
}
