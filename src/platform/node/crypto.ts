import * as nodeCrypto from "node:crypto"
import {
    AeadAlgorithm,
    type AeadParameters,
    aeadParameters,
    type HashAlgorithm,
    type HashParameters,
} from "../../dtls/crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type KeyWrapping,
    type RecordNumberCipher,
    type RecordNumberCiphers,
    type RecordProtection,
} from "../../dtls/crypto/provider.js"
import { extractedSecret, HashedSecret } from "../../dtls/crypto/v13/key-schedule.js"
import {
    type CryptoV13,
    type ProtectionWithId,
    type RecordContext,
    type Secret,
} from "../../dtls/crypto/v13/provider.js"
import { ProtectionV13, recordKeys } from "../../dtls/record/v13/protection.js"
import { Ccm } from "./ccm.js"
import { kindOfHash, NodeHash, NodeHmac } from "./hash.js"
import { randomOf } from "./random.js"
import { type RecordAead, Records } from "./records.js"
import { type CipherHolder, hold, release, RECORDS_WITHOUT } from "./kept-ciphers.js"
import { KeptSecret } from "./secret.js"
import { unwrapKey, WrappedKind, wrapKey } from "./wrap.js"

/**
 * An empty Buffer that has memory: OpenSSL ignores a call with a null pointer, as from `new Uint8Array(0)`, and CCM
 * then computes no tag.
 */
const NO_BYTES = Buffer.alloc(1).subarray(1)

/** What all keys of an AEAD share. */
interface Kind {
    parameters: AeadParameters
    isCcm: boolean
    options: { authTagLength: number }
    /** OpenSSL supports it */
    isThere: boolean
}

const ciphers = new Set(nodeCrypto.getCiphers())

function isThere(name: string): boolean {
    return ciphers.has(name) || ciphers.has(name.replace(/^aes-(\d+)-(ccm|gcm)$/, "id-aes$1-$2"))
}

const kinds = new Map<AeadAlgorithm, Kind>()

function kindOf(algorithm: AeadAlgorithm): Kind {
    const known = kinds.get(algorithm)
    if (known !== undefined) return known
    const parameters = aeadParameters(algorithm)
    const { opensslName, tagLength } = parameters
    const isCcm = opensslName.endsWith("ccm")
    const kind = { parameters, isCcm, options: { authTagLength: tagLength }, isThere: isThere(opensslName) }
    kinds.set(algorithm, kind)
    return kind
}

class NodeAead implements RecordAead {
    readonly tagLength: number
    private kind: Kind
    #key: KeptSecret
    private records = 0
    private ccm: Ccm | undefined

    constructor(
        private algorithm: AeadAlgorithm,
        key: Buffer,
    ) {
        this.kind = kindOf(algorithm)
        const { keyLength, tagLength } = this.kind.parameters
        if (key.length !== keyLength) throw new RangeError(`key: ${keyLength} bytes, not ${key.length}`)
        this.#key = new KeptSecret(key)
        this.tagLength = tagLength
    }

    /** Undefined: node:crypto creates a cipher for the record. */
    private keptFor(length: number, additional: number): Ccm | undefined {
        if (this.records++ < RECORDS_WITHOUT || !this.kind.isCcm) return undefined
        this.ccm ??= new Ccm(this.kind.parameters.opensslName, this.#key, this.tagLength)
        return this.ccm.takes(length, additional) ? this.ccm : undefined
    }

    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        const sealed = Buffer.allocUnsafe(plaintext.length + this.tagLength)
        this.sealInto(sealed, 0, nonce, aad, plaintext)
        return sealed
    }

