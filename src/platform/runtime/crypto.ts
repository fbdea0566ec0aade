import * as ds from "@devicescript/core"
import { blit, wipe } from "../../dtls/bytes/bytes.js"
import {
    type Aead,
    AeadAlgorithm,
    type CryptoProvider,
    type Hash,
    type HashAlgorithm,
    type Hmac,
    type RecordProtection,
    type WriteKeys,
} from "../../dtls/crypto/provider.js"
import { type CipherSuite } from "../../dtls/crypto/suites.js"
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

    expand(seed: Buffer, length: number): Buffer {
        return ds._moteHmacExpand(this.handle, seed, length)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/** @devsWhenUsed */
class RuntimeAead implements Aead {
    constructor(
        private handle: number,
        public tagLength: number,
    ) {}

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

/** Where things stand in the packed state of the record natives (natives.ts). */
const STATE_LENGTH = 32
const STATE_IV = 11

/**
 * Whole records by one native call; the sequence number counts up in the state.
 * @devsWhenUsed
 */
class RuntimeProtection implements RecordProtection {
    private state = Buffer.alloc(STATE_LENGTH)
    private handle: number

    constructor(suite: CipherSuite, epoch: number, keys: WriteKeys) {
        const { key, iv } = keys
        this.handle = ds._moteAeadNew(suite.aead, key)
        wipe(key)
        const state = this.state
        state[0] = 1
        state[1] = this.handle >> 8
        state[2] = this.handle & 255
        state[4] = epoch
        blit(state, STATE_IV, iv, 0, iv.length)
        wipe(iv)
        state[23] = iv.length
        state[24] = suite.explicitNonceLength
    }

    seal(type: number, _sequence: number, messages: Buffer[]): Buffer {
        return ds._moteRecordSeal(this.state, type, messages)
    }

    open(datagram: Buffer, at: number): Buffer | undefined {
        return ds._moteRecordOpen(this.state, datagram, at)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
        wipe(this.state)
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
        return new RuntimeAead(ds._moteAeadNew(algorithm, key), algorithm <= AeadAlgorithm.aes256Ccm8 ? 8 : 16)
    }

    newProtection(suite: CipherSuite, epoch: number, keys: WriteKeys): RecordProtection {
        return new RuntimeProtection(suite, epoch, keys)
    }

    random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        ds._moteRandom(bytes)
        return bytes
    }
}
