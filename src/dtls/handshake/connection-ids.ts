import { EMPTY } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { type RecordForm } from "../record/record-layer.js"
import { CidForm } from "../record/v12/cid-protection.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type HelloExtension, type RecordExtension } from "./hello-extension.js"

/** The ids of all peers of an endpoint; each belongs to one peer. */
export interface IdRegistry {
    /** @returns false: another peer has it */
    claim(id: Buffer): boolean
    release(id: Buffer): void
}

/**
 * Connection ids of one association (RFC 9146 §3): each side chooses the id that the other's records carry, so that it
 * recognizes them whatever their source address.
 * @devsWhenUsed
 */
export class ConnectionIds implements RecordExtension {
    type = ExtensionType.connectionId
    /** both sides sent the extension */
    agreed = false
    /** the id in our records; empty: the peer needs none */
    remote = EMPTY
    /** undefined: there is only one peer */
    registry: IdRegistry | undefined

    /** @param local the id in the peer's records, 0 to 255 bytes; empty: this side needs none */
    constructor(public local: Buffer) {}

    offer(): Buffer {
        return this.write()
    }

    accept(data: Buffer): AlertDescription {
        return this.read(data)
    }

    select(data: Buffer): AlertDescription {
        return this.read(data)
    }

    answer(): Buffer | undefined {
        return this.write()
    }

    private write(): Buffer {
        const writer = new Writer(1 + this.local.length)
        writer.vector(this.local, 1)
        return writer.finish()
    }

    private read(data: Buffer): AlertDescription {
        const reader = new Reader(data, 0, data.length)
        const id = reader.vector(1)
        if (!reader.done()) return AlertDescription.decodeError
        this.remote = id
        this.agreed = true
        return AlertDescription.none
    }

    /** Empty if that direction has none (RFC 9146 §3: it keeps the form of RFC 6347). */
    recordId(reading: boolean): Buffer {
        if (!this.agreed) return EMPTY
        return reading ? this.local : this.remote
    }

    readForm(): RecordForm | undefined {
        return this.agreed && this.local.length > 0 ? new CidForm(this.local.length) : undefined
    }

    /** All ids of this side that the peer's records may carry. */
    allIds(): Buffer[] {
        return [this.local]
    }

    restore(local: Buffer, remote: Buffer): boolean {
        if (local.length !== this.local.length) return false
        this.local = local
        this.remote = remote
        this.agreed = true
        return true
    }
}

/**
 * For `DtlsSettings.extensions`: connection ids.
 * @param length length of this side's id, 0 to 255 bytes, random for each association. A server needs one (8 bytes are
 * plenty); a client whose server's address is fixed takes 0 and still sends the server's.
 */
export function connectionIds(length: number): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ConnectionIds(length === 0 ? EMPTY : crypto.random(length))
}
