import * as ds from "@devicescript/core"
import { blit, wipe } from "../../dtls/bytes/bytes.js"
import { writeUint } from "../../dtls/bytes/integers.js"
import {
    type AeadAlgorithm,
    type AeadParameters,
    aeadParameters,
    type HashAlgorithm,
} from "../../dtls/crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type Hash,
    type Hmac,
    type KeyWrapping,
    type OpenedRecord,
    type RecordNumberCipher,
    type RecordNumberCiphers,
    type RecordProtection,
    type WriteKeys,
} from "../../dtls/crypto/provider.js"
import { RECORD_HEADER_LENGTH, recordLength } from "../../dtls/wire/record-header.js"
import "./natives.js"

/** @devsWhenUsed */
class RuntimeHash implements Hash {
    private handle: number

    constructor(handle: number) {
        this.handle = ds._moteCryptoOwned(handle, this)
    }

    update(data: Buffer): void {
        ds._moteHashUpdate(this.handle, data)
    }

    digestSoFar(): Buffer {
        return ds._moteHashDigest(ds._moteHashClone(this.handle))
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
    private handle: number

    constructor(handle: number) {
        this.handle = ds._moteCryptoOwned(handle, this)
    }

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
    handle: number

    constructor(
        handle: number,
        public tagLength: number,
    ) {
        this.handle = ds._moteCryptoOwned(handle, this)
    }

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

/** @devsWhenUsed */
class RuntimeRecordNumberCipher implements RecordNumberCipher {
    private handle: number

    constructor(handle: number) {
        this.handle = ds._moteCryptoOwned(handle, this)
    }

    mask(sample: Buffer): Buffer {
        return ds._moteRecordMask(this.handle, sample)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/** Where things stand in the packed state of the record natives (natives.ts). */
const STATE_LENGTH = 32
const STATE_SEQUENCE = 5
const STATE_IV = 11

/**
 * Whole records by one native call.
 * @devsWhenUsed
 */
class RuntimeProtection implements RecordProtection {
    private state = Buffer.alloc(STATE_LENGTH)
    private handle: number
    overhead: number

    constructor(
        aead: AeadParameters,
        private epoch: number,
        keys: WriteKeys,
    ) {
        const { key, iv } = keys
        this.overhead = RECORD_HEADER_LENGTH + aead.explicitNonceLength + aead.tagLength
        this.handle = ds._moteCryptoOwned(ds._moteAeadNew(aead.algorithm, key), this)
        wipe(key)
        const state = this.state
        state[0] = 1
        state[1] = this.handle >> 8
        state[2] = this.handle & 255
        state[4] = epoch
        blit(state, STATE_IV, iv, 0, iv.length)
        wipe(iv)
        state[23] = iv.length
        state[24] = aead.explicitNonceLength
    }

    seal(type: number, sequence: number, messages: Buffer[]): Buffer {
        writeUint(this.state, STATE_SEQUENCE, sequence, 6)
        return ds._moteRecordSeal(this.state, type, messages)
    }

    sequenceOf(datagram: Buffer, at: number, end: number, _expected: number): number {
        return ds._moteRecordSequence(this.state, datagram, at, end)
    }

    lengthOf(datagram: Buffer, at: number): number {
        return recordLength(datagram, at)
    }

    open(datagram: Buffer, at: number, _sequence: number): OpenedRecord | undefined {
        const plaintext = ds._moteRecordOpen(this.state, datagram, at)
        return plaintext === undefined ? undefined : { type: datagram[at], epoch: this.epoch, plaintext }
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
export class RuntimeCryptoProvider implements CryptoProvider, RecordNumberCiphers, KeyWrapping {
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
        return new RuntimeAead(ds._moteAeadNew(algorithm, key), aeadParameters(algorithm).tagLength)
    }

    newRecordNumberCipher(algorithm: AeadAlgorithm, key: Buffer): RecordNumberCipher {
        return new RuntimeRecordNumberCipher(ds._moteRecordMaskNew(algorithm, key))
    }

    wrapAead(aead: Aead, wrapper: Aead): Buffer {
        return ds._moteCryptoWrap((aead as RuntimeAead).handle, (wrapper as RuntimeAead).handle)
    }

    unwrapAead(wrapped: Buffer, wrapper: Aead): Aead | undefined {
        const handle = ds._moteCryptoUnwrap(wrapped, (wrapper as RuntimeAead).handle)
        // The algorithm stands in the header, which was sealed with the key.
        return handle === undefined ? undefined : new RuntimeAead(handle, aeadParameters(wrapped[2]).tagLength)
    }

    newProtection(aead: AeadParameters, epoch: number, keys: WriteKeys): RecordProtection {
        return new RuntimeProtection(aead, epoch, keys)
    }

    random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        ds._moteRandom(bytes)
        return bytes
    }
}
