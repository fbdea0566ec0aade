import * as ds from "@devicescript/core"
import { blit, copyOf, equal } from "../../dtls/bytes/bytes.js"
import { type KeyOperations, type KeyPair } from "../../dtls/crypto/keys.js"
import { type PrivateKey } from "../../dtls/handshake/question.js"
import { NamedGroup, SignatureScheme } from "../../dtls/wire/code-points.js"
import { readEcdsaSignature, writeEcdsaSignature } from "../../dtls/wire/ecdsa-signature.js"
import "./natives.js"

/** Length of a scalar, and of each half of a signature, bytes. */
const SCALAR_LENGTH = 32

/** Length of an uncompressed point of P-256, bytes. */
const POINT_LENGTH = 65

/** @devsWhenUsed */
class RuntimeKeyPair implements KeyPair {
    publicKey: Buffer
    private handle: number

    constructor(handle: number) {
        this.handle = ds._moteCryptoOwned(handle, this)
        this.publicKey = ds._moteKeyPublic(handle)
    }

    async agree(share: Buffer): Promise<Buffer | undefined> {
        return ds._moteKeyAgree(this.handle, share)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/**
 * A P-256 key behind a handle of the runtime.
 * @devsWhenUsed
 */
export class RuntimePrivateKey implements PrivateKey {
    schemes: number[] = [SignatureScheme.ecdsaSecp256r1Sha256]
    private handle: number

    /** @param scalar 32 bytes; copied */
    constructor(scalar: Buffer) {
        this.handle = ds._moteCryptoOwned(ds._moteKeyImport(scalar), this)
    }

    /** The SubjectPublicKeyInfo in DER. */
    publicKey(): Buffer {
        const info = Buffer.alloc(P256_PREFIX.length + POINT_LENGTH)
        blit(info, 0, P256_PREFIX, 0, P256_PREFIX.length)
        blit(info, P256_PREFIX.length, ds._moteKeyPublic(this.handle), 0, POINT_LENGTH)
        return info
    }

    async sign(_scheme: number, data: Buffer): Promise<Buffer> {
        return writeEcdsaSignature(ds._moteKeySign(this.handle, data))
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/** SubjectPublicKeyInfo of a P-256 key up to the point (RFC 5480 §2). */
const P256_PREFIX = hex`3059301306072a8648ce3d020106082a8648ce3d030107034200`

/**
 * Key operations with the runtime's natives.
 * @devsWhenUsed
 */
export class RuntimeKeys implements KeyOperations {
    schemes: number[] = [SignatureScheme.ecdsaSecp256r1Sha256]

    /** @param groups those of this device, preferred first; not every device supports X25519 */
    constructor(public groups: number[] = [NamedGroup.secp256r1]) {}

    async newKeyPair(group: number): Promise<KeyPair> {
        return new RuntimeKeyPair(ds._moteKeyNew(group))
    }

    async verify(publicKey: Buffer, _scheme: number, data: Buffer, signature: Buffer): Promise<boolean> {
        const at = P256_PREFIX.length
        const pair = readEcdsaSignature(signature, SCALAR_LENGTH)
        if (pair === undefined || publicKey.length !== at + POINT_LENGTH) return false
        if (!equal(copyOf(publicKey, 0, at), P256_PREFIX)) return false
        return ds._moteKeyVerify(copyOf(publicKey, at, publicKey.length), data, pair) === true
    }
}
