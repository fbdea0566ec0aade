import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { AeadProtection } from "../../src/dtls/crypto/aead-protection.js"
import { type Aead, AeadAlgorithm, type Hash, HashAlgorithm, type Hmac } from "../../src/dtls/crypto/provider.js"
import { MAX_SEQUENCE } from "../../src/dtls/record/record-layer.js"
import { MAX_PLAINTEXT, RECORD_HEADER_LENGTH } from "../../src/dtls/wire/record-header.js"
import { NodeCryptoProvider } from "../../src/platform/node/crypto.js"
import { KeyPair, verify } from "./key-pair.js"
import { ErrorKind, type Native, type NativeCall, NativeError } from "./machine.js"

const NONCE_LENGTH = 12
const MOST_TEXT = 16640
const STATE_LENGTH = 32
/** Record states have 16 bits for it. */
const HIGHEST_HANDLE = 0x7fff

/** Handles of one device's hashes, HMACs, AEADs and keys. */
class Handles {
    private objects = new Map<number, Hash | Hmac | Aead | KeyPair>()
    private last = 0

    /** Numbers are used in turn, so that a stale one is noticed. */
    add(object: Hash | Hmac | Aead | KeyPair): number {
        do this.last = (this.last % HIGHEST_HANDLE) + 1
        while (this.objects.has(this.last))
        this.objects.set(this.last, object)
        return this.last
    }

