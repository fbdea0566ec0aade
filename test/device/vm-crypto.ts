import { hmac, randomBuffer } from "@devicescript/crypto"
import { blit, equal, join } from "../../src/dtls/bytes/bytes.js"
import { protectByAead } from "../../src/dtls/record/v12/cid-protection.js"
import { type AeadAlgorithm, type HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type RecordProtection,
} from "../../src/dtls/crypto/provider.js"
import { StockHash, StockHmac } from "../../src/platform/stock/crypto.js"

/*
 * Cryptography for tests in the official VM, which has no AEAD that can be used for TLS.
 *
 * The stand-in below replaces all AEADs. It protects nothing, but detects changes.
 */

class StandInAead implements Aead {
    tagLength = 8

    constructor(private key: Buffer) {}

    private tag(nonce: Buffer, aad: Buffer, text: Buffer): Buffer {
        const whole = hmac(this.key, "sha256", join([nonce, aad, text]))
        const tag = Buffer.alloc(8)
        blit(tag, 0, whole, 0, 8)
        return tag
    }

    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        return join([plaintext, this.tag(nonce, aad, plaintext)])
    }

    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const text = Buffer.alloc(ciphertext.length - 8)
        blit(text, 0, ciphertext, 0, text.length)
        const tag = Buffer.alloc(8)
        blit(tag, 0, ciphertext, text.length, 8)
        return equal(tag, this.tag(nonce, aad, text)) ? text : undefined
    }

    close(): void {
        this.key = Buffer.alloc(0)
    }
}

export class VmCryptoProvider implements CryptoProvider {
    hasHash(_algorithm: HashAlgorithm): boolean {
        return true
    }

    hasAead(_algorithm: AeadAlgorithm): boolean {
        return true
    }

    newHash(_algorithm: HashAlgorithm): Hash {
        return new StockHash([])
    }

    newHmac(_algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new StockHmac(key)
    }

    newAead(_algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new StandInAead(Buffer.from(key))
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return protectByAead(aead, epoch, iv, id)
    }

    random(length: number): Buffer {
        return randomBuffer(length)
    }
}
