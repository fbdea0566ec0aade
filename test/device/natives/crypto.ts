/* The workload on a device: one line for each primitive. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { Workload } from "../../engine/crypto-workload.js"

const rounds = parseInt(ds._moteSetting("rounds") ?? "100")
const crypto = new RuntimeCryptoProvider()
const workload = new Workload(crypto, rounds, async () => await ds.sleep(1))
for (const line of await workload.all()) console.log(line)
for (const line of await workload.allMasks(crypto)) console.log(line)
ds.restart()
