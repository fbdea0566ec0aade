/*
 * A large cryptographic workload for any provider: Node's and a device's print the same lines if both are correct.
 * Inputs come from a generator that only uses int32 arithmetic, so that they are the same in both languages.
 */
import { blit, copyOf, EMPTY, join } from "../../src/dtls/bytes/bytes.js"
import {
    AeadAlgorithm,
    type AeadParameters,
    aeadParameters,
    AES_128_CCM,
    AES_128_CCM_8,
    AES_128_GCM,
    CHACHA20_POLY1305,
    HashAlgorithm,
    type HashParameters,
    SHA_256,
    SHA_384,
} from "../../src/dtls/crypto/algorithms.js"
import { type CryptoProvider, type Hash, type RecordProtection } from "../../src/dtls/crypto/provider.js"
import { type CryptoV13, type RecordContext } from "../../src/dtls/crypto/v13/provider.js"
import {
    TLS_PSK_WITH_AES_128_CCM_8,
    TLS_PSK_WITH_AES_128_GCM_SHA256,
    TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
} from "../../src/dtls/key-exchange/suites.js"

/** A 32-bit xorshift generator. */
export class Inputs {
    private state = 2463534242 | 0

    /** 0 to `below` - 1; `below` at most 65536. */
    number(below: number): number {
        let x = this.state
        x = x ^ (x << 13)
        x = x ^ (x >>> 17)
        x = x ^ (x << 5)
        this.state = x
        const number = x & 0xffff
        return number - Math.floor(number / below) * below
    }

    bytes(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        for (let i = 0; i < length; i++) bytes[i] = this.number(256)
        return bytes
    }

    /** Random bytes, 0 to `most`. */
    some(most: number): Buffer {
        return this.bytes(this.number(most + 1))
    }
}

/** Combines all results into one digest. */
export class Fold {
    count = 0
    private hash: Hash

    constructor(crypto: CryptoProvider) {
        this.hash = crypto.newHash(HashAlgorithm.sha256)
    }

    add(output: Buffer | undefined): void {
        this.count++
        this.hash.update(output === undefined ? Buffer.from("undefined") : output)
    }

    line(name: string): string {
        return name + ": " + this.count + " " + this.hash.digest().toString("hex")
    }
}

export class Workload {
    private inputs = new Inputs()

    /** @param rounds number of inputs for each primitive */
    constructor(
        private crypto: CryptoProvider,
        private rounds: number,
        /** called between rounds: a machine with a guard needs pauses */
        private pause: () => Promise<void>,
    ) {}

