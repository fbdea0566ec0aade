import * as ds from "@devicescript/core"
import { blit, copyOf, wipe } from "../../dtls/bytes/bytes.js"
import { writeUint } from "../../dtls/bytes/integers.js"
import { type AeadAlgorithm, type HashAlgorithm, type HashParameters, tagLength } from "../../dtls/crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type ExportableProtection,
    type Hash,
    type Hmac,
    type KeyWrapping,
    type RecordProtection,
    type WrappedKeys,
} from "../../dtls/crypto/provider.js"
import {
    type CryptoV13,
    type ProtectionWithId,
    type RecordContext,
    type Secret,
} from "../../dtls/crypto/v13/provider.js"
import { RECORD_HEADER_LENGTH, recordLength } from "../../dtls/wire/record-header.js"
import "./natives.js"
import {
    FORM_V12,
    FORM_V12_WITH_ID,
    STATE_EPOCH,
    STATE_EXPLICIT_LENGTH,
    STATE_FORM,
    STATE_HANDLE,
    STATE_ID_LENGTH,
    STATE_IV,
    STATE_IV_LENGTH,
    STATE_LENGTH,
    STATE_TYPE,
} from "./record-state.js"
import { RuntimeProtectionV13, RuntimeSecret } from "./v13/crypto.js"

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

/** The kind of a secret in the output of `_moteCryptoWrap`: firmware/natives/wrap.c. */
const WRAPPED_SECRET = 3

/**
 * Seals and opens whole records by one native call.
 * @devsWhenUsed
 */
class RuntimeProtection implements ExportableProtection {
    private state: Buffer
    private handle: number
    overhead: number

    constructor(aead: RuntimeAead, epoch: number, iv: Buffer, id: Buffer) {
        const idLength = id.length
        const state = Buffer.alloc(STATE_LENGTH + idLength)
        this.state = state
        this.handle = ds._moteCryptoOwned(aead.handle, this)
        this.overhead = RECORD_HEADER_LENGTH + aead.tagLength
        if (iv.length === 4) {
            state[STATE_EXPLICIT_LENGTH] = 8
            this.overhead += 8
        }
        // The id, and the type after the message (RFC 9146 §4).
        if (idLength > 0) this.overhead += idLength + 1
        state[STATE_FORM] = idLength > 0 ? FORM_V12_WITH_ID : FORM_V12
        writeUint(state, STATE_HANDLE, this.handle, 2)
        writeUint(state, STATE_EPOCH, epoch, 2)
        blit(state, STATE_IV, iv, 0, iv.length)
        wipe(iv)
        state[STATE_IV_LENGTH] = iv.length
        state[STATE_ID_LENGTH] = idLength
        blit(state, STATE_LENGTH, id, 0, idLength)
    }

    sealRecords(type: number, sequence: number, messages: Buffer[], endsDatagram: boolean): Buffer {
        return ds._moteRecordSeal(this.state, type, sequence, messages, endsDatagram)
    }

    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number {
        return ds._moteRecordSequence(this.state, datagram, at, end, expected)
    }

    lengthOf(datagram: Buffer, at: number): number {
        const idLength = this.state[STATE_ID_LENGTH]
        return idLength + recordLength(datagram, at + idLength)
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        return ds._moteRecordOpen(this.state, datagram, at, end, sequence)
    }

    openedType(): number {
        return this.state[STATE_TYPE]
    }

    exportKeys(_wrapping: KeyWrapping, wrapper: Aead): WrappedKeys {
        const { state } = this
        const iv = copyOf(state, STATE_IV, STATE_IV + state[STATE_IV_LENGTH])
        return { wrapped: ds._moteCryptoWrap(this.handle, (wrapper as RuntimeAead).handle), iv }
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
        wipe(this.state)
    }
}

/**
 * CryptoProvider on the runtime's natives.
 * @devsWhenUsed
 */
export class RuntimeCryptoProvider implements CryptoProvider, CryptoV13, KeyWrapping {
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
        return new RuntimeAead(ds._moteAeadNew(algorithm, key), tagLength(algorithm))
    }

    newSecret(hash: HashParameters, psk: Buffer): Secret {
        return new RuntimeSecret(ds._moteSecretNew(hash.algorithm, psk))
    }

    newProtectionV13(context: RecordContext): ProtectionWithId {
        return new RuntimeProtectionV13(context)
    }

    wrapSecret(secret: Secret, wrapper: Aead): Buffer {
        return ds._moteCryptoWrap((secret as RuntimeSecret).handle, (wrapper as RuntimeAead).handle)
    }

    unwrapSecret(wrapped: Buffer, wrapper: Aead, hash: HashParameters): Secret | undefined {
        // Kind and hash are in the header, which is authenticated.
        if (wrapped[1] !== WRAPPED_SECRET || wrapped[2] !== hash.algorithm) return undefined
        const handle = ds._moteCryptoUnwrap(wrapped, (wrapper as RuntimeAead).handle)
        return handle === undefined ? undefined : new RuntimeSecret(handle)
    }

    wrapAead(aead: Aead, wrapper: Aead): Buffer {
        return ds._moteCryptoWrap((aead as RuntimeAead).handle, (wrapper as RuntimeAead).handle)
    }

    unwrapAead(wrapped: Buffer, wrapper: Aead): Aead | undefined {
        const handle = ds._moteCryptoUnwrap(wrapped, (wrapper as RuntimeAead).handle)
        // The algorithm is in the header, which is authenticated.
        return handle === undefined ? undefined : new RuntimeAead(handle, tagLength(wrapped[2]))
    }

    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
        return new RuntimeProtection(aead as RuntimeAead, epoch, iv, id)
    }

    random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        ds._moteRandom(bytes)
        return bytes
    }
}
