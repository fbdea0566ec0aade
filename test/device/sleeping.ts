/* A sleeping sensor with connection ids, which confirms every fourth reading. */
import * as ds from "@devicescript/core"
import { connectionIds } from "../../src/dtls/handshake/connection-ids.js"
import "../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../src/platform/runtime/services.js"
import { sensorConfig } from "../../src/sensor/program.js"
import { SimulatedSource } from "../../src/sensor/reading.js"
import { SleepingSensor } from "../../src/sensor/sleeper.js"

const services = new RuntimeServices()
const setting = (name: string, fallback: string) => ds._moteSetting(name) ?? fallback
const config = sensorConfig(services, setting)
config.dtls.extensions = [connectionIds(0)]
const key = Buffer.from(setting("key", ""), "hex")
await new SleepingSensor(services, config, new SimulatedSource(() => 0), key, 4).wake()
ds._moteDeepSleep(20)
