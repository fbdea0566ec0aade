import { copyOf, EMPTY, join, wipe } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { type HashParameters } from "../algorithms.js"
import { type CryptoProvider } from "../provider.js"
import { type Secret } from "./provider.js"

/** Replaces TLS's "tls13 " (RFC 9147 §5.9). */
const LABEL_PREFIX = "dtls13"

/** HkdfLabel (RFC 8446 §7.1). */
function hkdfLabel(label: string, context: Buffer, length: number): Buffer {
    const info = new Writer(64)
    info.uint(length, 2)
    info.vector(Buffer.from(LABEL_PREFIX + label), 1)
    info.vector(context, 1)
    return info.finish()
}

/** The hash of `data`. */
export function digestOf(crypto: CryptoProvider, hash: HashParameters, data: Buffer): Buffer {
    const running = crypto.newHash(hash.algorithm)
    running.update(data)
    return running.digest()
}

/**
 * The key schedule (RFC 8446 §7.1) on a provider's HMAC, for platforms without a faster implementation.
 * @devsWhenUsed
 */
export class HashedSecret implements Secret {
    /** @param bytes ownership is taken: `close` wipes them */
    constructor(
        private crypto: CryptoProvider,
        public hash: HashParameters,
        public bytes: Buffer,
    ) {}

    expandLabel(label: string, context: Buffer, length: number): Buffer {
        return this.expand(this.bytes, hkdfLabel(label, context, length), length)
    }

    deriveSecret(label: string, context: Buffer): HashedSecret {
        return new HashedSecret(this.crypto, this.hash, this.expandLabel(label, context, this.hash.length))
    }

    nextSecret(input: Buffer): HashedSecret {
        const salt = this.expandLabel("derived", digestOf(this.crypto, this.hash, EMPTY), this.hash.length)
        const next = extract(this.crypto, this.hash, salt, input)
        wipe(salt)
        return next
    }

    verifyData(label: string, transcriptHash: Buffer): Buffer {
        if (label !== "") return this.binder(label, transcriptHash)
        const finishedKey = this.expandLabel("finished", EMPTY, this.hash.length)
        const mac = hmacOf(this.crypto, this.hash, finishedKey, transcriptHash)
        wipe(finishedKey)
        return mac
    }

    private binder(label: string, transcriptHash: Buffer): Buffer {
        const key = this.deriveSecret(label, digestOf(this.crypto, this.hash, EMPTY))
        const mac = key.verifyData("", transcriptHash)
        key.close()
        return mac
    }

    /** HKDF-Expand (RFC 5869 §2.3). */
    private expand(secret: Buffer, info: Buffer, length: number): Buffer {
        const blocks: Buffer[] = []
        let block = EMPTY
        let count = 0
        while (count * this.hash.length < length) {
            count++
            block = hmacOf(this.crypto, this.hash, secret, join([block, info, Buffer.from([count])]))
            blocks.push(block)
        }
        const whole = join(blocks)
        const expanded = copyOf(whole, 0, length)
        for (const each of blocks) wipe(each)
        wipe(whole)
        return expanded
    }

    close(): void {
        wipe(this.bytes)
    }
}

/** `CryptoV13.newSecret` for platforms with nothing faster than HMAC. */
export function extractedSecret(crypto: CryptoProvider, hash: HashParameters, psk: Buffer): HashedSecret {
    return extract(crypto, hash, Buffer.alloc(hash.length), psk)
}

/** HKDF-Extract (RFC 5869 §2.2); zeros replace a missing input (RFC 8446 §7.1). */
function extract(crypto: CryptoProvider, hash: HashParameters, salt: Buffer, input: Buffer): HashedSecret {
    const source = input.length === 0 ? Buffer.alloc(hash.length) : input
    return new HashedSecret(crypto, hash, hmacOf(crypto, hash, salt, source))
}

function hmacOf(crypto: CryptoProvider, hash: HashParameters, key: Buffer, data: Buffer): Buffer {
    const hmac = crypto.newHmac(hash.algorithm, key)
    const mac = hmac.sign(data)
    hmac.close()
    return mac
}
