/* Features of a device's crypto library, and published vectors. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { vectorLines } from "../../engine/crypto-vectors.js"
import { keyVectorLines } from "../../engine/key-vectors.js"
import { NativeKeys } from "./key-pairs.js"

/** Whether there are key pairs: the firmware of a sensor's board has none. */
function hasKeys(): boolean {
    try {
        ds._moteCryptoClose(ds._moteKeyNew(23))
        return true
    } catch {
        return false
    }
}

console.log(`has ${ds._moteCryptoHas()}`)
for (const text of vectorLines(new RuntimeCryptoProvider())) console.log(text)
if (hasKeys()) {
    for (const text of keyVectorLines(new NativeKeys())) console.log(text)
}
ds.restart()
