import { blit, copyOf, EMPTY, join, wipe } from "../bytes/bytes.js"
import { Writer } from "../bytes/writer.js"
import { type Aead, type CryptoProvider } from "../crypto/provider.js"
import { type WriteKeys } from "../crypto/key-schedule.js"
import { type CipherSuite } from "../crypto/suites.js"
import { DTLS_1_2 } from "../wire/code-points.js"
import { type RecordHeader } from "../wire/record-header.js"

/**
 * One direction of one epoch: turns plaintext into record fragments and back (RFC 5246 §6.2.3.3).
 * The nonce is made of epoch and sequence number alone, so no (key, nonce) pair repeats while numbers do not:
 * with an explicit nonce it is the fixed IV and the number (RFC 5288 §3, RFC 6655 §3), else the IV xor the number (RFC 7905 §2).
 * @devsWhenUsed
 */
export class Protection {
    private aead: Aead
    private iv: Buffer

    /** Takes the keys over and wipes the key bytes. */
    constructor(
        crypto: CryptoProvider,
        private suite: CipherSuite,
        keys: WriteKeys,
    ) {
        this.aead = crypto.newAead(suite.aead, keys.key)
        this.iv = keys.iv
        wipe(keys.key)
    }

    /** The fragment of a record with this header; header.length is not used. */
    seal(header: RecordHeader, plaintext: Buffer): Buffer {
        const number = recordNumber(header)
        const sealed = this.aead.seal(this.nonce(number), aad(number, header.type, plaintext.length), plaintext)
        return this.suite.explicitNonceLength === 0 ? sealed : join([number, sealed])
    }

    /** Undefined when not authentic, too short included. */
    open(header: RecordHeader, fragment: Buffer): Buffer | undefined {
        const explicit = this.suite.explicitNonceLength
        const length = fragment.length - explicit - this.suite.tagLength
        if (length < 0) return undefined
        const number = recordNumber(header)
        const nonce = this.nonce(explicit === 0 ? number : copyOf(fragment, 0, explicit))
        const ciphertext = explicit === 0 ? fragment : copyOf(fragment, explicit, fragment.length)
        return this.aead.open(nonce, aad(number, header.type, length), ciphertext)
    }

    /** Bytes by which a record's fragment is longer than its plaintext. */
    overhead(): number {
        return this.suite.explicitNonceLength + this.suite.tagLength
    }

    close(): void {
        this.aead.close()
        wipe(this.iv)
        this.iv = EMPTY
    }

    private nonce(number: Buffer): Buffer {
        const nonce = Buffer.alloc(12)
        blit(nonce, 0, this.iv, 0, this.iv.length)
        if (this.iv.length === 4) blit(nonce, 4, number, 0, 8)
        else for (let i = 0; i < 8; i++) nonce[4 + i] = nonce[4 + i] ^ number[i]
        return nonce
    }
}

/** Epoch and sequence number, 8 bytes: what TLS calls seq_num (RFC 6347 §4.1.2.1). */
function recordNumber(header: RecordHeader): Buffer {
    const writer = new Writer(8)
    writer.uint(header.epoch, 2)
    writer.uint(header.sequence, 6)
    return writer.finish()
}

/** additional_data (RFC 5246 §6.2.3.3): seq_num, type, version, length of the plaintext. */
function aad(number: Buffer, type: number, length: number): Buffer {
    const writer = new Writer(13)
    writer.bytes(number)
    writer.uint(type, 1)
    writer.uint(DTLS_1_2, 2)
    writer.uint(length, 2)
    return writer.finish()
}
