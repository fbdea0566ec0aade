import * as nodeCrypto from "node:crypto"
import { promisify } from "node:util"
import { type KeyOperations, type KeyPair } from "../../dtls/crypto/keys.js"
import { type PrivateKey } from "../../dtls/handshake/question.js"
import { NamedGroup, SignatureScheme } from "../../dtls/wire/code-points.js"

const generateKeyPair = promisify(nodeCrypto.generateKeyPair)

/**
 * One row for each SignatureScheme: hash, kind of key, curve if the scheme determines it, and options for node:crypto.
 */
interface SchemeRow {
    hash: string | null
    keyType: string
    curve?: string
    options?: { padding: number; saltLength?: number }
}

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = nodeCrypto.constants

const SCHEMES = new Map<number, SchemeRow>([
    [SignatureScheme.ecdsaSecp256r1Sha256, { hash: "sha256", keyType: "ec", curve: "prime256v1" }],
    [SignatureScheme.ed25519, { hash: null, keyType: "ed25519" }],
    [SignatureScheme.ecdsaSecp384r1Sha384, { hash: "sha384", keyType: "ec", curve: "secp384r1" }],
    // The salt is as long as the digest (RFC 8446 §4.2.3).
    [
        SignatureScheme.rsaPssRsaeSha256,
        { hash: "sha256", keyType: "rsa", options: { padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
    ],
    [SignatureScheme.rsaPkcs1Sha256, { hash: "sha256", keyType: "rsa", options: { padding: RSA_PKCS1_PADDING } }],
    [SignatureScheme.rsaPkcs1Sha384, { hash: "sha384", keyType: "rsa", options: { padding: RSA_PKCS1_PADDING } }],
])

/** Range of RSA keys: smaller ones are weak, and larger ones cost more than a peer should be able to cause. */
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

function fits(key: nodeCrypto.KeyObject, row: SchemeRow): boolean {
    const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType !== row.keyType) return false
    // In DTLS 1.2 a scheme does not determine the curve, but each of these hashes is used with the curve of its size.
    if (row.curve !== undefined && row.curve !== namedCurve) return false
    return modulusLength === undefined || (modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS)
}

/** DER of SubjectPublicKeyInfo up to the key. */
const SPKI_PREFIX: Record<number, Buffer> = {
    [NamedGroup.secp256r1]: Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex"),
    [NamedGroup.x25519]: Buffer.from("302a300506032b656e032100", "hex"),
}

class NodeKeyPair implements KeyPair {
    readonly publicKey: Buffer
    #privateKey: nodeCrypto.KeyObject | undefined

    constructor(
        private prefix: Buffer,
        pair: nodeCrypto.KeyPairKeyObjectResult,
    ) {
        this.#privateKey = pair.privateKey
        this.publicKey = spkiOf(pair.publicKey).subarray(prefix.length)
    }

    agree(share: Buffer): Promise<Buffer | undefined> {
        return Promise.resolve(this.secret(share))
    }

    private secret(share: Buffer): Buffer | undefined {
        if (share.length !== this.publicKey.length || this.#privateKey === undefined) return undefined
        try {
            const key = Buffer.concat([this.prefix, share])
            const publicKey = nodeCrypto.createPublicKey({ key, format: "der", type: "spki" })
            return nodeCrypto.diffieHellman({ privateKey: this.#privateKey, publicKey })
        } catch {
            // the only way that node:crypto reports a share that is not a point of the curve, or is of small order
            return undefined
        }
    }

    close(): void {
        this.#privateKey = undefined
    }
}

/** A private key of node:crypto, in a private field so that it is never printed. */
export class NodePrivateKey implements PrivateKey {
    readonly schemes: number[]
    #key: nodeCrypto.KeyObject

    /** Throws RangeError for a kind of key that supports none of the signature schemes. */
    constructor(key: nodeCrypto.KeyObject) {
        this.#key = key
        this.schemes = [...SCHEMES].filter(([, row]) => fits(key, row)).map(([scheme]) => scheme)
        if (this.schemes.length === 0) throw new RangeError("key: P-256, P-384, Ed25519, or RSA of 2048 to 8192 bits")
    }

    /** Whether `publicKey`, a SubjectPublicKeyInfo in DER, is the one of this private key. */
    belongsTo(publicKey: Buffer): boolean {
        // KeyObject.equals is not used: with two kinds of keys it leaves an error in OpenSSL's queue, and the next
        // import fails.
        const own = spkiOf(nodeCrypto.createPublicKey(this.#key))
        const other = publicKeyOf(publicKey)
        return other !== undefined && spkiOf(other).equals(own)
    }

    sign(scheme: number, data: Buffer): Promise<Buffer> {
        const { hash, options } = rowOf(scheme)
        return new Promise((resolve, reject) =>
            nodeCrypto.sign(hash, data, { key: this.#key, ...options }, (error, signature) =>
                error === null ? resolve(signature) : reject(error),
            ),
        )
    }
}

/** See `Services.importPrivateKey`. */
export function importPrivateKey(der: Buffer): NodePrivateKey | undefined {
    for (const type of ["pkcs8", "sec1"] as const) {
        try {
            return new NodePrivateKey(nodeCrypto.createPrivateKey({ key: der, format: "der", type }))
        } catch {
            // not in this format, or a kind of key that is not supported
        }
    }
    return undefined
}

function rowOf(scheme: number): SchemeRow {
    const row = SCHEMES.get(scheme)
    if (row === undefined) throw new RangeError(`scheme: a SignatureScheme of this platform, not ${scheme}`)
    return row
}

/** Key operations with node:crypto. */
export class NodeKeys implements KeyOperations {
    readonly groups = [NamedGroup.x25519, NamedGroup.secp256r1]
    readonly schemes = [...SCHEMES.keys()]

    async newKeyPair(group: number): Promise<KeyPair> {
        const prefix = SPKI_PREFIX[group]
        if (prefix === undefined) throw new RangeError(`group: secp256r1 or x25519, not ${group}`)
        const pair =
            group === NamedGroup.x25519
                ? await generateKeyPair("x25519")
                : await generateKeyPair("ec", { namedCurve: "P-256" })
        return new NodeKeyPair(prefix, pair)
    }

    async verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean> {
        const row = rowOf(scheme)
        const key = publicKeyOf(publicKey)
        if (key === undefined || !fits(key, row)) return false
        return await new Promise((resolve) =>
            // node:crypto reports an error for malformed signatures; they are not genuine either.
            nodeCrypto.verify(row.hash, data, { key, ...row.options }, signature, (error, genuine) =>
                resolve(error === null && genuine),
            ),
        )
    }
}

function spkiOf(key: nodeCrypto.KeyObject): Buffer {
    return key.export({ format: "der", type: "spki" })
}

function publicKeyOf(spki: Buffer): nodeCrypto.KeyObject | undefined {
    try {
        return nodeCrypto.createPublicKey({ key: spki, format: "der", type: "spki" })
    } catch {
        // not a key that node:crypto can read
        return undefined
    }
}