    async hash(name: string, algorithm: HashAlgorithm): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const hash = this.crypto.newHash(algorithm)
            hash.update(this.inputs.some(150))
            fold.add(hash.digestSoFar())
            hash.update(this.inputs.some(70))
            fold.add(hash.digest())
            await this.pause()
        }
        return fold.line(name)
    }

    async hmac(name: string, algorithm: HashAlgorithm): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const hmac = this.crypto.newHmac(algorithm, this.inputs.some(150))
            fold.add(hmac.sign(this.inputs.some(100)))
            fold.add(hmac.sign(this.inputs.some(10)))
            fold.add(hmac.expand(this.inputs.some(80), this.inputs.number(120)))
            hmac.close()
            await this.pause()
        }
        return fold.line(name)
    }

    async aead(name: string, algorithm: AeadAlgorithm, keyLength: number): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const aead = this.crypto.newAead(algorithm, this.inputs.bytes(keyLength))
            const nonce = this.inputs.bytes(12)
            const aad = this.inputs.some(30)
            const sealed = aead.seal(nonce, aad, this.inputs.some(90))
            fold.add(sealed)
            fold.add(aead.open(nonce, aad, sealed))
            const at = this.inputs.number(sealed.length)
            sealed[at] = sealed[at] ^ (1 << this.inputs.number(8))
            fold.add(aead.open(nonce, aad, sealed))
            fold.add(aead.open(nonce, aad, this.inputs.some(aead.tagLength)))
            aead.close()
            await this.pause()
        }
        return fold.line(name)
    }

    private protection(parameters: AeadParameters, key: Buffer, iv: Buffer, id: Buffer): RecordProtection {
        const aead = this.crypto.newAead(parameters.algorithm, key)
        return this.crypto.newProtection(aead, 1, copyOf(iv, 0, iv.length), id)
    }

    /** Batches of records, opened one by one in place; then one with a changed byte. */
    async records(): Promise<string> {
        const fold = new Fold(this.crypto)
        const suites = [TLS_PSK_WITH_AES_128_CCM_8(), TLS_PSK_WITH_CHACHA20_POLY1305_SHA256()]
        suites.push(TLS_PSK_WITH_AES_128_GCM_SHA256())
        for (let i = 0; i < this.rounds; i++) {
            const { aead } = suites[i - Math.floor(i / 3) * 3]
            const key = this.inputs.bytes(aead.keyLength)
            const iv = this.inputs.bytes(aead.fixedIvLength)
            const id = (i & 1) === 0 ? EMPTY : this.inputs.some(20)
            const write = this.protection(aead, key, iv, id)
            const read = this.protection(aead, key, iv, id)
            const first = write.sealRecords(23, 0, [this.inputs.some(60)])
            const second = write.sealRecords(22, 1, [this.inputs.some(60), this.inputs.some(9)])
            const datagram = Buffer.alloc(first.length + second.length + 5)
            blit(datagram, 0, join([first, second]), 0, first.length + second.length)
            fold.add(datagram)
            fold.add(plaintextAt(read, datagram, 0))
            fold.add(plaintextAt(read, datagram, first.length))
            for (const offset of [0, 1, first.length])
                fold.add(Buffer.from("" + read.sequenceOf(datagram, offset, datagram.length, 0)))
            fold.add(Buffer.from("" + read.sequenceOf(datagram, 0, first.length - 1, 0)))
            const at = this.inputs.number(first.length - 13) + 13
            datagram[at] = datagram[at] ^ (1 << this.inputs.number(8))
            fold.add(plaintextAt(read, datagram, 0))
            write.close()
            read.close()
            await this.pause()
        }
        return fold.line("records")
    }

    /** The key schedule of DTLS 1.3: two stages, and the secrets derived from them. */
    async secrets(crypto: CryptoV13, name: string, hash: HashParameters): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const early = crypto.newSecret(hash, this.inputs.some(40))
            const next = early.nextSecret(this.inputs.some(40))
            const derived = next.deriveSecret("c hs traffic", this.inputs.bytes(hash.length))
            fold.add(early.verifyData("ext binder", this.inputs.bytes(hash.length)))
            fold.add(derived.verifyData("", this.inputs.bytes(hash.length)))
            fold.add(derived.expandLabel("resumption", this.inputs.some(40), this.inputs.number(150)))
            for (const secret of [early, next, derived]) secret.close()
            await this.pause()
        }
        return fold.line(name + " secrets")
    }

    /** Batches of DTLS 1.3 records, opened one by one in place; then one with a changed byte. */
    async recordsV13(crypto: CryptoV13, name: string, aead: AeadParameters): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const secret = crypto.newSecret(SHA_256(), this.inputs.bytes(16))
            const id = (i & 1) === 0 ? EMPTY : this.inputs.some(20)
            const context: RecordContext = { secret, aead, epoch: 2 + (i & 3), id, reading: false, ids: undefined }
            const write = crypto.newProtectionV13(context)
            context.reading = true
            const read = crypto.newProtectionV13(context)
            // Around the first two-byte number, and the first one that two bytes cannot distinguish from an earlier
            // one.
            const sequence = (i & 2) === 0 ? 126 + this.inputs.number(4) : 65530 + this.inputs.number(10)
            const datagram = join([
                write.sealRecords(22, sequence, [this.inputs.some(60)], false),
                write.sealRecords(23, sequence + 1, [this.inputs.some(60), this.inputs.some(9)], true),
            ])
            fold.add(datagram)
            readAll(fold, read, datagram, sequence - this.inputs.number(100))
            const at = this.inputs.number(datagram.length)
            datagram[at] = datagram[at] ^ (1 << this.inputs.number(8))
            readAll(fold, read, datagram, sequence)
            for (const each of [write, read, secret]) each.close()
            await this.pause()
        }
        return fold.line(name + " records of DTLS 1.3")
    }

    async allOfV13(crypto: CryptoV13): Promise<string[]> {
        return [
            await this.secrets(crypto, "SHA-256", SHA_256()),
            await this.secrets(crypto, "SHA-384", SHA_384()),
            await this.recordsV13(crypto, "AES-128-CCM-8", AES_128_CCM_8()),
            await this.recordsV13(crypto, "AES-256-CCM", aeadParameters(AeadAlgorithm.aes256Ccm)),
            await this.recordsV13(crypto, "AES-128-GCM", AES_128_GCM()),
            await this.recordsV13(crypto, "ChaCha20-Poly1305", CHACHA20_POLY1305()),
        ]
    }

    /** The primitives that a sensor with DTLS 1.3 needs. */
    async ofSensorV13(crypto: CryptoV13): Promise<string[]> {
        return [
            await this.secrets(crypto, "SHA-256", SHA_256()),
            await this.recordsV13(crypto, "AES-128-CCM", AES_128_CCM()),
        ]
    }

    /** The primitives that a sensor needs: SHA-256 and AES-CCM. */
    async ofSensor(): Promise<string[]> {
        return [
            await this.hash("SHA-256", HashAlgorithm.sha256),
            await this.hmac("HMAC-SHA-256 and P_hash", HashAlgorithm.sha256),
            await this.aead("AES-128-CCM-8", AeadAlgorithm.aes128Ccm8, 16),
            await this.aead("AES-256-CCM", AeadAlgorithm.aes256Ccm, 32),
        ]
    }

    /** One line for each primitive that the provider supports: name, count, digest. */
    async all(): Promise<string[]> {
        const lines = [
            await this.hash("SHA-256", HashAlgorithm.sha256),
            await this.hmac("HMAC-SHA-256 and P_hash", HashAlgorithm.sha256),
        ]
        if (this.crypto.hasHash(HashAlgorithm.sha384)) {
            lines.push(await this.hash("SHA-384", HashAlgorithm.sha384))
            lines.push(await this.hmac("HMAC-SHA-384 and P_hash", HashAlgorithm.sha384))
        }
        lines.push(await this.aead("AES-128-CCM-8", AeadAlgorithm.aes128Ccm8, 16))
        lines.push(await this.aead("AES-256-CCM-8", AeadAlgorithm.aes256Ccm8, 32))
        lines.push(await this.aead("AES-128-CCM", AeadAlgorithm.aes128Ccm, 16))
        lines.push(await this.aead("AES-256-CCM", AeadAlgorithm.aes256Ccm, 32))
        lines.push(await this.aead("AES-128-GCM", AeadAlgorithm.aes128Gcm, 16))
        lines.push(await this.aead("AES-256-GCM", AeadAlgorithm.aes256Gcm, 32))
        lines.push(await this.aead("ChaCha20-Poly1305", AeadAlgorithm.chacha20Poly1305, 32))
        lines.push(await this.records())
        return lines
    }
}

function plaintextAt(protection: RecordProtection, datagram: Buffer, at: number): Buffer | undefined {
    const sequence = protection.sequenceOf(datagram, at, datagram.length, 0)
    if (sequence < 0) return undefined
    return protection.openRecord(datagram, at, at + protection.lengthOf(datagram, at), sequence) ?? undefined
}

/** Opens all records in order: numbers, lengths, types and contents. */
function readAll(fold: Fold, read: RecordProtection, datagram: Buffer, expected: number): void {
    let at = 0
    while (at < datagram.length) {
        const sequence = read.sequenceOf(datagram, at, datagram.length, expected)
        fold.add(Buffer.from("" + sequence))
        if (sequence < 0) return
        const end = at + read.lengthOf(datagram, at)
        const plaintext = read.openRecord(datagram, at, end, sequence) ?? undefined
        fold.add(plaintext === undefined ? undefined : join([Buffer.from([read.openedType()]), plaintext]))
        at = end
    }
}
