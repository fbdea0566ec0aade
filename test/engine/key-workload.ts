/*
 * A large workload for key pairs, like crypto-workload.ts: peers, secrets and messages are the same on every platform.
 */
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { Fold, Inputs } from "./crypto-workload.js"

export interface Pair {
    publicKey: Buffer
    agree(peer: Buffer): Buffer | undefined
    sign(data: Buffer): Buffer
    close(): void
}

/** The natives' group for P-256 signatures, which has no number in TLS. */
export const SIGNS = 0
export const SECP256R1 = 23
export const X25519 = 29

export interface Keys {
    pair(group: number, secret: Buffer): Pair
    verify(publicKey: Buffer, data: Buffer, signature: Buffer): boolean | undefined
}

/** The results that the two platforms exchange: signatures are random, so each verifies the other's. */
export interface Exchange {
    made(round: number, pair: Pair, data: Buffer, signature: Buffer): void
    theirs(round: number, pair: Pair, data: Buffer): Buffer
}

export class KeyWorkload {
    private inputs = new Inputs()

    /** @param rounds number of inputs for each primitive */
    constructor(
        private crypto: CryptoProvider,
        private keys: Keys,
        private rounds: number,
        private pause: () => Promise<void>,
    ) {}

    /** A number below the order of P-256, and not 0. */
    private secret(): Buffer {
        const secret = this.inputs.bytes(32)
        secret[0] = secret[0] & 127
        secret[31] = secret[31] | 1
        return secret
    }

    private flip(bytes: Buffer): void {
        const at = this.inputs.number(bytes.length)
        bytes[at] = bytes[at] ^ (1 << this.inputs.number(8))
    }

    /** Public keys, the shared secret of both sides, and a peer's key with one bit changed. */
    async agreement(name: string, group: number): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const one = this.keys.pair(group, this.secret())
            const two = this.keys.pair(group, this.secret())
            fold.add(one.publicKey)
            fold.add(two.publicKey)
            fold.add(one.agree(two.publicKey))
            fold.add(two.agree(one.publicKey))
            const changed = Buffer.from(two.publicKey)
            this.flip(changed)
            fold.add(one.agree(changed))
            one.close()
            two.close()
            await this.pause()
        }
        return fold.line(name)
    }

    /**
     * This platform's signature, the other's, and the other's with one bit changed in the signature, the message or the
     * key.
     */
    async signatures(name: string, exchange: Exchange): Promise<string> {
        const fold = new Fold(this.crypto)
        for (let i = 0; i < this.rounds; i++) {
            const pair = this.keys.pair(SIGNS, this.secret())
            const data = this.inputs.bytes(this.inputs.number(100) + 1)
            const signature = pair.sign(data)
            exchange.made(i, pair, data, signature)
            const theirs = exchange.theirs(i, pair, data)
            const publicKey = Buffer.from(pair.publicKey)
            fold.add(publicKey)
            fold.add(Buffer.from("" + this.keys.verify(publicKey, data, signature)))
            fold.add(Buffer.from("" + this.keys.verify(publicKey, data, theirs)))
            const which = this.inputs.number(3)
            this.flip(which === 0 ? theirs : which === 1 ? data : publicKey)
            fold.add(Buffer.from("" + this.keys.verify(publicKey, data, theirs)))
            pair.close()
            await this.pause()
        }
        return fold.line(name)
    }
}
