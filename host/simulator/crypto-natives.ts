import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { type Aead, AeadAlgorithm, type Hash, HashAlgorithm, type Hmac } from "../../src/dtls/crypto/provider.js"
import { NodeCryptoProvider } from "../../src/platform/node/crypto.js"
import { ErrorKind, type Native, type NativeCall, NativeError } from "./machine.js"

const NONCE_LENGTH = 12
const STATE_LENGTH = 32
const HIGHEST_SEQUENCE = 2n ** 48n - 1n

/** Handles of one device's hashes, HMACs and AEADs. */
class Handles {
    private objects = new Map<number, Hash | Hmac | Aead>()
    private last = 0

    add(object: Hash | Hmac | Aead): number {
        this.objects.set(++this.last, object)
        return this.last
    }

    private get(call: NativeCall, index: number, name: string, has: string): Hash | Hmac | Aead {
        const handle = call.integer(index, name, 1, 0x3fffffff)
        const object = this.objects.get(handle)
        if (object === undefined || !(has in object)) throw call.rangeError(name, "an open handle")
        return object
    }

    hash(call: NativeCall, index: number): Hash {
        return this.get(call, index, "hash", "digest") as Hash
    }

    hmac(call: NativeCall, index: number): Hmac {
        return this.get(call, index, "hmac", "sign") as Hmac
    }

    aead(call: NativeCall, index: number): Aead {
        return this.get(call, index, "aead", "seal") as Aead
    }

    byNumber(handle: number): Aead | undefined {
        const object = this.objects.get(handle)
        return object !== undefined && "seal" in object ? object : undefined
    }

    close(call: NativeCall, index: number): undefined {
        const handle = call.integer(index, "handle", 1, 0x3fffffff)
        this.objects.get(handle)?.close()
        this.objects.delete(handle)
    }
}

const hashes = [HashAlgorithm.sha256, HashAlgorithm.sha384]
const aeads = [
    AeadAlgorithm.aes128Ccm8,
    AeadAlgorithm.aes256Ccm8,
    AeadAlgorithm.aes128Ccm,
    AeadAlgorithm.aes256Ccm,
    AeadAlgorithm.aes128Gcm,
    AeadAlgorithm.chacha20Poly1305,
]

function hashAlgorithm(call: NativeCall): HashAlgorithm {
    const number = call.integer(0, "algorithm", 0, 15)
    if (!hashes.includes(number)) throw call.rangeError("algorithm", "a hash the machine has")
    return number
}

function aeadAlgorithm(call: NativeCall): AeadAlgorithm {
    const number = call.integer(0, "algorithm", 0, 15)
    if (!aeads.includes(number)) throw call.rangeError("algorithm", "an AEAD the machine has")
    return number
}

/** What a packed record state says (natives.ts). */
interface RecordState {
    aead: Aead
    epoch: number
    sequence: bigint
    iv: Buffer
    explicitLength: number
    tagLength: number
}

function recordState(call: NativeCall, handles: Handles): { state: Buffer; record: RecordState } {
    const state = Buffer.from(call.sized(0, "state", STATE_LENGTH))
    const aead = handles.byNumber(state.readUInt16BE(1))
    if (state[0] !== 1 || aead === undefined) throw call.rangeError("state", "of form 1 with an open AEAD")
    const [ivLength, explicitLength, tagLength] = state.subarray(23, 26)
    if (ivLength > NONCE_LENGTH || explicitLength > 8) throw call.rangeError("state", "of form 1")
    const sequence = BigInt(state.readUIntBE(5, 6))
    const iv = state.subarray(11, 11 + ivLength)
    return { state, record: { aead, epoch: state.readUInt16BE(3), sequence, iv, explicitLength, tagLength } }
}

function epochAndSequence(epoch: number, sequence: bigint): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE((BigInt(epoch) << 48n) | sequence)
    return bytes
}

function nonceOf(record: RecordState, explicit: Uint8Array): Buffer {
    if (record.explicitLength > 0) return Buffer.concat([record.iv, explicit])
    const nonce = Buffer.from(record.iv)
    explicit.forEach((byte, index) => (nonce[NONCE_LENGTH - 8 + index] ^= byte))
    return nonce
}

