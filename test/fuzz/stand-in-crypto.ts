import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { protectByAead } from "../../src/dtls/record/v12/cid-protection.js"
import { type AeadAlgorithm, type HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type RecordProtection,
} from "../../src/dtls/crypto/provider.js"

/** Every byte of every digest, MAC and tag. */
const FILL = 0x5a
/** A tag that ends with this byte is refused, so that failed authentications are covered, too. */
const REFUSED = 0xff

function filled(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    bytes.fillAt(0, length, FILL)
    return bytes
}

/** @devsWhenUsed */
class StandInHash implements Hash {
    update(_data: Buffer): void {}

    digestSoFar(): Buffer {
        return filled(32)
    }

    digest(): Buffer {
        return filled(32)
    }

    close(): void {}
}

/** @devsWhenUsed */
class StandInHmac implements Hmac {
    sign(_data: Buffer): Buffer {
        return filled(32)
    }

    expand(_seed: Buffer, length: number): Buffer {
        return filled(length)
    }

    close(): void {}
}

/** @devsWhenUsed */
class StandInAead implements Aead {
    tagLength = 8

    seal(_nonce: Buffer, _aad: Buffer, plaintext: Buffer): Buffer {
        const sealed = filled(plaintext.length + this.tagLength)
        sealed.set(plaintext, 0)
        return sealed
    }

    open(_nonce: Buffer, _aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const length = ciphertext.length - this.tagLength
        if (length < 0 || ciphertext[ciphertext.length - 1] === REFUSED) return undefined
        return copyOf(ciphertext, 0, length)
    }

    close(): void {}
}

/**
 * Stand-in cryptography: nothing is encrypted, and every digest, MAC and tag has the same bytes. It lets a fuzzer that
 * modifies a flight get past cookies, tags and Finished. All state is in the machine's arena.
 * @devsWhenUsed
 */
export class StandInCrypto implements CryptoProvider {
    constructor(private seed: number) {}

    hasHash(_algorithm: HashAlgorithm): boolean {
        return true
    }

    hasAead(_algorithm: AeadAlgorithm): boolean {
        return true
    }

    newHash(_algorithm: HashAlgorithm): Hash {
        return new StandInHash()
    }

    newHmac(_algorithm: HashAlgorithm, _key: Buffer): Hmac {
        return new StandInHmac()
    }

    newAead(_algorithm: AeadAlgorithm, _key: Buffer): Aead {
        return new StandInAead()
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return protectByAead(aead, epoch, iv, id)
    }

    /** The same seed gives the same stream. */
    random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        for (let i = 0; i < length; i++) {
            this.seed = (Math.imul(this.seed, 1664525) + 1013904223) | 0
            bytes[i] = this.seed >>> 24
        }
        return bytes
    }
}
