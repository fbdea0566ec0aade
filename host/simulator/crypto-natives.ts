import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { protectByAead } from "../../src/dtls/record/v12/cid-protection.js"
import { AeadAlgorithm, aeadParameters, HashAlgorithm, hashParameters } from "../../src/dtls/crypto/algorithms.js"
import { type Aead, type RecordProtection } from "../../src/dtls/crypto/provider.js"
import { extractedSecret, HashedSecret } from "../../src/dtls/crypto/v13/key-schedule.js"
import { ProtectionV13, recordKeys } from "../../src/dtls/record/v13/protection.js"
import { MAX_SEQUENCE } from "../../src/dtls/record/record-layer.js"
import { MAX_PLAINTEXT, RECORD_HEADER_LENGTH } from "../../src/dtls/wire/record-header.js"
import { NodeCryptoProvider } from "../../src/platform/node/crypto.js"
import { unwrapKey, WrappedKind, wrapKey } from "../../src/platform/node/wrap.js"
import { Handles, HIGHEST_HANDLE, RecordKeys, RunningHash } from "./handles.js"
import { KeyPair, verify } from "./key-pair.js"
import { type NativeCall, NativeError } from "./native-call.js"
import { Word } from "../abi/abi.js"
import { type BufferNatives, type NativesNamed } from "./natives.js"

const NONCE_LENGTH = 12
const MOST_TEXT = 16640
const STATE_LENGTH = 32
const STATE_ID_LENGTH = 25
const STATE_TYPE = 26
const hashes = [HashAlgorithm.sha256, HashAlgorithm.sha384]
const aeads = [
    AeadAlgorithm.aes128Ccm8,
    AeadAlgorithm.aes256Ccm8,
    AeadAlgorithm.aes128Ccm,
    AeadAlgorithm.aes256Ccm,
    AeadAlgorithm.aes128Gcm,
    AeadAlgorithm.chacha20Poly1305,
    AeadAlgorithm.aes256Gcm,
]

function hashAlgorithm(call: NativeCall): HashAlgorithm {
    const number = call.integer(0, "algorithm", 0, 15)
    if (!hashes.includes(number)) throw call.rangeError("algorithm", "a hash the machine has")
    return number
}

function newHash(algorithm: HashAlgorithm): RunningHash {
    return new RunningHash(createHash(algorithm === HashAlgorithm.sha384 ? "sha384" : "sha256"))
}

function aeadOf(call: NativeCall, number: AeadAlgorithm): AeadAlgorithm {
    if (!aeads.includes(number)) throw call.rangeError("algorithm", "an AEAD the machine has")
    return number
}

/** The packed record state, see natives.ts. */
function packedState(call: NativeCall): Buffer {
    const view = call.target(0, "state")
    if (view.length < STATE_LENGTH || view.length !== STATE_LENGTH + view[STATE_ID_LENGTH])
        throw call.rangeError("state", "32 bytes and the connection id")
    return Buffer.from(view.buffer, view.byteOffset, view.length)
}

/** Unpacks a state of DTLS 1.2. */
function recordState(call: NativeCall, handles: Handles): { state: Buffer; protection: RecordProtection } {
    const state = packedState(call)
    const aead = handles.byNumber(state.readUInt16BE(1))
    const [ivLength, explicitLength] = state.subarray(23, 25)
    const fits = (ivLength === 4 && explicitLength === 8) || (ivLength === NONCE_LENGTH && explicitLength === 0)
    const id = Buffer.from(state.subarray(STATE_LENGTH))
    const isKnown = state[0] === (id.length > 0 ? 2 : 1)
    if (!isKnown || aead === undefined || !fits) throw call.rangeError("state", "of a known form with an open AEAD")
    const iv = Buffer.from(state.subarray(11, 11 + ivLength))
    return { state, protection: protectByAead(aead, state.readUInt16BE(3), iv, id) }
}

const STATE_FORM_V13 = 3
const STATE_RECORD_LENGTH = 28

function isV13(call: NativeCall): boolean {
    return call.values.bytesOf(call.args[0])?.[0] === STATE_FORM_V13
}

