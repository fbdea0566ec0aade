import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { prebuilt, root } from "../folders.js"
import { cachedDeviceImage, type DeviceImage } from "./device.js"

/** Path of the sensor's image in the package. */
const shipped = join(prebuilt, "sensor.devs")

/** The image of the sensor program, src/sensor/main.ts: from the package, or else compiled from the sources. */
export function sensorImage(): DeviceImage {
    if (!existsSync(shipped)) return cachedDeviceImage("src/sensor/main.ts")
    return { path: shipped, bytes: statSync(shipped).size, debugPath: `${shipped}.json`, home: root }
}
