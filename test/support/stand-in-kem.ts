import { createHash } from "node:crypto"
import { type DecapsulationKey, type Encapsulation, type KeyEncapsulation } from "../../src/dtls/crypto/keys.js"
import { seededRandom } from "./spy-crypto.js"

/** A KEM with ML-KEM-768's sizes, fast and without any security, for tests with many handshakes. */
export class StandInKem implements KeyEncapsulation {
    private random: () => number

    constructor(seed: number) {
        this.random = seededRandom(seed)
    }

    newKeyPair(): Promise<DecapsulationKey> {
        const encapsulationKey = this.bytes(1184)
        return Promise.resolve({
            encapsulationKey,
            decapsulate: (ciphertext: Buffer) => Promise.resolve(secretOf(encapsulationKey, ciphertext)),
            close: () => undefined,
        })
    }

    encapsulate(encapsulationKey: Buffer): Promise<Encapsulation> {
        const ciphertext = this.bytes(1088)
        return Promise.resolve({ ciphertext, secret: secretOf(encapsulationKey, ciphertext) })
    }

    private bytes(length: number): Buffer {
        return Buffer.from(Array.from({ length }, () => Math.floor(this.random() * 256)))
    }
}

function secretOf(encapsulationKey: Buffer, ciphertext: Buffer): Buffer {
    return createHash("sha256").update(encapsulationKey).update(ciphertext).digest()
}
