import { EMPTY } from "../../bytes/bytes.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { digestOf } from "../../crypto/v13/key-schedule.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { DTLS_1_3 } from "../../wire/v13/code-points.js"
import { type CipherSuite } from "../cipher-suite.js"
import { SecurityParameters } from "../security-parameters.js"

/**
 * Security parameters of DTLS 1.3.
 * @devsWhenUsed
 */
export class SecurityParametersV13 extends SecurityParameters {
    private crypto: CryptoProvider | undefined
    /** exporter_master_secret (RFC 8446 §7.1) */
    private exporter: Secret | undefined

    constructor() {
        super(DTLS_1_3)
        // DTLS 1.3 always has what RFC 7627 adds to older versions (RFC 8446 appendix D).
        this.extendedMasterSecret = true
    }

    /** Takes ownership of the exporter_master_secret. */
    keepExporter(crypto: CryptoProvider, exporter: Secret): void {
        this.crypto = crypto
        this.exporter = exporter
    }

    /** RFC 8446 §7.5: an absent context is the same as an empty one. */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined {
        const { crypto, exporter } = this
        if (crypto === undefined || exporter === undefined) return undefined
        const { hash } = this.suite as CipherSuite
        const secret = exporter.deriveSecret(label, digestOf(crypto, hash, EMPTY))
        const material = secret.expandLabel("exporter", digestOf(crypto, hash, context ?? EMPTY), length)
        secret.close()
        return material
    }

    close(): void {
        if (this.exporter !== undefined) this.exporter.close()
        this.exporter = undefined
    }
}