function additionalData(number: Uint8Array, type: number, length: number): Buffer {
    return Buffer.concat([number, Buffer.from([type, 0xfe, 0xfd, length >> 8, length & 0xff])])
}

function sealOne(record: RecordState, type: number, message: Uint8Array): Buffer {
    const number = epochAndSequence(record.epoch, record.sequence)
    const aad = additionalData(number, type, message.length)
    const sealed = record.aead.seal(nonceOf(record, number), aad, Buffer.from(message))
    const body = record.explicitLength > 0 ? Buffer.concat([number, sealed]) : sealed
    const header = Buffer.concat([Buffer.from([type, 0xfe, 0xfd]), number, Buffer.alloc(2)])
    header.writeUInt16BE(body.length, 11)
    return Buffer.concat([header, body])
}

function sealRecords(call: NativeCall, handles: Handles): Buffer {
    const type = call.integer(1, "type", 0, 255)
    const messages = call.buffers(2, "messages")
    const { record } = recordState(call, handles)
    if (record.sequence + BigInt(messages.length) > HIGHEST_SEQUENCE)
        throw call.rangeError("state", "below the last sequence number")
    const records = messages.map((message) => {
        const sealed = sealOne(record, type, message)
        record.sequence++
        return sealed
    })
    Buffer.from(call.target(0, "state").buffer, call.target(0, "state").byteOffset, STATE_LENGTH).writeUIntBE(
        Number(record.sequence),
        5,
        6,
    )
    return Buffer.concat(records)
}

function openRecord(call: NativeCall, handles: Handles): Buffer | undefined {
    const datagram = Buffer.from(call.buffer(1, "datagram"))
    const offset = call.integer(2, "offset", 0, datagram.length)
    const { record } = recordState(call, handles)
    if (datagram.length - offset < 13) return undefined
    const bytes = datagram.readUInt16BE(offset + 11)
    const body = datagram.subarray(offset + 13, offset + 13 + bytes)
    const length = bytes - record.explicitLength - record.tagLength
    if (body.length < bytes || length < 0) return undefined
    const number = datagram.subarray(offset + 3, offset + 11)
    const explicit = record.explicitLength > 0 ? body.subarray(0, record.explicitLength) : number
    const aad = additionalData(number, datagram[offset], length)
    return record.aead.open(nonceOf(record, explicit), aad, body.subarray(record.explicitLength))
}

/** The cryptographic natives of src/platform/runtime/natives.ts on node:crypto. */
export function cryptoNatives(): Native[] {
    const provider = new NodeCryptoProvider()
    const handles = new Handles()
    const has = aeads.reduce((bits, number) => bits | (1 << number), 0)
    const hasHash = hashes.reduce((bits, number) => bits | (1 << (16 + number)), 0)
    return [
        { name: "_moteCryptoHas", numArgs: 0, run: () => has | hasHash },
        {
            name: "_moteRandom",
            numArgs: 1,
            run: (call) => {
                const target = call.target(0, "target")
                target.set(provider.random(target.length))
                return undefined
            },
        },
        { name: "_moteHashNew", numArgs: 1, run: (call) => handles.add(provider.newHash(hashAlgorithm(call))) },
        {
            name: "_moteHashUpdate",
            numArgs: 2,
            run: (call) => void handles.hash(call, 0).update(Buffer.from(call.buffer(1, "data"))),
        },
        { name: "_moteHashClone", numArgs: 1, run: (call) => handles.add(handles.hash(call, 0).clone()) },
        {
            name: "_moteHashDigest",
            numArgs: 1,
            run: (call) => {
                const digest = handles.hash(call, 0).digest()
                handles.close(call, 0)
                return digest
            },
        },
        {
            name: "_moteHmacNew",
            numArgs: 2,
            run: (call) => handles.add(provider.newHmac(hashAlgorithm(call), Buffer.from(call.buffer(1, "key")))),
        },
        {
            name: "_moteHmacSign",
            numArgs: 2,
            run: (call) => handles.hmac(call, 0).sign(Buffer.from(call.buffer(1, "data"))),
        },
        {
            name: "_moteAeadNew",
            numArgs: 2,
            run: (call) => {
                const key = Buffer.from(call.buffer(1, "key"))
                try {
                    return handles.add(provider.newAead(aeadAlgorithm(call), key))
                } catch (error) {
                    throw error instanceof RangeError ? call.rangeError("key", "as long as the algorithm's") : error
                }
            },
        },
        {
            name: "_moteAeadSeal",
            numArgs: 4,
            run: (call) => {
                const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
                const aad = Buffer.from(call.buffer(2, "aad"))
                return handles.aead(call, 0).seal(nonce, aad, Buffer.from(call.buffer(3, "plaintext")))
            },
        },
        {
            name: "_moteAeadOpen",
            numArgs: 4,
            run: (call) => {
                const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
                const aad = Buffer.from(call.buffer(2, "aad"))
                return handles.aead(call, 0).open(nonce, aad, Buffer.from(call.buffer(3, "ciphertext")))
            },
        },
        { name: "_moteCryptoClose", numArgs: 1, run: (call) => handles.close(call, 0) },
        { name: "_moteRecordSeal", numArgs: 3, run: (call) => sealRecords(call, handles) },
        { name: "_moteRecordOpen", numArgs: 3, run: (call) => openRecord(call, handles) },
    ]
}

