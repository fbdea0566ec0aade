import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { MAX_PLAINTEXT } from "../wire/record-header.js"
import { type HelloExtension, type LimitExtension } from "./hello-extension.js"

/** The lowest limit allowed by RFC 8449 §4, bytes. */
const MIN_RECORD_SIZE = 64

/**
 * record_size_limit (RFC 8449): each side says how large a protected record's plaintext it accepts.
 * @devsWhenUsed
 */
class RecordSizeLimit implements LimitExtension {
    type = ExtensionType.recordSizeLimit
    readLimit = MAX_PLAINTEXT
    writeLimit = MAX_PLAINTEXT

    constructor(private limit: number) {}

    offer(): Buffer {
        return this.answer()
    }

    accept(data: Buffer, answers: Extension[]): AlertDescription {
        // A server must not answer both (RFC 8449 §5).
        if (findExtension(answers, ExtensionType.maxFragmentLength) !== undefined)
            return AlertDescription.illegalParameter
        return this.select(data)
    }

    select(data: Buffer): AlertDescription {
        const reader = new Reader(data, 0, data.length)
        const limit = reader.uint(2)
        if (!reader.done()) return AlertDescription.decodeError
        if (limit < MIN_RECORD_SIZE) return AlertDescription.illegalParameter
        this.writeLimit = Math.min(limit, MAX_PLAINTEXT)
        this.readLimit = this.limit
        return AlertDescription.none
    }

    answer(): Buffer {
        const writer = new Writer(2)
        writer.uint(this.limit, 2)
        return writer.finish()
    }
}

/**
 * For `DtlsSettings.extensions`: limits the peer's protected records. If both sides have it, `maxFragmentLength` is
 * ignored (RFC 8449 §5).
 * @param limit plaintext of a record, 64 to 16384 bytes; otherwise throws RangeError
 */
export function recordSizeLimit(limit: number): (crypto: CryptoProvider) => HelloExtension {
    if (!(limit >= MIN_RECORD_SIZE && limit <= MAX_PLAINTEXT)) throw new RangeError("limit: 64 to 16384 bytes")
    return () => new RecordSizeLimit(limit)
}

/**
 * max_fragment_length (RFC 6066 §4): the client chooses one of four lengths for both directions, and the server echoes
 * it.
 * @devsWhenUsed
 */
class MaxFragmentLength implements LimitExtension {
    type = ExtensionType.maxFragmentLength
    readLimit = MAX_PLAINTEXT
    writeLimit = MAX_PLAINTEXT

    /** @param code for the length, 1 to 4; 0: a server, or a client that offers none */
    constructor(private code: number) {}

    offer(): Buffer | undefined {
        return this.answer()
    }

    accept(data: Buffer): AlertDescription {
        return data.length === 1 && data[0] === this.code ? this.select(data) : AlertDescription.illegalParameter
    }

    select(data: Buffer): AlertDescription {
        if (data.length !== 1) return AlertDescription.decodeError
        const code = data[0]
        if (code < 1 || code > 4) return AlertDescription.illegalParameter
        this.code = code
        this.writeLimit = 256 << code
        this.readLimit = this.writeLimit
        return AlertDescription.none
    }

    answer(): Buffer | undefined {
        return this.code === 0 ? undefined : Buffer.from([this.code])
    }
}

/**
 * For `DtlsSettings.extensions`.
 * @param length client: plaintext of a record, 512, 1024, 2048 or 4096 bytes; server: 0, because the client chooses.
 * Otherwise throws RangeError.
 */
export function maxFragmentLength(length: number): (crypto: CryptoProvider) => HelloExtension {
    const code = [0, 512, 1024, 2048, 4096].indexOf(length)
    if (code < 0) throw new RangeError("length: 512, 1024, 2048 or 4096 bytes, or 0")
    return () => new MaxFragmentLength(code)
}
