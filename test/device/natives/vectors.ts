/* Published vectors on a device. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { vectorLines } from "../../engine/crypto-vectors.js"

for (const text of vectorLines(new RuntimeCryptoProvider())) console.log(text)
ds.restart()
