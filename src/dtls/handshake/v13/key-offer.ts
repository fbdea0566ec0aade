import { copyOf, wipe } from "../../bytes/bytes.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { type CryptoV13 } from "../../crypto/v13/provider.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { PRE_SHARED_KEY } from "../../wire/v13/code-points.js"
import { type CipherSuite } from "../cipher-suite.js"
import { isUsablePsk, type PskAnswer } from "../question.js"
import { HelloExtensionV13 } from "./hello-extension.js"
import { bindKeys } from "./offered-keys.js"
import { type ClientResumptionContextV13, type KeyImporter, type OfferedKey } from "./resumption.js"

/** A key in the hello, and its identity in the key source. */
interface ExternalKey extends OfferedKey {
    external: Buffer
}

/**
 * The pre-shared keys of a client that offers several in its hello, after a ticket if there is one (RFC 8446 §4.2.11).
 * @devsWhenUsed
 */
export abstract class KeyOffer extends HelloExtensionV13 implements KeyImporter {
    private keys: ExternalKey[] = []

    constructor(protected crypto: CryptoProvider) {
        super(PRE_SHARED_KEY)
    }

    protected secrets(): CryptoV13 {
        return this.crypto as unknown as CryptoV13
    }

    /** Offers the usable keys of an answer. */
    abstract begin(h: ClientResumptionContextV13, psk: PskAnswer): number
    abstract externalOf(identity: Buffer, target: HashParameters): Buffer | undefined
    abstract importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer
    abstract bindingLabel(): string

    /** @param identity as in the hello */
    protected addKey(psk: PskAnswer, identity: Buffer, hash: HashParameters): void {
        const key = this.importKey(psk.key, identity, hash)
        const early = this.secrets().newSecret(hash, key)
        const label = this.bindingLabel()
        const external = copyOf(psk.identity, 0, psk.identity.length)
        this.keys.push({ identity, age: 0, hash, early, psk: key, label, external })
    }

    protected count(): number {
        return this.keys.length
    }

    private leaveOut(suite: CipherSuite): void {
        const fitting: ExternalKey[] = []
        for (const key of this.keys) {
            if (key.hash.algorithm === suite.hash.algorithm) fitting.push(key)
            else erase(key)
        }
        this.keys = fitting
    }

    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer {
        return bindKeys(h, hello, this.offers(h))
    }

    offers(h: ClientResumptionContextV13): OfferedKey[] {
        const { suite } = h.parameters
        // After a HelloRetryRequest, offers only those that match its suite (RFC 8446 §4.1.4).
        if (suite !== undefined) this.leaveOut(suite)
        return this.keys
    }

    accepts(h: ClientResumptionContextV13, index: number, suite: CipherSuite): boolean | undefined {
        const own = index - (h.pskCount - this.keys.length)
        return own < 0 ? undefined : this.keys[own].hash.algorithm === suite.hash.algorithm
    }

    enter(h: ClientResumptionContextV13, index: number): void {
        const own = index - (h.pskCount - this.keys.length)
        if (own < 0) return
        h.parameters.identity = this.keys[own].external
        h.enterEarlyStage(this.keys[own].psk)
    }

    close(): void {
        for (const key of this.keys) erase(key)
        this.keys = []
    }
}

function erase(key: ExternalKey): void {
    key.early.close()
    wipe(key.psk)
}

/** The keys of an answer, in order. */
export function keysOf(psk: PskAnswer): PskAnswer[] {
    const keys = [psk]
    for (const other of psk.others ?? []) {
        if (isUsablePsk(other)) keys.push(other)
    }
    return keys
}
