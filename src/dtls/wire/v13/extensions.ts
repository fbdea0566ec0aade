import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type Extension } from "../extensions.js"
import { readNumberList, writeNumberList } from "../number-list.js"
import { DTLS_1_3, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, SUPPORTED_VERSIONS } from "./code-points.js"

/** Client (RFC 8446 §4.2.1). @param versions preferred first */
export function offeredVersions(versions: number[]): Extension {
    return { type: SUPPORTED_VERSIONS, data: writeNumberList(versions, 1, 2) }
}

/** Whether a client's supported_versions contains DTLS 1.3. */
export function offersVersion(data: Buffer): boolean {
    const reader = new Reader(data, 0, data.length)
    const list = reader.sub(1)
    let found = false
    while (list.remaining() > 1) found = list.uint(2) === DTLS_1_3 || found
    return found && reader.done() && list.done()
}

/** Server: the selected version. */
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

/** PskIdentity (RFC 8446 §4.2.11). */
export interface PskIdentity {
    /** an external key's identity, or a ticket */
    identity: Buffer
    /** obfuscated_ticket_age, 32 bits; 0 for an external key */
    age: number
}

/** The identities, preferred first, and zeros in place of their binders. Must be the last extension of a hello. */
export function offeredPsks(psks: PskIdentity[], binderLength: number): Extension {
    const writer = new Writer(16 + binderLength)
    const identities = writer.open(2)
    for (const psk of psks) {
        writer.vector(psk.identity, 2)
        writer.uint(psk.age, 4)
    }
    writer.close(identities, 2)
    const binders = writer.open(2)
    for (let i = 0; i < psks.length; i++) writer.vector(Buffer.alloc(binderLength), 1)
    writer.close(binders, 2)
    return { type: PRE_SHARED_KEY, data: writer.finish() }
}

/** Limit on a client's identities that are tried, because each may cost a look-up. */
export const MAX_PSKS = 4

/** A key offered by a client. */
export interface OfferedPsk extends PskIdentity {
    binder: Buffer
    /**
     * length of the list of all binders, including its length field: the part that a binder does not cover (RFC 8446
     * §4.2.11.2), bytes
     */
    bindersLength: number
}

/**
 * The first identities, with their binders; undefined if malformed, or if the numbers of identities and binders differ.
 */
export function readOfferedPsks(data: Buffer): OfferedPsk[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const identities = reader.sub(2)
    const bindersLength = reader.remaining()
    const binders = reader.sub(2)
    const psks: OfferedPsk[] = []
    let wellFormed = identities.remaining() > 0 && reader.done()
    while (wellFormed && identities.remaining() > 0) {
        const psk = {
            identity: identities.vector(2),
            age: identities.uint(4),
            binder: binders.vector(1),
            bindersLength,
        }
        if (psks.length < MAX_PSKS) psks.push(psk)
        wellFormed = psk.identity.length > 0 && !identities.failed && !binders.failed
    }
    return wellFormed && binders.done() ? psks : undefined
}

/** Server: the index of the selected identity. */
export function selectedPsk(index: number): Extension {
    return { type: PRE_SHARED_KEY, data: Buffer.from([0, index]) }
}
