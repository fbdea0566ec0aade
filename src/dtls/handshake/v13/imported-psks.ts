import { EMPTY, equal } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { HashAlgorithm, type HashParameters, SHA_256 } from "../../crypto/algorithms.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { digestOf } from "../../crypto/v13/key-schedule.js"
import { DTLS_1_3 } from "../../wire/v13/code-points.js"
import { type HelloExtension } from "../hello-extension.js"
import { usableSuites } from "../negotiation.js"
import { type PskAnswer } from "../question.js"
import { KeyOffer, keysOf } from "./key-offer.js"
import { type ClientResumptionContextV13 } from "./resumption.js"

/** Label for binders of imported keys (RFC 9258 §5.2). */
const LABEL = "imp binder"

/** How keys are imported; both sides need the same options. */
export interface ImportOptions {
    /**
     * context in which a key is used, 0 to 65535 bytes, such as the names of both sides (RFC 9258 §5.1). Default: empty
     */
    context?: Buffer
    /** the external key's hash; a key must be used with only one. Default: SHA-256 */
    hash?: HashParameters
    /** options for individual keys, by their external identity, such as each device's context; undefined: as above */
    of?: (identity: Buffer) => ImportOptions | undefined
}

/**
 * Imported pre-shared keys (RFC 9258): each external key yields one key for every hash among the suites, so it works
 * with every suite, and is bound to DTLS 1.3 and to the context.
 * @devsWhenUsed
 */
class ImportedPsks extends KeyOffer {
    constructor(
        crypto: CryptoProvider,
        private options: ImportOptions,
    ) {
        super(crypto)
    }

    private optionsOf(external: Buffer): ImportOptions {
        const { options } = this
        const own = options.of === undefined ? undefined : options.of(external)
        return own ?? options
    }

    /**
     * Ordered by hash, not by key, because servers choose the suite by the first identity and look only at the first
     * few.
     */
    override begin(h: ClientResumptionContextV13, psk: PskAnswer): number {
        const hashes: HashAlgorithm[] = []
        for (const suite of usableSuites(h.settings, false)) {
            const { hash } = suite
            if (hashes.indexOf(hash.algorithm) < 0) {
                hashes.push(hash.algorithm)
                for (const key of keysOf(psk)) this.addKey(key, this.identityOf(key.identity, hash), hash)
            }
        }
        return this.count()
    }

    /** ImportedIdentity (RFC 9258 §5.1). */
    private identityOf(external: Buffer, target: HashParameters): Buffer {
        const context = this.optionsOf(external).context ?? EMPTY
        const writer = new Writer(8 + external.length + context.length)
        writer.vector(external, 2)
        writer.vector(context, 2)
        writer.uint(DTLS_1_3, 2)
        writer.uint(kdfOf(target), 2)
        return writer.finish()
    }

    override importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer {
        const hash = this.optionsOf(externalIn(identity)).hash ?? SHA_256()
        const extracted = this.secrets().newSecret(hash, key)
        const context = digestOf(this.crypto, hash, identity)
        const imported = extracted.expandLabel("derived psk", context, target.length)
        extracted.close()
        return imported
    }

    override externalOf(identity: Buffer, target: HashParameters): Buffer | undefined {
        const external = externalIn(identity)
        return equal(identity, this.identityOf(external, target)) ? external : undefined
    }

    override bindingLabel(): string {
        return LABEL
    }
}

/** The external identity, which is the first field of an ImportedIdentity. */
function externalIn(identity: Buffer): Buffer {
    return new Reader(identity, 0, identity.length).vector(2)
}

/** Code point of the KDF (RFC 9258 §10). */
function kdfOf(hash: HashParameters): number {
    return hash.algorithm === HashAlgorithm.sha256 ? 1 : 2
}

/**
 * For `DtlsSettings.extensions`: pre-shared keys of DTLS 1.3 are imported (RFC 9258) instead of being used directly.
 * The key source has external keys, by external identity.
 */
export function importedPsks(options: ImportOptions): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ImportedPsks(crypto, options)
}