const CCM_KEY = 32
const CCM_NONCE = 13
const DECRYPT = 0x1000

function readable(call: NativeCall, value: number): Uint8Array | undefined {
    const text = call.machine.textOf(value)
    return call.machine.bytesOf(value) ?? (text === undefined ? undefined : Buffer.from(text))
}

function digest(call: NativeCall): Buffer | undefined {
    if (call.machine.textOf(call.args[1]) !== "sha256") return undefined
    const items = call.machine.itemsOf(call.args[2])
    if (items === undefined) throw new NativeError(ErrorKind.typeError, "expecting array")
    const key = readable(call, call.args[0])
    const hash = key === undefined ? createHash("sha256") : createHmac("sha256", Buffer.from(key))
    for (const item of items) {
        const part = readable(call, item)
        if (part === undefined) throw new NativeError(ErrorKind.typeError, "expecting buffer or string")
        hash.update(part)
    }
    return hash.digest()
}

function encrypt(call: NativeCall): Buffer | undefined {
    const [algorithm, keyValue, ivValue] = call.args
    const data = readable(call, call.receiver)
    const key = call.machine.bytesOf(keyValue)
    const iv = call.machine.bytesOf(ivValue)
    const option = call.integer(3, "tagLength", 0, 2 * DECRYPT)
    const authTagLength = option & (DECRYPT - 1)
    const fits = key?.length === CCM_KEY && iv?.length === CCM_NONCE && [4, 8, 16].includes(authTagLength)
    if (data === undefined || !fits || call.machine.textOf(algorithm) !== "aes-256-ccm") return undefined
    const secret = Buffer.from(key)
    if (option < DECRYPT) {
        const cipher = createCipheriv("aes-256-ccm", secret, Buffer.from(iv), { authTagLength })
        const sealed = Buffer.concat([cipher.update(data), cipher.final()])
        return Buffer.concat([sealed, cipher.getAuthTag()])
    }
    const length = data.length - authTagLength
    if (length < 0)
        throw new NativeError(
            ErrorKind.error,
            `encrypted data (len=${data.length}) shorter than tagLen (${authTagLength})`,
        )
    const decipher = createDecipheriv("aes-256-ccm", secret, Buffer.from(iv), { authTagLength })
    decipher.setAuthTag(data.subarray(length))
    try {
        return Buffer.concat([decipher.update(data.subarray(0, length)), decipher.final()])
    } catch {
        throw new NativeError(ErrorKind.error, "encryption tag mismatch")
    }
}

/** Buffer.digest and Buffer.prototype.encrypt, which @devicescript/crypto calls. */
export function bufferNatives(): Native[] {
    return [
        { name: "digest", numArgs: 3, run: digest },
        { name: "encrypt", numArgs: 4, run: encrypt },
    ]
}
