import { EMPTY, join, wipe } from "../../bytes/bytes.js"
import { type Hmac } from "../../crypto/provider.js"
import { hkdfLabel, type KeyScheduleV13 } from "../../crypto/v13/key-schedule.js"
import { DTLS_1_3 } from "../../wire/v13/code-points.js"
import { SecurityParameters } from "../security-parameters.js"

/**
 * Of DTLS 1.3.
 * @devsWhenUsed
 */
export class SecurityParametersV13 extends SecurityParameters {
    schedule: KeyScheduleV13 | undefined
    /** keyed with exporter_master_secret (RFC 8446 §7.1) */
    exporter: Hmac | undefined

    constructor() {
        super(DTLS_1_3)
        // What RFC 7627 adds to older versions is part of this one (RFC 8446 appendix D).
        this.extendedMasterSecret = true
    }

    /** RFC 8446 §7.5: an absent context is one of 0 bytes. */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined {
        const { schedule, exporter } = this
        if (schedule === undefined || exporter === undefined) return undefined
        const info = hkdfLabel(label, schedule.digest(EMPTY), schedule.hash.length)
        // The only block of HKDF-Expand.
        const secret = exporter.sign(join([info, Buffer.from([1])]))
        const material = schedule.expandLabel(secret, "exporter", schedule.digest(context ?? EMPTY), length)
        wipe(secret)
        return material
    }

    close(): void {
        if (this.exporter !== undefined) this.exporter.close()
        this.exporter = undefined
    }
}
