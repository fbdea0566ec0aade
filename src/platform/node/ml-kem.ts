import * as nodeCrypto from "node:crypto"
import { createRequire } from "node:module"
import { promisify } from "node:util"
import { type DecapsulationKey, type Encapsulation, type KeyEncapsulation } from "../../dtls/crypto/keys.js"
import { ioError, IOErrorEnum } from "../../gio/errors.js"

/** The functions that node:crypto has since Node 24.7, if its OpenSSL is 3.5 or newer. */
interface NodeKem {
    encapsulate(key: nodeCrypto.KeyObject): Promise<{ ciphertext: Buffer; sharedKey: Buffer }>
    decapsulate(key: nodeCrypto.KeyObject, ciphertext: Buffer): Promise<Buffer>
    generateKeyPair(type: "ml-kem-768"): Promise<nodeCrypto.KeyPairKeyObjectResult>
}

/** DER of SubjectPublicKeyInfo up to the key: id-alg-ml-kem-768. */
const SPKI_PREFIX = Buffer.from("308204b2300b0609608648016503040402038204a100", "hex")
const KEY_LENGTH = 1184
const PACKAGE = "@noble/post-quantum/ml-kem.js"

/**
 * ML-KEM-768 from node:crypto, or else from the package @noble/post-quantum. Throws NOT_SUPPORTED if there is neither.
 */
export function mlKem768(): KeyEncapsulation {
    if (hasNodeKem()) return new NodeEncapsulation()
    if (hasPackage()) return new PackagedEncapsulation()
    throw ioError(
        IOErrorEnum.NOT_SUPPORTED,
        "X25519MLKEM768 needs Node 24.7, or a package: npm install @noble/post-quantum",
    )
}

/** Whether node:crypto supports ML-KEM. */
export function hasNodeKem(): boolean {
    const { encapsulate } = nodeCrypto as { encapsulate?: unknown }
    return typeof encapsulate === "function" && publicKeyOf(Buffer.alloc(KEY_LENGTH)) !== undefined
}

function hasPackage(): boolean {
    try {
        createRequire(import.meta.url).resolve(PACKAGE)
        return true
    } catch {
        // the package is not installed
        return false
    }
}

/** ML-KEM-768 of node:crypto; only if `hasNodeKem` returns true. */
export class NodeEncapsulation implements KeyEncapsulation {
    private kem = promised(nodeCrypto as unknown as Record<keyof NodeKem, () => void>)

    async newKeyPair(): Promise<DecapsulationKey> {
        const { publicKey, privateKey } = await this.kem.generateKeyPair("ml-kem-768")
        return this.keyPairOf(publicKey, privateKey)
    }

    /** Wraps an existing key pair. */
    keyPairOf(publicKey: nodeCrypto.KeyObject, privateKey: nodeCrypto.KeyObject): DecapsulationKey {
        return new NodeDecapsulationKey(this.kem, publicKey, privateKey)
    }

    async encapsulate(encapsulationKey: Buffer): Promise<Encapsulation | undefined> {
        const key = publicKeyOf(encapsulationKey)
        if (key === undefined) return undefined
        const { ciphertext, sharedKey } = await this.kem.encapsulate(key)
        return { ciphertext, secret: sharedKey }
    }
}

function promised(functions: Record<keyof NodeKem, () => void>): NodeKem {
    const { encapsulate, decapsulate, generateKeyPair } = functions
    return {
        encapsulate: promisify(encapsulate),
        decapsulate: promisify(decapsulate),
        generateKeyPair: promisify(generateKeyPair) as unknown as NodeKem["generateKeyPair"],
    }
}

/**
 * Undefined if its length is wrong, or a number in it is not below the modulus (FIPS 203 §7.2); OpenSSL checks this.
 */
function publicKeyOf(encapsulationKey: Buffer): nodeCrypto.KeyObject | undefined {
    try {
        const key = Buffer.concat([SPKI_PREFIX, encapsulationKey])
        return nodeCrypto.createPublicKey({ key, format: "der", type: "spki" })
    } catch {
        // the only way that node:crypto reports it
        return undefined
    }
}

class NodeDecapsulationKey implements DecapsulationKey {
    readonly encapsulationKey: Buffer
    #privateKey: nodeCrypto.KeyObject | undefined

    constructor(
        private kem: NodeKem,
        publicKey: nodeCrypto.KeyObject,
        privateKey: nodeCrypto.KeyObject,
    ) {
        this.encapsulationKey = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length)
        this.#privateKey = privateKey
    }

    async decapsulate(ciphertext: Buffer): Promise<Buffer> {
        if (this.#privateKey === undefined) throw new Error("the key pair is closed")
        return await this.kem.decapsulate(this.#privateKey, ciphertext)
    }

    close(): void {
        this.#privateKey = undefined
    }
}

/** The part of the package that is used. */
interface PackagedKem {
    keygen(): { publicKey: Uint8Array; secretKey: Uint8Array }
    encapsulate(publicKey: Uint8Array): { cipherText: Uint8Array; sharedSecret: Uint8Array }
    decapsulate(cipherText: Uint8Array, secretKey: Uint8Array): Uint8Array
}

/** ML-KEM-768 of the package, which is loaded on first use. */
export class PackagedEncapsulation implements KeyEncapsulation {
    async newKeyPair(): Promise<DecapsulationKey> {
        const kem = await packaged()
        const { publicKey, secretKey } = kem.keygen()
        return new PackagedDecapsulationKey(kem, bufferOf(publicKey), secretKey)
    }

    async encapsulate(encapsulationKey: Buffer): Promise<Encapsulation | undefined> {
        const kem = await packaged()
        try {
            const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey)
            return { ciphertext: bufferOf(cipherText), secret: bufferOf(sharedSecret) }
        } catch {
            // the only way that the package reports a number that is not below the modulus (FIPS 203 §7.2)
            return undefined
        }
    }
}

class PackagedDecapsulationKey implements DecapsulationKey {
    #secretKey: Uint8Array

    constructor(
        private kem: PackagedKem,
        readonly encapsulationKey: Buffer,
        secretKey: Uint8Array,
    ) {
        this.#secretKey = secretKey
    }

    decapsulate(ciphertext: Buffer): Promise<Buffer> {
        // Inside `then`, so that an exception rejects the promise.
        return Promise.resolve().then(() => bufferOf(this.kem.decapsulate(ciphertext, this.#secretKey)))
    }

    close(): void {
        this.#secretKey.fill(0)
    }
}

async function packaged(): Promise<PackagedKem> {
    const { ml_kem768: kem } = await import("@noble/post-quantum/ml-kem.js")
    return kem
}

/** A Buffer of the same memory. */
function bufferOf(bytes: Uint8Array): Buffer {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
