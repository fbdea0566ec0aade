import { KeyPair, verify } from "../../../host/simulator/key-pair.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { type Exchange, type Keys, KeyWorkload, type Pair, SECP256R1, X25519 } from "../../engine/key-workload.js"

/** Key pairs of node:crypto. */
export const nodeKeys: Keys = { pair: (group, secret) => KeyPair.ofBare(group, secret) as KeyPair, verify }

const IN_A_SETTING = 50

/** What node:crypto makes of the workload of test/device/natives/crypto-keys.ts. */
export class NodeHalf implements Exchange {
    private signed: { publicKey: Buffer; data: Buffer }[] = []
    private signatures: Buffer[] = []

    constructor(private rounds: number) {}

    made(_round: number, pair: Pair, data: Buffer, signature: Buffer): void {
        this.signed.push({ publicKey: pair.publicKey, data: Buffer.from(data) })
        this.signatures.push(Buffer.from(signature))
    }

    theirs(_round: number, pair: Pair, data: Buffer): Buffer {
        return pair.sign(data)
    }

    private workload(): KeyWorkload {
        return new KeyWorkload(new NodeCryptoProvider(), nodeKeys, this.rounds, () => Promise.resolve())
    }

    async agreements(): Promise<string[]> {
        const workload = this.workload()
        return [await workload.agreement("ECDH P-256", SECP256R1), await workload.agreement("X25519", X25519)]
    }

    async signatureLines(): Promise<string[]> {
        return [await this.workload().signatures("ECDSA P-256 with SHA-256", this)]
    }

    /** After `signatureLines`: the signatures, for the device. */
    settings(): Record<string, string> {
        const settings: Record<string, string> = { rounds: String(this.rounds), part: "signatures" }
        for (let i = 0; i * IN_A_SETTING < this.rounds; i++) {
            const some = this.signatures.slice(i * IN_A_SETTING, (i + 1) * IN_A_SETTING)
            settings[`theirs-${i}`] = Buffer.concat(some).toString("hex")
        }
        return settings
    }

    /** How many of the device's signatures are right, one for each round. */
    right(made: Buffer[]): number {
        return made.filter((signature, i) => verify(this.signed[i].publicKey, this.signed[i].data, signature)).length
    }
}