    private get(call: NativeCall, index: number, name: string, has: string): Hash | Hmac | Aead | KeyPair {
        const handle = call.integer(index, name, 1, HIGHEST_HANDLE)
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

    key(call: NativeCall, index: number, kind: "agrees" | "signs" | "any"): KeyPair {
        const pair = this.get(call, index, "key", "publicKey") as KeyPair
        if (kind !== "any" && pair.signs !== (kind === "signs")) throw call.rangeError("key", `one that ${kind}`)
        return pair
    }

    byNumber(handle: number): Aead | undefined {
        const object = this.objects.get(handle)
        return object !== undefined && "seal" in object ? object : undefined
    }

    close(call: NativeCall, index: number): undefined {
        const handle = call.integer(index, "handle", 1, HIGHEST_HANDLE)
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

function aeadOf(call: NativeCall, number: AeadAlgorithm): AeadAlgorithm {
    if (!aeads.includes(number)) throw call.rangeError("algorithm", "an AEAD the machine has")
    return number
}

/** The packed state of natives.ts, and what stands in it. */
function recordState(call: NativeCall, handles: Handles): { state: Buffer; protection: AeadProtection } {
    call.sized(0, "state", STATE_LENGTH)
    const view = call.target(0, "state")
    const state = Buffer.from(view.buffer, view.byteOffset, STATE_LENGTH)
    const aead = handles.byNumber(state.readUInt16BE(1))
    const [ivLength, explicitLength] = state.subarray(23, 25)
    const fits = (ivLength === 4 && explicitLength === 8) || (ivLength === NONCE_LENGTH && explicitLength === 0)
    if (state[0] !== 1 || aead === undefined || !fits) throw call.rangeError("state", "of form 1 with an open AEAD")
    const iv = Buffer.from(state.subarray(11, 11 + ivLength))
    return { state, protection: new AeadProtection(aead, state.readUInt16BE(3), iv) }
}

function sealRecords(call: NativeCall, handles: Handles): Buffer {
    const { state, protection } = recordState(call, handles)
    const type = call.integer(1, "type", 0, 255)
    const messages = call.buffers(2, "messages")
    if (messages.length < 1 || messages.length > 64) throw call.rangeError("messages", "1 to 64 Buffers")
    if (messages.some(({ length }) => length > MAX_PLAINTEXT))
        throw call.rangeError("messages", `at most ${MAX_PLAINTEXT} bytes each`)
    const sequence = state.readUIntBE(5, 6)
    const after = sequence + messages.length
    if (after > MAX_SEQUENCE) throw call.rangeError("state", "below the last sequence number")
    state.writeUIntBE(after, 5, 6)
    return protection.seal(
        type,
        sequence,
        messages.map((message) => Buffer.from(message)),
    )
}

function openRecord(call: NativeCall, handles: Handles): Buffer | undefined {
    const { protection } = recordState(call, handles)
    const datagram = Buffer.from(call.buffer(1, "datagram"))
    const offset = call.integer(2, "offset", 0, datagram.length)
    return datagram.length - offset < RECORD_HEADER_LENGTH ? undefined : protection.open(datagram, offset)
}

/** Devices take no more than a record can have. */
function limited(call: NativeCall, index: number, name: string): Buffer {
    const bytes = call.buffer(index, name)
    if (bytes.length > MOST_TEXT) throw call.rangeError(name, `at most ${MOST_TEXT} bytes`)
    return Buffer.from(bytes)
}

function keyNatives(handles: Handles): Native[] {
    return [
        {
            name: "_moteKeyNew",
            numArgs: 1,
            run: (call) => {
                const group = call.integer(0, "group", 0, 65535)
                if (!KeyPair.hasGroup(group)) throw call.rangeError("group", "23 (secp256r1) or 29 (x25519)")
                return handles.add(KeyPair.generate(group))
            },
        },
        {
            name: "_moteKeyImport",
            numArgs: 1,
            run: (call) => {
                const pair = KeyPair.import(Buffer.from(call.sized(0, "privateKey", 32)))
                if (pair === undefined)
                    throw call.rangeError("privateKey", "a number below the order of P-256, and not 0")
                return handles.add(pair)
            },
        },
        { name: "_moteKeyPublic", numArgs: 1, run: (call) => handles.key(call, 0, "any").publicKey },
        {
            name: "_moteKeyAgree",
            numArgs: 2,
            run: (call) => handles.key(call, 0, "agrees").agree(Buffer.from(call.buffer(1, "peer"))),
        },
        {
            name: "_moteKeySign",
            numArgs: 2,
            run: (call) => handles.key(call, 0, "signs").sign(Buffer.from(call.buffer(1, "data"))),
        },
        {
            name: "_moteKeyVerify",
            numArgs: 3,
            run: (call) =>
                verify(
                    Buffer.from(call.sized(0, "publicKey", 65)),
                    Buffer.from(call.buffer(1, "data")),
                    Buffer.from(call.sized(2, "signature", 64)),
                ),
        },
    ]
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
            run: (call) => {
                const algorithm = hashAlgorithm(call)
                return handles.add(provider.newHmac(algorithm, Buffer.from(call.buffer(1, "key"))))
            },
        },
        {
            name: "_moteHmacSign",
            numArgs: 2,
            run: (call) => handles.hmac(call, 0).sign(Buffer.from(call.buffer(1, "data"))),
        },
        {
            name: "_moteHmacExpand",
            numArgs: 3,
            run: (call) => {
                const hmac = handles.hmac(call, 0)
                const seed = Buffer.from(call.buffer(1, "seed"))
                return hmac.expand(seed, call.integer(2, "length", 0, 4096))
            },
        },
        {
            name: "_moteAeadNew",
            numArgs: 2,
            run: (call) => {
                const number = call.integer(0, "algorithm", 0, 15)
                const key = Buffer.from(call.buffer(1, "key"))
                try {
                    return handles.add(provider.newAead(aeadOf(call, number), key))
                } catch (error) {
                    throw error instanceof RangeError ? call.rangeError("key", "as long as the algorithm's") : error
                }
            },
        },
        {
            name: "_moteAeadSeal",
            numArgs: 4,
            run: (call) => {
                const aead = handles.aead(call, 0)
                const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
                const aad = limited(call, 2, "aad")
                return aead.seal(nonce, aad, limited(call, 3, "plaintext"))
            },
        },
        {
            name: "_moteAeadOpen",
            numArgs: 4,
            run: (call) => {
                const aead = handles.aead(call, 0)
                const nonce = Buffer.from(call.sized(1, "nonce", NONCE_LENGTH))
                const aad = limited(call, 2, "aad")
                return aead.open(nonce, aad, limited(call, 3, "ciphertext"))
            },
        },
        ...keyNatives(handles),
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
