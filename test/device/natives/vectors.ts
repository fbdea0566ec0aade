/* Published vectors on a device. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { maskLines, vectorLines } from "../../engine/crypto-vectors.js"

const crypto = new RuntimeCryptoProvider()
for (const text of vectorLines(crypto)) console.log(text)
for (const text of maskLines(crypto)) console.log(text)
ds.restart()
