import { digest, hmac, randomBuffer } from "@devicescript/crypto"
import { join } from "../../dtls/bytes/bytes.js"
import { AeadAlgorithm, HashAlgorithm } from "../../dtls/crypto/algorithms.js"
import { expandBySigning } from "../../dtls/crypto/v12/prf.js"
import { protectByAead } from "../../dtls/record/v12/cid-protection.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type RecordProtection,
} from "../../dtls/crypto/provider.js"
import { ScriptCcm8 } from "./ccm.js"

/**
 * Collects the data, because the official VM only has one-shot hashes.
 * @devsWhenUsed
 */
export class StockHash implements Hash {
    constructor(private chunks: Buffer[]) {}

    update(data: Buffer): void {
        this.chunks.push(data)
    }

    digestSoFar(): Buffer {
        return this.digest()
    }

    digest(): Buffer {
        return digest("sha256", join(this.chunks))
    }

    close(): void {
        this.chunks = []
    }
}

/** @devsWhenUsed */
export class StockHmac implements Hmac {
    private key: Buffer

    constructor(key: Buffer) {
        this.key = Buffer.from(key)
    }

    sign(data: Buffer): Buffer {
        return hmac(this.key, "sha256", data)
    }

    expand(seed: Buffer, length: number): Buffer {
        return expandBySigning(this, seed, length)
    }

    close(): void {
        this.key.fillAt(0, this.key.length, 0)
    }
}

/**
 * SHA-256 and HMAC of the official VM, and AES-128-CCM-8 in script.
 * @devsWhenUsed
 */
export class StockCryptoProvider implements CryptoProvider {
    hasHash(algorithm: HashAlgorithm): boolean {
        return algorithm === HashAlgorithm.sha256
    }

    hasAead(algorithm: AeadAlgorithm): boolean {
        return algorithm === AeadAlgorithm.aes128Ccm8
    }

    newHash(_algorithm: HashAlgorithm): Hash {
        return new StockHash([])
    }

    newHmac(_algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new StockHmac(key)
    }

    newAead(_algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new ScriptCcm8(key)
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return protectByAead(aead, epoch, iv, id)
    }

    random(length: number): Buffer {
        return randomBuffer(length)
    }
}