/** @param reading whether it opens records or seals them */
function stateV13(call: NativeCall, handles: Handles, reading: boolean): { state: Buffer; protection: ProtectionV13 } {
    const state = packedState(call)
    const keys = handles.recordKeys(state.readUInt16BE(1))
    if (keys === undefined) throw call.rangeError("state", "of a known form with open keys")
    const id = Buffer.from(state.subarray(STATE_LENGTH))
    const context = { ...keys, epoch: state.readUInt16BE(3), id, reading, ids: undefined }
    return { state, protection: new ProtectionV13(recordKeys(new NodeCryptoProvider(), context), context) }
}

/** Bytes [offset, end) of a datagram. */
interface DatagramRange {
    datagram: Buffer
    offset: number
    end: number
}

function rangeOf(call: NativeCall): DatagramRange {
    const datagram = Buffer.from(call.buffer(1, "datagram"))
    const end = call.integer(3, "end", 0, datagram.length)
    return { datagram, offset: call.integer(2, "offset", 0, end), end }
}

function receiving(call: NativeCall, handles: Handles): { state: Buffer; protection: RecordProtection } {
    return isV13(call) ? stateV13(call, handles, true) : recordState(call, handles)
}

/** A Buffer other than the record state, whose key and numbers would otherwise be overwritten. */
function otherTarget(call: NativeCall, index: number, name: string): Uint8Array {
    const target = call.target(index, name)
    if (call.args[index] === call.args[0]) throw call.rangeError(name, "another Buffer than the state")
    return target
}

/** @returns the sequence number for a record sealed in place; increments it in the state */
function takeNumber(call: NativeCall, state: Buffer): number {
    const sequence = state.readUIntBE(5, 6)
    if (sequence === MAX_SEQUENCE) throw call.rangeError("state", "below the last sequence number")
    state.writeUIntBE(sequence + 1, 5, 6)
    return sequence
}

function sealRecords(call: NativeCall, handles: Handles): Buffer {
    const { state, protection } = isV13(call) ? stateV13(call, handles, false) : recordState(call, handles)
    const type = call.integer(1, "type", 0, 255)
    const sequence = call.integer(2, "sequence", 0, MAX_SEQUENCE)
    const messages = call.buffers(3, "messages")
    if (messages.length < 1 || messages.length > 64) throw call.rangeError("messages", "1 to 64 Buffers")
    if (messages.some(({ byteOffset }) => byteOffset === state.byteOffset))
        throw call.rangeError("messages", "other Buffers than the state")
    if (messages.some(({ length }) => length > MAX_PLAINTEXT))
        throw call.rangeError("messages", `at most ${MAX_PLAINTEXT} bytes each`)
    if (sequence + messages.length > MAX_SEQUENCE) throw call.rangeError("sequence", "below the last sequence number")
    const copies = messages.map((message) => Buffer.from(message))
    return protection.sealRecords(type, sequence, copies, call.args[4] === Word.TRUE)
}

function sequenceOf(call: NativeCall, handles: Handles): number {
    const { state, protection } = receiving(call, handles)
    const { datagram, offset, end } = rangeOf(call)
    const sequence = protection.sequenceOf(datagram, offset, end, call.integer(4, "expected", 0, MAX_SEQUENCE))
    if (sequence >= 0 && isV13(call)) state.writeUInt16BE(protection.lengthOf(datagram, offset), STATE_RECORD_LENGTH)
    return sequence
}

function openRecord(call: NativeCall, handles: Handles): Buffer | null | undefined {
    const { state, protection } = receiving(call, handles)
    const { datagram, offset, end } = rangeOf(call)
    const sequence = call.integer(4, "sequence", 0, MAX_SEQUENCE)
    const plaintext = protection.openRecord(datagram, offset, end, sequence)
    if (plaintext !== undefined && plaintext !== null) state[STATE_TYPE] = protection.openedType()
    return plaintext
}

function headerLength(state: Buffer): number {
    return RECORD_HEADER_LENGTH + state[STATE_ID_LENGTH]
}

/** In DTLS 1.2 the header contains the sequence number. */
function plaintextAt(
    protection: RecordProtection,
    state: Buffer,
    datagram: Buffer,
    offset: number,
): Buffer | undefined {
    const sequence = protection.sequenceOf(datagram, offset, datagram.length, 0)
    if (sequence < 0) return undefined
    const end = offset + protection.lengthOf(datagram, offset)
    const plaintext = protection.openRecord(datagram, offset, end, sequence) ?? undefined
    if (plaintext !== undefined) state[STATE_TYPE] = protection.openedType()
    return plaintext
}

