import { copyOf } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type Extension } from "../extensions.js"
import { readNumberList, writeNumberList } from "../number-list.js"
import { DTLS_1_3, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, SUPPORTED_VERSIONS } from "./code-points.js"

/** Client (RFC 8446 §4.2.1). @param versions preferred first */
export function offeredVersions(versions: number[]): Extension {
    return { type: SUPPORTED_VERSIONS, data: writeNumberList(versions, 1, 2) }
}

/** Whether a client's supported_versions has DTLS 1.3. */
export function offersVersion(data: Buffer): boolean {
    const reader = new Reader(data, 0, data.length)
    const list = reader.sub(1)
    let found = false
    while (list.remaining() > 1) found = list.uint(2) === DTLS_1_3 || found
    return found && reader.done() && list.done()
}

/** Server: the version chosen. */
export function selectedVersion(): Extension {
    const writer = new Writer(2)
    writer.uint(DTLS_1_3, 2)
    return { type: SUPPORTED_VERSIONS, data: writer.finish() }
}

/** @param modes PskKeyExchangeModes (RFC 8446 §4.2.9) */
export function offeredModes(modes: number[]): Extension {
    return { type: PSK_KEY_EXCHANGE_MODES, data: writeNumberList(modes, 1, 1) }
}

export function offersMode(data: Buffer | undefined, mode: number): boolean {
    const modes = data === undefined ? undefined : readNumberList(data, 1, 1)
    return modes !== undefined && modes.indexOf(mode) >= 0
}

/** One identity, and room for its binder, of zeros (RFC 8446 §4.2.11). It is the last extension of a hello. */
export function offeredPsk(identity: Buffer, binderLength: number): Extension {
    const writer = new Writer(16 + identity.length + binderLength)
    const identities = writer.open(2)
    writer.vector(identity, 2)
    // obfuscated_ticket_age: 0 for an external key
    writer.uint(0, 4)
    writer.close(identities, 2)
    const binders = writer.open(2)
    writer.vector(Buffer.alloc(binderLength), 1)
    writer.close(binders, 2)
    return { type: PRE_SHARED_KEY, data: writer.finish() }
}

/** Bytes of the list of binders, with its length: what a binder does not cover (RFC 8446 §4.2.11.2). */
export function bindersLength(binderLength: number): number {
    return 2 + 1 + binderLength
}

/** What a client offers. */
export interface OfferedPsk {
    identity: Buffer
    binder: Buffer
}

/** The first identity and its binder; undefined when malformed, or when there are not as many of the one as of the other. */
export function readOfferedPsk(data: Buffer): OfferedPsk | undefined {
    const reader = new Reader(data, 0, data.length)
    const identities = reader.sub(2)
    const identity = identities.vector(2)
    identities.uint(4)
    const binders = reader.sub(2)
    const binder = binders.vector(1)
    const wellFormed = identities.done() && binders.done() && reader.done() && identity.length > 0
    return wellFormed ? { identity, binder } : undefined
}

/** Server: the first identity was chosen. */
export function selectedPsk(): Extension {
    return { type: PRE_SHARED_KEY, data: Buffer.from([0, 0]) }
}

/** msg_type, length and the body of a ClientHello up to its binders. */
export function truncatedHello(message: Buffer, bodyAt: number, binderLength: number): Buffer {
    const writer = new Writer(message.length)
    writer.range(message, 0, 4)
    writer.bytes(copyOf(message, bodyAt, message.length - bindersLength(binderLength)))
    return writer.finish()
}
