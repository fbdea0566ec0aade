/* The part of the workload that a sensor's board supports. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { Workload } from "../../engine/crypto-workload.js"

const crypto = new RuntimeCryptoProvider()
const workload = new Workload(crypto, 100, async () => await ds.sleep(1))
for (const text of await workload.ofSensor()) console.log(text)
for (const text of await workload.ofSensorV13(crypto)) console.log(text)
ds.restart()
