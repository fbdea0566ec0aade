import { copyOf, EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { HashAlgorithm, type HashParameters, SHA_256 } from "../../crypto/algorithms.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { digestOf } from "../../crypto/v13/key-schedule.js"
import { type CryptoV13 } from "../../crypto/v13/provider.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { DTLS_1_3, PRE_SHARED_KEY } from "../../wire/v13/code-points.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type HelloExtension } from "../hello-extension.js"
import { usableSuites } from "../negotiation.js"
import { type PskAnswer } from "../question.js"
import { HelloExtensionV13 } from "./hello-extension.js"
import { bindKeys } from "./offered-keys.js"
import { type ClientResumptionContextV13, type KeyImporter, type OfferedKey } from "./resumption.js"

/** Binders of imported keys (RFC 9258 §5.2). */
const LABEL = "imp binder"

/** How keys are imported; both sides have to say the same. */
export interface ImportOptions {
    /** in which a key is used, 0 to 65535 bytes, such as the names of both sides (RFC 9258 §5.1). Default: empty */
    context?: Buffer
    /** of the key, which has to go with one alone. Default: SHA-256 */
    hash?: HashParameters
}

/**
 * Imported pre-shared keys (RFC 9258): of one external key each hash of a suite gets a key of its own, so that it goes with
 * every suite, and is bound to DTLS 1.3 and to the context.
 * @devsWhenUsed
 */
class ImportedPsks extends HelloExtensionV13 implements KeyImporter {
    /** client: the keys that the hello offers, behind a ticket if there is one */
    private keys: OfferedKey[] = []

    constructor(
        private crypto: CryptoProvider,
        private hash: HashParameters,
        private context: Buffer,
    ) {
        super(PRE_SHARED_KEY)
    }

    /** ImportedIdentity (RFC 9258 §5.1). */
    private identityOf(external: Buffer, target: HashParameters): Buffer {
        const writer = new Writer(8 + external.length + this.context.length)
        writer.vector(external, 2)
        writer.vector(this.context, 2)
        writer.uint(DTLS_1_3, 2)
        writer.uint(kdfOf(target), 2)
        return writer.finish()
    }

    private secrets(): CryptoV13 {
        return this.crypto as unknown as CryptoV13
    }

    importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer {
        const extracted = this.secrets().newSecret(this.hash, key)
        const context = digestOf(this.crypto, this.hash, identity)
        const imported = extracted.expandLabel("derived psk", context, target.length)
        extracted.close()
        return imported
    }

    // Client

    begin(h: ClientResumptionContextV13, psk: PskAnswer): number {
        for (const suite of usableSuites(h.settings, false)) this.addKey(psk, suite.hash)
        return this.keys.length
    }

    private addKey(psk: PskAnswer, hash: HashParameters): void {
        const isThere = this.keys.some((key) => key.hash.algorithm === hash.algorithm)
        if (!isThere) this.keys.push(this.keyFor(psk, hash))
    }

    private keyFor(psk: PskAnswer, hash: HashParameters): OfferedKey {
        const identity = this.identityOf(psk.identity, hash)
        const imported = this.importKey(psk.key, identity, hash)
        const early = this.secrets().newSecret(hash, imported)
        return { identity, age: 0, hash, early, psk: imported, label: LABEL }
    }

    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer {
        return bindKeys(h, hello, this.offers(h))
    }

    offers(h: ClientResumptionContextV13): OfferedKey[] {
        const { suite } = h.parameters
        // After a HelloRetryRequest those alone that go with its suite (RFC 8446 §4.1.4).
        if (suite !== undefined) this.keys = this.keys.filter((key) => key.hash.algorithm === suite.hash.algorithm)
        return this.keys
    }

    accepts(h: ClientResumptionContextV13, index: number, suite: CipherSuite): boolean | undefined {
        const own = index - (h.pskCount - this.keys.length)
        return own < 0 ? undefined : this.keys[own].hash.algorithm === suite.hash.algorithm
    }

    enter(h: ClientResumptionContextV13, index: number): void {
        const own = index - (h.pskCount - this.keys.length)
        if (own >= 0) h.enterEarlyStage(this.keys[own].psk)
    }

    // Server

    externalOf(identity: Buffer, target: HashParameters): Buffer | undefined {
        const reader = new Reader(identity, 0, identity.length)
        const external = reader.vector(2)
        return equal(identity, this.identityOf(external, target)) ? external : undefined
    }

    bindingLabel(): string {
        return LABEL
    }

    close(): void {
        for (const key of this.keys) {
            key.early.close()
            wipe(key.psk)
        }
        this.keys = []
    }
}

/** Code point of the KDF (RFC 9258 §10). */
function kdfOf(hash: HashParameters): number {
    return hash.algorithm === HashAlgorithm.sha256 ? 1 : 2
}

/**
 * For `DtlsSettings.extensions`: pre-shared keys of DTLS 1.3 are imported (RFC 9258), and are not used as they are. The source of
 * keys has external ones, by external identities.
 */
export function importedPsks(options: ImportOptions): (crypto: CryptoProvider) => HelloExtension {
    const hash = options.hash ?? SHA_256()
    const context = options.context ?? EMPTY
    return (crypto) => new ImportedPsks(crypto, hash, copyOf(context, 0, context.length))
}
