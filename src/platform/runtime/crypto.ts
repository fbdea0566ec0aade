import * as ds from "@devicescript/core"
import {
    type Aead,
    type AeadAlgorithm,
    type CryptoProvider,
    type Hash,
    type HashAlgorithm,
    type Hmac,
} from "../../dtls/crypto/provider.js"
import "./natives.js"

/** @devsWhenUsed */
class RuntimeHash implements Hash {
    constructor(private handle: number) {}

    update(data: Buffer): void {
        ds._moteHashUpdate(this.handle, data)
    }

    clone(): Hash {
        return new RuntimeHash(ds._moteHashClone(this.handle))
    }

    digest(): Buffer {
        return ds._moteHashDigest(this.handle)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/** @devsWhenUsed */
class RuntimeHmac implements Hmac {
    constructor(private handle: number) {}

    sign(data: Buffer): Buffer {
        return ds._moteHmacSign(this.handle, data)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/** @devsWhenUsed */
class RuntimeAead implements Aead {
    constructor(private handle: number) {}

    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        return ds._moteAeadSeal(this.handle, nonce, aad, plaintext)
    }

    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        return ds._moteAeadOpen(this.handle, nonce, aad, ciphertext)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/**
 * The runtime's natives behind the provider interface.
 * @devsWhenUsed
 */
export class RuntimeCryptoProvider implements CryptoProvider {
    private has = ds._moteCryptoHas()

    hasHash(algorithm: HashAlgorithm): boolean {
        return ((this.has >> (16 + algorithm)) & 1) === 1
    }

    hasAead(algorithm: AeadAlgorithm): boolean {
        return ((this.has >> algorithm) & 1) === 1
    }

    newHash(algorithm: HashAlgorithm): Hash {
        return new RuntimeHash(ds._moteHashNew(algorithm))
    }

    newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new RuntimeHmac(ds._moteHmacNew(algorithm, key))
    }

    newAead(algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new RuntimeAead(ds._moteAeadNew(algorithm, key))
    }

    random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        ds._moteRandom(bytes)
        return bytes
    }
}