function sealInPlace(call: NativeCall, handles: Handles): number {
    const { state, protection } = recordState(call, handles)
    const type = call.integer(1, "type", 0, 255)
    const target = otherTarget(call, 2, "target")
    const offset = call.integer(3, "offset", 0, target.length)
    const length = call.integer(4, "length", 0, MAX_PLAINTEXT)
    const start = offset + headerLength(state) + state[24]
    if (target.length < offset + protection.overhead + length)
        throw call.rangeError("target", "long enough for the record")
    const message = Buffer.from(target.subarray(start, start + length))
    const record = protection.sealRecords(type, takeNumber(call, state), [message])
    target.set(record, offset)
    return record.length
}

function openInPlace(call: NativeCall, handles: Handles): number {
    const { state, protection } = recordState(call, handles)
    const datagram = otherTarget(call, 1, "datagram")
    const offset = call.integer(2, "offset", 0, datagram.length)
    if (datagram.length - offset < headerLength(state)) return -1
    const start = offset + headerLength(state) + state[24]
    const tagLength = (handles.byNumber(state.readUInt16BE(1)) as Aead).tagLength
    const end = offset + protection.lengthOf(Buffer.from(datagram), offset) - tagLength
    const plaintext = plaintextAt(protection, state, Buffer.from(datagram), offset)
    if (plaintext !== undefined) datagram.set(plaintext, start)
    else if (end + tagLength <= datagram.length) datagram.fill(0, start, Math.max(start, end))
    return plaintext === undefined ? -1 : plaintext.length
}

function wrap(call: NativeCall, handles: Handles): Buffer {
    const handle = call.integer(0, "handle", 1, HIGHEST_HANDLE)
    const wrapper = handles.wrapper(call, 1)
    const key = handles.wrappable(handle)
    if (key === wrapper) throw call.rangeError("handle", "another key than the wrapper")
    if (key === undefined) throw call.rangeError("handle", "an open AEAD, key pair or secret")
    if (key instanceof HashedSecret) return new NodeCryptoProvider().wrapSecret(key, wrapper)
    return key instanceof KeyPair ? wrapKey(key.bare(), wrapper) : new NodeCryptoProvider().wrapAead(key, wrapper)
}

function unwrap(call: NativeCall, handles: Handles): number | undefined {
    const wrapped = Buffer.from(call.buffer(0, "wrapped"))
    const wrapper = handles.wrapper(call, 1)
    const key = unwrapKey(wrapped, wrapper)
    if (key === undefined) return undefined
    const provider = new NodeCryptoProvider()
    const hash = hashes.find((number) => (number as number) === key.number)
    if (key.kind === WrappedKind.secret && hash !== undefined && hashParameters(hash).length === key.secret.length)
        return handles.add(new HashedSecret(provider, hashParameters(hash), key.secret))
    const isAead = key.kind === WrappedKind.aead && aeads.includes(key.number)
    const isPair = key.kind === WrappedKind.keyPair && key.secret.length === 32
    const object = isAead
        ? keyed(call, () => provider.newAead(key.number, key.secret))
        : isPair
          ? KeyPair.ofBare(key.number, key.secret)
          : undefined
    if (object === undefined) throw new NativeError("Error", "this device has no such key")
    return handles.add(object)
}

/** Devices accept no more than a record can contain. */
function limited(call: NativeCall, index: number, name: string): Buffer {
    const bytes = call.buffer(index, name)
    if (bytes.length > MOST_TEXT) throw call.rangeError(name, `at most ${MOST_TEXT} bytes`)
    return Buffer.from(bytes)
}

/** Converts the error for a key of the wrong length. */
function keyed<T>(call: NativeCall, make: () => T): T {
    try {
        return make()
    } catch (error) {
        throw error instanceof RangeError ? call.rangeError("key", "as long as the algorithm's") : error
    }
}

