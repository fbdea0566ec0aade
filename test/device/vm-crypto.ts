import { digest, hmac, randomBuffer } from "@devicescript/crypto"
import { blit, equal, join } from "../../src/dtls/bytes/bytes.js"
import {
    type Aead,
    type AeadAlgorithm,
    type CryptoProvider,
    type Hash,
    type HashAlgorithm,
    type Hmac,
} from "../../src/dtls/crypto/provider.js"

/* Cryptography for the tests inside the official VM, which has SHA-256 and HMAC but no AEAD that TLS can use.
   The stand-in AEAD below protects nothing; it only says no to whatever was changed. */

class VmHash implements Hash {
    constructor(private chunks: Buffer[]) {}

    update(data: Buffer): void {
        this.chunks.push(data)
    }

    clone(): Hash {
        return new VmHash(this.chunks.slice())
    }

    digest(): Buffer {
        return digest("sha256", join(this.chunks))
    }

    close(): void {
        this.chunks = []
    }
}

class VmHmac implements Hmac {
    constructor(private key: Buffer) {}

    sign(data: Buffer): Buffer {
        return hmac(this.key, "sha256", data)
    }

    close(): void {
        this.key = Buffer.alloc(0)
    }
}

class StandInAead implements Aead {
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
        return new VmHash([])
    }

    newHmac(_algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new VmHmac(Buffer.from(key))
    }

    newAead(_algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new StandInAead(Buffer.from(key))
    }

    random(length: number): Buffer {
        return randomBuffer(length)
    }
}
