import { EMPTY, equal } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { AlertDescription } from "../../wire/code-points.js"
import { NEW_CONNECTION_ID, REQUEST_CONNECTION_ID } from "../../wire/v13/code-points.js"
import {
    CID_IMMEDIATE,
    CID_SPARE,
    readNewConnectionId,
    writeNewConnectionId,
} from "../../wire/v13/connection-id-messages.js"
import { ConnectionIds } from "../connection-ids.js"
import { type HelloExtension } from "../hello-extension.js"
import { type LaterMessage, type SpeakerListener, type UpdatableIds } from "./updatable-ids.js"

/** Limit on ids of each side kept beside the one in use; beyond it they are neither stored nor given out. */
export const MAX_SPARES = 4
/** Attempts to find unused ids. Collisions are frequent only if nearly all are in use. */
const MAX_DRAWS = 16

/** Flag bits in a saved association. */
const MAY_ASK = 1
const ASKED = 2
const RENEWING = 4

/**
 * Connection ids that can be replaced (RFC 9147 §9): each side may give the other one spare ids or ask for some, so
 * that records on a new path carry an id that nobody has seen on the old one.
 * @devsWhenUsed
 */
export class ConnectionIdsV13 extends ConnectionIds implements UpdatableIds {
    hasUpdates = true
    listener: SpeakerListener | undefined = undefined
    /** the peer's spare ids, in the order in which it gave them */
    private spares: Buffer[] = []
    /** our ids that the peer has not used yet, in the same order */
    given: Buffer[] = []
    /** our id before `local`; late records may carry it */
    private former = EMPTY
    /** number of ids that the peer asked for; -1: it was answered */
    private requested = -1
    /** the peer is to be given a new id for immediate use */
    private renewing = false
    /**
     * spares may be asked for when there are fewer than wanted; once asked, not again before one was used, whatever the
     * peer gave
     */
    private mayAsk: boolean
    /** a RequestConnectionId has not been answered yet */
    private asked = false

    /**
     * @param local the id in the peer's records, 0 to 255 bytes; empty: this side needs none
     * @param wanted number of the peer's spare ids to keep, 0 to MAX_SPARES
     */
    constructor(
        private crypto: CryptoProvider,
        local: Buffer,
        private wanted: number,
    ) {
        super(local)
        this.mayAsk = wanted > 0
    }

    idLength(): number {
        return this.local.length
    }

    use(id: Buffer): void {
        const { given } = this
        if (equal(id, this.local)) return
        for (let i = 0; i < given.length; i++) {
            if (equal(id, given[i])) return this.advance(i)
        }
    }

    /**
     * Ids are used in the order in which they were given (RFC 9147 §9), so those before this one are no longer needed.
     */
    private advance(index: number): void {
        const { given } = this
        this.release(this.former)
        for (let i = 0; i < index; i++) this.release(given[i])
        this.former = this.local
        this.local = given[index]
        this.given = given.slice(index + 1)
    }

    private release(id: Buffer): void {
        const { registry } = this
        if (registry !== undefined && id.length > 0) registry.release(id)
    }

    take(type: number, body: Buffer): AlertDescription {
        return type === REQUEST_CONNECTION_ID ? this.takeRequest(body) : this.takeNew(body)
    }

    private takeRequest(body: Buffer): AlertDescription {
        // A peer that sends no ids has none to ask for.
        if (!this.agreed || this.local.length === 0) return AlertDescription.unexpectedMessage
        if (body.length !== 1) return AlertDescription.decodeError
        this.requested = body[0]
        return AlertDescription.none
    }

    private takeNew(body: Buffer): AlertDescription {
        if (!this.agreed || this.remote.length === 0) return AlertDescription.unexpectedMessage
        const message = readNewConnectionId(body, 2 * MAX_SPARES)
        if (message === undefined) return AlertDescription.decodeError
        const { ids, usage } = message
        if (usage > CID_SPARE || (usage === CID_IMMEDIATE && ids.length === 0)) return AlertDescription.illegalParameter
        if (usage === CID_IMMEDIATE) {
            // The old ids, including spares, must not be used any more.
            this.remote = ids[0]
            this.spares = []
            ids.shift()
        }
        this.keepSpares(ids)
        return AlertDescription.none
    }

    private keepSpares(ids: Buffer[]): void {
        this.asked = false
        for (const id of ids) {
            if (this.spares.length < MAX_SPARES) this.spares.push(id)
        }
    }