function keyNatives(handles: Handles): NativesNamed<"_moteKey"> {
    return {
        _moteKeyNew: (call) => {
            const group = call.integer(0, "group", 0, 65535)
            if (!KeyPair.hasGroup(group)) throw call.rangeError("group", "23 (secp256r1) or 29 (x25519)")
            return handles.add(KeyPair.generate(group))
        },
        _moteKeyImport: (call) => {
            const pair = KeyPair.import(Buffer.from(call.sized(0, "privateKey", 32)))
            if (pair === undefined) throw call.rangeError("privateKey", "a number below the order of P-256, and not 0")
            return handles.add(pair)
        },
        _moteKeyPublic: (call) => handles.key(call, 0, "any").publicKey,
        _moteKeyAgree: (call) => handles.key(call, 0, "agrees").agree(Buffer.from(call.buffer(1, "peer"))),
        _moteKeySign: (call) => handles.key(call, 0, "signs").sign(Buffer.from(call.buffer(1, "data"))),
        _moteKeyVerify: (call) =>
            verify(
                Buffer.from(call.sized(0, "publicKey", 65)),
                Buffer.from(call.buffer(1, "data")),
                Buffer.from(call.sized(2, "signature", 64)),
            ),
    }
}

/** The label, and the value expanded with it. */
function labelOf(call: NativeCall): string {
    const label = call.text(1, "label")
    if (Buffer.byteLength(label) > 249) throw call.rangeError("label", "at most 249 bytes")
    return label
}

function contextOf(call: NativeCall): Buffer {
    const context = Buffer.from(call.buffer(2, "context"))
    if (context.length > 255) throw call.rangeError("context", "at most 255 bytes")
    return context
}

function secretNatives(handles: Handles): NativesNamed<"_moteSecret"> {
    const provider = new NodeCryptoProvider()
    return {
        _moteSecretNew: (call) => {
            const hash = hashParameters(hashAlgorithm(call))
            return handles.add(extractedSecret(provider, hash, Buffer.from(call.buffer(1, "input"))))
        },
        _moteSecretNext: (call) => handles.add(handles.secret(call).nextSecret(Buffer.from(call.buffer(1, "input")))),
        _moteSecretDerive: (call) => handles.add(handles.secret(call).deriveSecret(labelOf(call), contextOf(call))),
        _moteSecretExpand: (call) => {
            const secret = handles.secret(call)
            const [label, context] = [labelOf(call), contextOf(call)]
            return secret.expandLabel(label, context, call.integer(3, "length", 0, 255 * secret.hash.length))
        },
        _moteSecretVerifyData: (call) =>
            handles.secret(call).verifyData(labelOf(call), Buffer.from(call.buffer(2, "hash"))),
    }
}

/**
 * The cryptographic natives of src/platform/runtime/natives.ts on node:crypto.
 * @param random of `_moteRandom`; undefined: node:crypto's
 */
export function cryptoNatives(
    random?: (length: number) => Uint8Array,
): NativesNamed<
    "_moteCrypto" | "_moteRandom" | "_moteHash" | "_moteHmac" | "_moteAead" | "_moteKey" | "_moteRecord" | "_moteSecret"
