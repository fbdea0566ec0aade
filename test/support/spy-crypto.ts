import { protectByAead } from "../../src/dtls/record/v12/cid-protection.js"
import { expandBySigning } from "../../src/dtls/crypto/v12/prf.js"
import { type AeadAlgorithm, type HashAlgorithm, type HashParameters } from "../../src/dtls/crypto/algorithms.js"
import { extractedSecret, type HashedSecret } from "../../src/dtls/crypto/v13/key-schedule.js"
import {
    type CryptoV13,
    type ProtectionWithId,
    type RecordContext,
    type Secret,
} from "../../src/dtls/crypto/v13/provider.js"
import { ProtectionV13, recordKeys } from "../../src/dtls/record/v13/protection.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type RecordNumberCipher,
    type RecordNumberCiphers,
    type RecordProtection,
} from "../../src/dtls/crypto/provider.js"
import { NodeCryptoProvider } from "../../src/platform/node/crypto.js"

/**
 * Counts calls of the provider, records nonces and Buffers, and draws random values from a seeded stream if asked to.
 */
export class SpyCrypto implements CryptoProvider, RecordNumberCiphers, CryptoV13 {
    calls = { hash: 0, hmac: 0, sign: 0, aead: 0, seal: 0, open: 0, random: 0 }
    /** every nonce used for sealing, as "key/nonce" */
    nonces: string[] = []
    /** Buffers with secrets as the engine passed them: HMAC keys and AEAD keys */
    secrets: Buffer[] = []
    private inner = new NodeCryptoProvider()
    private state: number | undefined

    constructor(seed?: number) {
        this.state = seed
    }

    hasHash(algorithm: HashAlgorithm): boolean {
        return this.inner.hasHash(algorithm)
    }

    hasAead(algorithm: AeadAlgorithm): boolean {
        return this.inner.hasAead(algorithm)
    }

    newHash(algorithm: HashAlgorithm): Hash {
        this.calls.hash++
        return this.inner.newHash(algorithm)
    }

    newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac {
        this.calls.hmac++
        this.secrets.push(key)
        const inner = this.inner.newHmac(algorithm, key)
        const hmac: Hmac = {
            sign: (data) => {
                this.calls.sign++
                return inner.sign(data)
            },
            expand: (seed, length) => expandBySigning(hmac, seed, length),
            close: () => inner.close(),
        }
        return hmac
    }

    newRecordNumberCipher(algorithm: AeadAlgorithm, key: Buffer): RecordNumberCipher {
        this.secrets.push(key)
        return this.inner.newRecordNumberCipher(algorithm, key)
    }

    newAead(algorithm: AeadAlgorithm, key: Buffer): Aead {
        this.calls.aead++
        const name = key.toString("hex")
        this.secrets.push(key)
        const inner = this.inner.newAead(algorithm, key)
        return {
            tagLength: inner.tagLength,
            seal: (nonce, aad, plaintext) => {
                this.calls.seal++
                this.nonces.push(`${name}/${nonce.toString("hex")}`)
                return inner.seal(nonce, aad, plaintext)
            },
            open: (nonce, aad, ciphertext) => {
                this.calls.open++
                return inner.open(nonce, aad, ciphertext)
            },
            close: () => inner.close(),
        }
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return protectByAead(aead, epoch, iv, id)
    }

    newSecret(hash: HashParameters, psk: Buffer): Secret {
        return this.kept(extractedSecret(this, hash, psk))
    }

    /** Records a secret as the engine passed it, and those derived from it. */
    private kept(secret: HashedSecret): Secret {
        this.secrets.push(secret.bytes)
        const derive = secret.deriveSecret.bind(secret)
        const next = secret.nextSecret.bind(secret)
        secret.deriveSecret = (label, context) => this.kept(derive(label, context)) as HashedSecret
        secret.nextSecret = (input) => this.kept(next(input)) as HashedSecret
        return secret
    }

    newProtectionV13(context: RecordContext): ProtectionWithId {
        return new ProtectionV13(recordKeys(this, context), context)
    }

    wrapSecret(secret: Secret, wrapper: Aead): Buffer {
        return this.inner.wrapSecret(secret, wrapper)
    }

    unwrapSecret(wrapped: Buffer, wrapper: Aead, hash: HashParameters): Secret | undefined {
        return this.inner.unwrapSecret(wrapped, wrapper, hash)
    }

    random(length: number): Buffer {
        this.calls.random++
        if (this.state === undefined) return this.inner.random(length)
        return Buffer.from(Array.from({ length }, () => Math.floor(this.next() * 256)))
    }

    /** mulberry32: small, well distributed, the same everywhere */
    private next(): number {
        this.state = ((this.state as number) + 0x6d2b79f5) | 0
        let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    }
}

/** A seeded generator of numbers below 1. */
export function seededRandom(seed: number): () => number {
    const source = new SpyCrypto(seed)
    return () => source.random(4).readUInt32BE(0) / 4294967296
}