    useSpare(): boolean {
        const next = this.spares.shift()
        if (next === undefined) return false
        this.remote = next
        this.mayAsk = this.wanted > 0
        return true
    }

    /** Number of the peer's ids that are left. */
    spareCount(): number {
        return this.spares.length
    }

    /** Number of our ids that the peer may still switch to. */
    givenCount(): number {
        return this.given.length
    }

    /** Makes the peer use a new id at once; the next message tells it. */
    renew(): void {
        if (!this.agreed || this.local.length === 0) return
        this.renewing = true
        if (this.listener !== undefined) this.listener.quietBelow = 0
    }

    hasMessage(): boolean {
        if (this.requested >= 0 || this.renewing) return true
        return this.mayAsk && !this.asked && this.agreed && this.remote.length > 0 && this.spares.length < this.wanted
    }

    message(): LaterMessage {
        if (this.renewing) return this.renewal()
        if (this.requested >= 0) return this.answerToRequest()
        this.mayAsk = false
        this.asked = true
        return { type: REQUEST_CONNECTION_ID, body: Buffer.from([this.wanted - this.spares.length]) }
    }

    /**
     * Ids given earlier stay valid until the new one is used, because the peer may have switched to one of them
     * unnoticed. If no unused id is found the old one stays in use: a message without ids changes nothing.
     */
    private renewal(): LaterMessage {
        this.renewing = false
        const ids = this.draw(this.given.length > MAX_SPARES ? 0 : 1)
        return idMessage(ids, ids.length === 0 ? CID_SPARE : CID_IMMEDIATE)
    }

    /** Gives as many ids as were asked for, up to the limit (RFC 9147 §9). */
    private answerToRequest(): LaterMessage {
        const count = Math.min(this.requested, Math.max(0, MAX_SPARES - this.given.length))
        this.requested = -1
        return idMessage(this.draw(count), CID_SPARE)
    }

    writeSpares(writer: Writer): void {
        writer.uint((this.mayAsk ? MAY_ASK : 0) | (this.asked ? ASKED : 0) | (this.renewing ? RENEWING : 0), 1)
        writer.uint(this.requested + 1, 2)
        writer.vector(this.former, 1)
        writeIds(writer, this.spares)
        writeIds(writer, this.given)
    }

    readSpares(reader: Reader): void {
        const flags = reader.uint(1)
        this.mayAsk = (flags & MAY_ASK) !== 0
        this.asked = (flags & ASKED) !== 0
        this.renewing = (flags & RENEWING) !== 0
        this.requested = reader.uint(2) - 1
        this.former = reader.vector(1)
        this.spares = readIds(reader)
        this.given = readIds(reader)
    }

    override allIds(): Buffer[] {
        const ids = [this.local, ...this.given]
        if (this.former.length > 0) ids.push(this.former)
        return ids
    }

    private draw(count: number): Buffer[] {
        const ids: Buffer[] = []
        for (let tries = 0; tries < MAX_DRAWS && ids.length < count; tries++) {
            const id = this.crypto.random(this.local.length)
            if (this.claim(id)) {
                ids.push(id)
                this.given.push(id)
            }
        }
        return ids
    }

    private claim(id: Buffer): boolean {
        const { registry } = this
        return registry === undefined || registry.claim(id)
    }
}

function writeIds(writer: Writer, ids: Buffer[]): void {
    writer.uint(ids.length, 1)
    for (const id of ids) writer.vector(id, 1)
}

/** Reads what `writeIds` wrote. */
function readIds(reader: Reader): Buffer[] {
    const ids: Buffer[] = []
    for (let left = reader.uint(1); left > 0; left--) ids.push(reader.vector(1))
    return ids
}

function idMessage(ids: Buffer[], usage: number): LaterMessage {
    return { type: NEW_CONNECTION_ID, body: writeNewConnectionId({ ids, usage }) }
}

/**
 * For `DtlsSettings.extensions`: connection ids in DTLS 1.3, and in 1.2 like `connectionIds`.
 * @param length length of this side's ids, 0 to 255 bytes, random for each association
 * @param spares number of the peer's ids to keep for new paths, 0 to 4; they are asked for after the handshake
 */
export function connectionIdsV13(length: number, spares: number): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ConnectionIdsV13(crypto, length === 0 ? EMPTY : crypto.random(length), spares)
}
