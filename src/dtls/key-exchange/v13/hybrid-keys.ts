import { concat, copyOf, wipe } from "../../bytes/bytes.js"
import {
    type Agreement,
    type DecapsulationKey,
    type GroupPair,
    type KeyEncapsulation,
    type KeyOperations,
    type KeyPair,
} from "../../crypto/keys.js"
import { NamedGroup } from "../../wire/code-points.js"
import { agree } from "../ecdhe.js"

/** Lengths for ML-KEM-768, bytes (FIPS 203 §8). */
const ENCAPSULATION_KEY_LENGTH = 1184
const CIPHERTEXT_LENGTH = 1088
const X25519_LENGTH = 32

/**
 * Key operations for `keyShares` with the group X25519MLKEM768 in first place (draft-ietf-tls-ecdhe-mlkem): its secret
 * is safe as long as X25519 or ML-KEM is.
 * @param keys with X25519 at least
 */
export function hybridKeys(keys: KeyOperations, kem: KeyEncapsulation): KeyOperations {
    return new HybridKeys(keys, kem)
}

/** @devsWhenUsed */
class HybridKeys implements KeyOperations {
    groups: number[]
    schemes: number[]

    constructor(
        private keys: KeyOperations,
        private kem: KeyEncapsulation,
    ) {
        this.groups = [NamedGroup.x25519MlKem768, ...keys.groups]
        this.schemes = keys.schemes
    }

    async newKeyPair(group: number): Promise<KeyPair> {
        if (group !== NamedGroup.x25519MlKem768) return await this.keys.newKeyPair(group)
        const encapsulated = await this.kem.newKeyPair()
        return new HybridKeyPair(encapsulated, await this.keys.newKeyPair(NamedGroup.x25519))
    }

    /** The server's share: a ciphertext for the client's ML-KEM key, then an X25519 share. */
    async answer(group: number, share: Buffer): Promise<Agreement | undefined> {
        if (group !== NamedGroup.x25519MlKem768) return await agree(this.keys, group, share)
        if (share.length !== ENCAPSULATION_KEY_LENGTH + X25519_LENGTH) return undefined
        const encapsulation = await this.kem.encapsulate(copyOf(share, 0, ENCAPSULATION_KEY_LENGTH))
        if (encapsulation === undefined) return undefined
        const point = copyOf(share, ENCAPSULATION_KEY_LENGTH, share.length)
        const agreement = await agree(this.keys, NamedGroup.x25519, point)
        const secret = both(encapsulation.secret, agreement === undefined ? undefined : agreement.secret)
        if (secret === undefined || agreement === undefined) return undefined
        return { share: concat(encapsulation.ciphertext, agreement.share), secret }
    }

    async verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean> {
        return await this.keys.verify(publicKey, scheme, data, signature)
    }
}

/**
 * The client's key pair.
 * @devsWhenUsed
 */
class HybridKeyPair implements KeyPair {
    publicKey: Buffer
    part: GroupPair

    constructor(
        private encapsulated: DecapsulationKey,
        private agreed: KeyPair,
    ) {
        this.publicKey = concat(encapsulated.encapsulationKey, agreed.publicKey)
        this.part = { group: NamedGroup.x25519, pair: agreed }
    }

    async agree(share: Buffer): Promise<Buffer | undefined> {
        if (share.length !== CIPHERTEXT_LENGTH + X25519_LENGTH) return undefined
        const agreed = await this.agreed.agree(copyOf(share, CIPHERTEXT_LENGTH, share.length))
        if (agreed === undefined) return undefined
        return both(await this.encapsulated.decapsulate(copyOf(share, 0, CIPHERTEXT_LENGTH)), agreed)
    }

    close(): void {
        this.encapsulated.close()
        this.agreed.close()
    }
}

/** Combines the two secrets, which are wiped; undefined without the second one. */
function both(encapsulated: Buffer, agreed: Buffer | undefined): Buffer | undefined {
    const secret = agreed === undefined ? undefined : concat(encapsulated, agreed)
    wipe(encapsulated)
    if (agreed !== undefined) wipe(agreed)
    return secret
}