    sealInto(target: Buffer, at: number, nonce: Buffer, aad: Buffer, plaintext: Buffer): void {
        const ccm = this.keptFor(plaintext.length, aad.length)
        if (ccm !== undefined) return ccm.sealInto(target, at, nonce, aad, plaintext)
        // The cast picks one overload: all these modes share the calls used here.
        const cipher = nodeCrypto.createCipheriv(
            this.kind.parameters.opensslName as "aes-128-ccm",
            this.#key.view(),
            nonce,
            this.kind.options,
        )
        cipher.setAAD(aad, { plaintextLength: plaintext.length })
        target.set(cipher.update(plaintext.length === 0 ? NO_BYTES : plaintext), at)
        cipher.final()
        target.set(cipher.getAuthTag(), at + plaintext.length)
    }

    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const length = ciphertext.length - this.tagLength
        if (length < 0) return undefined
        const ccm = this.keptFor(length, aad.length)
        if (ccm !== undefined) return ccm.open(nonce, aad, ciphertext)
        const decipher = nodeCrypto.createDecipheriv(
            this.kind.parameters.opensslName as "aes-128-ccm",
            this.#key.view(),
            nonce,
            this.kind.options,
        )
        decipher.setAuthTag(ciphertext.subarray(length))
        decipher.setAAD(aad, { plaintextLength: length })
        try {
            const plaintext = decipher.update(ciphertext.subarray(0, length))
            decipher.final()
            return plaintext
        } catch {
            // the only way that node:crypto reports a record that is not authentic
            return undefined
        }
    }

    /** The key, sealed by another AEAD. */
    wrap(wrapper: Aead): Buffer {
        return wrapKey({ kind: WrappedKind.aead, number: this.algorithm, secret: this.#key.view() }, wrapper)
    }

    close(): void {
        this.ccm?.close()
        this.#key.erase()
    }
}

/** Record number encryption, RFC 9147 §4.2.3. */
class NodeRecordNumberCipher implements RecordNumberCipher, CipherHolder {
    #key: KeptSecret
    private records = 0
    private kept: nodeCrypto.Cipher | undefined
    private name: string

    constructor(algorithm: AeadAlgorithm, key: Buffer) {
        const { opensslName, keyLength } = kindOf(algorithm).parameters
        if (key.length !== keyLength) throw new RangeError(`key: ${keyLength} bytes, not ${key.length}`)
        this.#key = new KeptSecret(key)
        this.name = algorithm === AeadAlgorithm.chacha20Poly1305 ? "chacha20" : opensslName.replace(/-[a-z]+$/, "-ecb")
    }

    mask(sample: Buffer): Buffer {
        if (sample.length !== 16) throw new RangeError(`sample: 16 bytes, not ${sample.length}`)
        const cipher = this.kept ?? this.newCipher(sample)
        // OpenSSL's ChaCha20 takes counter and nonce as one value; AES has no IV and encrypts the sample as its block.
        return cipher.update(this.isStream() ? Buffer.alloc(2) : sample).subarray(0, 2)
    }

    private isStream(): boolean {
        return this.name === "chacha20"
    }

    private newCipher(sample: Buffer): nodeCrypto.Cipher {
        const isStream = this.isStream()
        const cipher = nodeCrypto.createCipheriv(this.name, this.#key.view(), isStream ? sample : null)
        if (isStream || this.records++ < RECORDS_WITHOUT) return cipher
        cipher.setAutoPadding(false)
        hold(this)
        this.kept = cipher
        return cipher
    }

    giveUp(): void {
        this.kept?.final()
        this.kept = undefined
    }

    close(): void {
        release(this)
        this.giveUp()
        this.#key.erase()
    }
}

/** CryptoProvider on node:crypto. */
export class NodeCryptoProvider implements CryptoProvider, RecordNumberCiphers, CryptoV13, KeyWrapping {
    hasHash(_algorithm: HashAlgorithm): boolean {
        return true
    }

    hasAead(algorithm: AeadAlgorithm): boolean {
        return kindOf(algorithm).isThere
    }

    newHash(algorithm: HashAlgorithm): Hash {
        return new NodeHash(nodeCrypto.createHash(kindOfHash(algorithm).name))
    }

    newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac {
        return new NodeHmac(kindOfHash(algorithm), key)
    }

    newAead(algorithm: AeadAlgorithm, key: Buffer): Aead {
        return new NodeAead(algorithm, key)
    }

    newRecordNumberCipher(algorithm: AeadAlgorithm, key: Buffer): RecordNumberCipher {
        return new NodeRecordNumberCipher(algorithm, key)
    }

    wrapAead(aead: Aead, wrapper: Aead): Buffer {
        if (aead === wrapper) throw new RangeError("wrapper: another AEAD than the wrapped one")
        return (aead as NodeAead).wrap(wrapper)
    }

    unwrapAead(wrapped: Buffer, wrapper: Aead): Aead | undefined {
        const key = unwrapKey(wrapped, wrapper)
        return key?.kind === WrappedKind.aead ? this.newAead(key.number, key.secret) : undefined
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return new Records(aead as NodeAead, epoch, iv, id)
    }

    newSecret(hash: HashParameters, psk: Buffer): Secret {
        return extractedSecret(this, hash, psk)
    }

    newProtectionV13(context: RecordContext): ProtectionWithId {
        return new ProtectionV13(recordKeys(this, context), context)
    }

    wrapSecret(secret: Secret, wrapper: Aead): Buffer {
        const { hash, bytes } = secret as HashedSecret
        return wrapKey({ kind: WrappedKind.secret, number: hash.algorithm, secret: bytes }, wrapper)
    }

    unwrapSecret(wrapped: Buffer, wrapper: Aead, hash: HashParameters): Secret | undefined {
        const key = unwrapKey(wrapped, wrapper)
        if (key?.kind !== WrappedKind.secret || key.number !== (hash.algorithm as number)) return undefined
        return new HashedSecret(this, hash, key.secret)
    }

    random(length: number): Buffer {
        return randomOf(length)
    }
}
