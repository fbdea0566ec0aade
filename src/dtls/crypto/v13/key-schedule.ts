import { copyOf, EMPTY, join, wipe } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { type HashParameters } from "../algorithms.js"
import { type CryptoProvider, type WriteKeys } from "../provider.js"

/** In place of "tls13 " (RFC 9147 §5.9). */
const LABEL_PREFIX = "dtls13"

/** HkdfLabel (RFC 8446 §7.1). */
export function hkdfLabel(label: string, context: Buffer, length: number): Buffer {
    const info = new Writer(64)
    info.uint(length, 2)
    info.vector(Buffer.from(LABEL_PREFIX + label), 1)
    info.vector(context, 1)
    return info.finish()
}

/** Keys of one direction of one epoch (RFC 8446 §7.3, RFC 9147 §4.2.3). */
export interface TrafficKeys extends WriteKeys {
    /** for record number encryption */
    sn: Buffer
}

/**
 * The functions of the key schedule (RFC 8446 §7.1) with one hash.
 * @devsWhenUsed
 */
export class KeyScheduleV13 {
    constructor(
        private crypto: CryptoProvider,
        public hash: HashParameters,
    ) {}

    /** HMAC of `data` under `key`. */
    hmac(key: Buffer, data: Buffer): Buffer {
        const hmac = this.crypto.newHmac(this.hash.algorithm, key)
        const mac = hmac.sign(data)
        hmac.close()
        return mac
    }

    /** HKDF-Extract (RFC 5869 §2.2). */
    extract(salt: Buffer, secret: Buffer): Buffer {
        return this.hmac(salt, secret)
    }

    /** HKDF-Expand-Label (RFC 8446 §7.1), 1 to 255 hash lengths. */
    expandLabel(secret: Buffer, label: string, context: Buffer, length: number): Buffer {
        return this.expand(secret, hkdfLabel(label, context, length), length)
    }

    /** HKDF-Expand (RFC 5869 §2.3). */
    private expand(secret: Buffer, info: Buffer, length: number): Buffer {
        const blocks: Buffer[] = []
        let block = EMPTY
        let count = 0
        while (count * this.hash.length < length) {
            count++
            block = this.hmac(secret, join([block, info, Buffer.from([count])]))
            blocks.push(block)
        }
        const whole = join(blocks)
        const expanded = copyOf(whole, 0, length)
        wipe(whole)
        return expanded
    }

    /** Derive-Secret (RFC 8446 §7.1). */
    deriveSecret(secret: Buffer, label: string, transcriptHash: Buffer): Buffer {
        return this.expandLabel(secret, label, transcriptHash, this.hash.length)
    }

    /** The secret of the next stage: salted with "derived" (RFC 8446 §7.1). Wipes `secret`. */
    nextSecret(secret: Buffer, input: Buffer): Buffer {
        const salt = this.deriveSecret(secret, "derived", this.digest(EMPTY))
        wipe(secret)
        const next = this.extract(salt, input)
        wipe(salt)
        return next
    }

    digest(data: Buffer): Buffer {
        const hash = this.crypto.newHash(this.hash.algorithm)
        hash.update(data)
        return hash.digest()
    }

    /** @param trafficSecret of one direction; @param keyLength of the AEAD, bytes */
    trafficKeys(trafficSecret: Buffer, keyLength: number): TrafficKeys {
        return {
            key: this.expandLabel(trafficSecret, "key", EMPTY, keyLength),
            iv: this.expandLabel(trafficSecret, "iv", EMPTY, 12),
            sn: this.expandLabel(trafficSecret, "sn", EMPTY, keyLength),
        }
    }

    /** verify_data of Finished, and the binder of a PSK (RFC 8446 §4.4.4, §4.2.11.2). */
    verifyData(baseKey: Buffer, transcriptHash: Buffer): Buffer {
        const finishedKey = this.expandLabel(baseKey, "finished", EMPTY, this.hash.length)
        const mac = this.hmac(finishedKey, transcriptHash)
        wipe(finishedKey)
        return mac
    }
}
