/* npm pack: puts the compiled machine and the sensor's image into dist, so that a laptop with only Node runs them. */
import { copyFileSync, cpSync, mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { cachedDeviceImage, root } from "./device.js"
import { compiledMachine } from "./wasm.js"

function put(from: string, ...place: string[]): void {
    const to = join(root, "dist", "firmware", ...place)
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(from, to)
}

const sensor = cachedDeviceImage("src/sensor/main.ts")
put(await compiledMachine(), "port", "wasm", "machine.wasm")
put(sensor.path, "sensor.devs")
put(sensor.debugPath, "sensor.devs.json")

for (const part of ["boards", join("host", "config", "devs.config.schema.json")])
    cpSync(join(root, part), join(root, "dist", part), { recursive: true })
