/* npm run prepack: compiles what a computer with only Node could not, the simulator and the sensor's image. */
import { copyFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { root } from "../folders.js"
import { cachedDeviceImage } from "./device.js"
import { compiledMachine, MACHINE_KINDS, machineFile } from "./wasm.js"

/** Where host/folders.ts finds it in the package. */
const prebuilt = join(root, "dist", "prebuilt")

const sensor = cachedDeviceImage("src/sensor/main.ts")
mkdirSync(prebuilt, { recursive: true })
for (const kind of MACHINE_KINDS) copyFileSync(await compiledMachine(kind), join(prebuilt, machineFile(kind)))
copyFileSync(sensor.path, join(prebuilt, "sensor.devs"))
copyFileSync(sensor.debugPath, join(prebuilt, "sensor.devs.json"))
