import { exporterSeed } from "../../crypto/v12/key-schedule.js"
import { prf } from "../../crypto/v12/prf.js"
import { type Hmac } from "../../crypto/provider.js"
import { DTLS_1_2 } from "../../wire/code-points.js"
import { type Failure } from "../failure.js"
import { SecurityParameters } from "../security-parameters.js"

/**
 * Security parameters of DTLS 1.2.
 * @devsWhenUsed
 */
export class SecurityParametersV12 extends SecurityParameters {
    /** keyed with the master secret, which itself is not kept; undefined before the key derivation and after the end */
    master: Hmac | undefined = undefined

    constructor() {
        super(DTLS_1_2)
    }

    /** RFC 5705 §4. */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined {
        const { master, clientRandom, serverRandom } = this
        if (master === undefined) return undefined
        return prf(master, label, exporterSeed(clientRandom, serverRandom, context), length)
    }

    close(failure: Failure | undefined): void {
        if (this.resumption !== undefined) this.resumption.close(failure)
        if (this.master !== undefined) this.master.close()
        this.master = undefined
    }
}
