/* The workload on a device: one line for each primitive. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { Workload } from "../../engine/crypto-workload.js"

const rounds = parseInt(ds._moteSetting("rounds") ?? "100")
const crypto = new RuntimeCryptoProvider()
let turns = 0

/** Rare, because a pause after each of fifteen thousand rounds would take most of the time. */
async function pause(): Promise<void> {
    turns++
    if ((turns & 15) === 0) await ds.sleep(1)
}

const workload = new Workload(crypto, rounds, pause)
for (const line of await workload.all()) console.log(line)
for (const line of await workload.allOfV13(crypto)) console.log(line)
ds.restart()