> {
    const provider = new NodeCryptoProvider()
    const handles = new Handles()
    const has = aeads.reduce((bits, number) => bits | (1 << number), 0)
    const hasHash = hashes.reduce((bits, number) => bits | (1 << (16 + number)), 0)
    return {
        _moteCryptoHas: () => has | hasHash,
        _moteRandom: (call) => {
            const target = call.target(0, "target")
            target.set(random?.(target.length) ?? provider.random(target.length))
            return undefined
        },
        _moteHashNew: (call) => handles.add(newHash(hashAlgorithm(call))),
        _moteHashUpdate: (call) => void handles.hash(call, 0).update(Buffer.from(call.buffer(1, "data"))),
        _moteHashClone: (call) => handles.add(handles.hash(call, 0).clone()),
        _moteHashDigest: (call) => {
            const digest = handles.hash(call, 0).digest()
            handles.close(call, 0)
            return digest
        },
        _moteHmacNew: (call) => {
            const algorithm = hashAlgorithm(call)
            return handles.add(provider.newHmac(algorithm, Buffer.from(call.buffer(1, "key"))))
        },
        _moteHmacSign: (call) => handles.hmac(call, 0).sign(Buffer.from(call.buffer(1, "data"))),
        _moteHmacExpand: (call) => {
            const hmac = handles.hmac(call, 0)
            const seed = Buffer.from(call.buffer(1, "seed"))
            return hmac.expand(seed, call.integer(2, "length", 0, 8160))
        },
        _moteAeadNew: (call) => {
            const number = call.integer(0, "algorithm", 0, 15)
            const key = Buffer.from(call.buffer(1, "key"))
            const algorithm = aeadOf(call, number)
            return handles.add(keyed(call, () => provider.newAead(algorithm, key)))
        },
        _moteAeadSeal: (call) => {
            const aead = handles.aead(call, 0)
            const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
            const aad = limited(call, 2, "aad")
            return aead.seal(nonce, aad, limited(call, 3, "plaintext"))
        },
        _moteAeadOpen: (call) => {
            const aead = handles.aead(call, 0)
            const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
            const aad = limited(call, 2, "aad")
            return aead.open(nonce, aad, limited(call, 3, "ciphertext"))
        },
        ...keyNatives(handles),
        _moteCryptoOwned: {
            run: (call) => handles.own(call),
            collected: (isAlive) => handles.collected(isAlive),
            ended: () => handles.closeAll(),
        },
        _moteCryptoWrap: (call) => wrap(call, handles),
        _moteCryptoUnwrap: (call) => unwrap(call, handles),
        ...secretNatives(handles),
        _moteRecordKeys: (call) => {
            const secret = handles.secret(call)
            const number = call.integer(1, "algorithm", 0, 15)
            if (!aeads.includes(number)) throw call.rangeError("algorithm", "an AEAD that the machine has for DTLS 1.3")
            const own = new HashedSecret(provider, secret.hash, Buffer.from(secret.bytes))
            return handles.add(new RecordKeys(own, aeadParameters(number)))
        },
        _moteRecordSealInPlace: (call) => sealInPlace(call, handles),
        _moteRecordOpenInPlace: (call) => openInPlace(call, handles),
        _moteCryptoClose: (call) => handles.close(call, 0),
        _moteRecordSeal: (call) => sealRecords(call, handles),
        _moteRecordSequence: (call) => sequenceOf(call, handles),
        _moteRecordOpen: (call) => openRecord(call, handles),
    }
}

const CCM_KEY = 32
const CCM_NONCE = 13
const DECRYPT = 0x1000

function readable(call: NativeCall, value: number): Uint8Array | undefined {
    const text = call.values.textOf(value)
    return call.values.bytesOf(value) ?? (text === undefined ? undefined : Buffer.from(text))
}

function digest(call: NativeCall): Buffer | undefined {
    if (call.values.textOf(call.args[1]) !== "sha256") return undefined
    const items = call.values.itemsOf(call.args[2])
    if (items === undefined) throw new NativeError("TypeError", "expecting array")
    const key = readable(call, call.args[0])
    const hash = key === undefined ? createHash("sha256") : createHmac("sha256", Buffer.from(key))
    for (const item of items) {
        const part = readable(call, item)
        if (part === undefined) throw new NativeError("TypeError", "expecting buffer or string")
        hash.update(part)
    }
    return hash.digest()
}

function encrypt(call: NativeCall): Buffer | undefined {
    const [algorithm, keyValue, ivValue] = call.args
    const data = readable(call, call.receiver)
    const key = call.values.bytesOf(keyValue)
    const iv = call.values.bytesOf(ivValue)
    const option = call.integer(3, "tagLength", 0, 2 * DECRYPT)
    const authTagLength = option & (DECRYPT - 1)
    const fits = key?.length === CCM_KEY && iv?.length === CCM_NONCE && [4, 8, 16].includes(authTagLength)
    if (data === undefined || !fits || call.values.textOf(algorithm) !== "aes-256-ccm") return undefined
    const secret = Buffer.from(key)
    if (option < DECRYPT) {
        const cipher = createCipheriv("aes-256-ccm", secret, Buffer.from(iv), { authTagLength })
        const sealed = Buffer.concat([cipher.update(data), cipher.final()])
        return Buffer.concat([sealed, cipher.getAuthTag()])
    }
    const length = data.length - authTagLength
    if (length < 0)
        throw new NativeError("Error", `encrypted data (len=${data.length}) shorter than tagLen (${authTagLength})`)
    const decipher = createDecipheriv("aes-256-ccm", secret, Buffer.from(iv), { authTagLength })
    decipher.setAuthTag(data.subarray(length))
    try {
        return Buffer.concat([decipher.update(data.subarray(0, length)), decipher.final()])
    } catch {
        throw new NativeError("Error", "encryption tag mismatch")
    }
}

/** Buffer.digest and Buffer.prototype.encrypt, which @devicescript/crypto calls. */
export function bufferNatives(): BufferNatives {
    return {
        digest: digest,
        encrypt: encrypt,
    }
}
