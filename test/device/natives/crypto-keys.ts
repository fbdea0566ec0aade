/*
 * The key pair workload on a device, in two parts that can run concurrently. Its signatures are printed as lines with
 * "made"; the test's are passed in settings of 50 each.
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { type Exchange, KeyWorkload, type Pair, SECP256R1, X25519 } from "../../engine/key-workload.js"
import { NativeKeys } from "./key-pairs.js"

const IN_A_SETTING = 50

class WithTest implements Exchange {
    private signatures = Buffer.alloc(0)

    made(round: number, pair: Pair, data: Buffer, signature: Buffer): void {
        console.log("made " + signature.toString("hex"))
    }

    theirs(round: number): Buffer {
        const setting = Math.floor(round / IN_A_SETTING)
        const at = (round - setting * IN_A_SETTING) * 64
        if (at === 0) this.signatures = Buffer.from(ds._moteSetting("theirs-" + setting) ?? "", "hex")
        return copyOf(this.signatures, at, at + 64)
    }
}

const rounds = parseInt(ds._moteSetting("rounds") ?? "50")
const crypto = new RuntimeCryptoProvider()
const workload = new KeyWorkload(crypto, new NativeKeys(), rounds, async () => await ds.sleep(1))
if (ds._moteSetting("part") === "signatures") {
    console.log(await workload.signatures("ECDSA P-256 with SHA-256", new WithTest()))
} else {
    console.log(await workload.agreement("ECDH P-256", SECP256R1))
    console.log(await workload.agreement("X25519", X25519))
}
ds.restart()
