/* A sleeping sensor that confirms every fourth reading; its configuration determines versions and connection ids. */
import * as ds from "@devicescript/core"
import "../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../src/platform/runtime/services.js"
import { sensorConfig } from "../../src/sensor/program.js"
import { SimulatedSource } from "../../src/sensor/reading.js"
import { SleepingSensor } from "../../src/sensor/sleeper.js"

const services = new RuntimeServices()
const setting = (name: string, fallback: string) => ds._moteSetting(name) ?? fallback
const config = sensorConfig(services, setting)
const key = Buffer.from(setting("key", ""), "hex")
await new SleepingSensor(services, config, new SimulatedSource(() => 0), key, 4).wake()
ds._moteDeepSleep(20)
