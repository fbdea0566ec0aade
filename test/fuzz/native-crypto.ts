import * as ds from "@devicescript/core"
import { copyOf, join } from "../../src/dtls/bytes/bytes.js"
import { type AeadAlgorithm, type HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { type Aead, type Hash, type Hmac } from "../../src/dtls/crypto/provider.js"
import "../../src/platform/runtime/natives.js"
import { StandInCrypto } from "./stand-in-crypto.js"

/*
 * The device's cryptography without handles that stay open between calls: the fuzzer only restores the arena, and not
 * the native part of a handle.
 */

/** @devsWhenUsed */
class NativeHash implements Hash {
    private data: Buffer[] = []

    constructor(private algorithm: HashAlgorithm) {}

    update(data: Buffer): void {
        this.data.push(copyOf(data, 0, data.length))
    }

    digestSoFar(): Buffer {
        const hash = ds._moteHashNew(this.algorithm)
        ds._moteHashUpdate(hash, join(this.data))
        return ds._moteHashDigest(hash)
    }

    digest(): Buffer {
        return this.digestSoFar()
    }

    close(): void {
        this.data = []
    }
}

/** @devsWhenUsed */
class NativeHmac implements Hmac {
    private key: Buffer

    constructor(
        private algorithm: HashAlgorithm,
        key: Buffer,
    ) {
        this.key = copyOf(key, 0, key.length)
    }

    sign(data: Buffer): Buffer {
        const hmac = ds._moteHmacNew(this.algorithm, this.key)
        const mac = ds._moteHmacSign(hmac, data)
        ds._moteCryptoClose(hmac)
        return mac
    }

    expand(seed: Buffer, length: number): Buffer {
        const hmac = ds._moteHmacNew(this.algorithm, this.key)
        const output = ds._moteHmacExpand(hmac, seed, length)
        ds._moteCryptoClose(hmac)
        return output
    }

    close(): void {}
}

/** @devsWhenUsed */
class NativeAead implements Aead {
    tagLength = 8
    private key: Buffer

    constructor(
        private algorithm: AeadAlgorithm,
        key: Buffer,
    ) {
        this.key = copyOf(key, 0, key.length)
    }

    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        const aead = ds._moteAeadNew(this.algorithm, this.key)
        const sealed = ds._moteAeadSeal(aead, nonce, aad, plaintext)
        ds._moteCryptoClose(aead)
        return sealed
    }

    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const aead = ds._moteAeadNew(this.algorithm, this.key)
        const plaintext = ds._moteAeadOpen(aead, nonce, aad, ciphertext)
        ds._moteCryptoClose(aead)
        return plaintext
    }

    close(): void {}
}

/**
 * Real cryptography with predictable random values: recorded flights verify, modified ones do not.
 * @devsWhenUsed
 */
export class NativeCrypto extends StandInCrypto {
    override newHash(algorithm: HashAlgorithm): Hash {
        return new NativeHash(algorithm)
    }

    override newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new NativeHmac(algorithm, key)
    }

    override newAead(algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new NativeAead(algorithm, key)
    }
}
