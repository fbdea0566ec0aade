import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { prebuilt, root } from "../folders.js"
import { cachedDeviceImage, type DeviceImage } from "./device.js"

/** Where the package has the sensor's image ready. */
const shipped = join(prebuilt, "sensor.devs")

/** The sensor program, src/sensor/main.ts: the image that the package brings, else compiled from the sources. */
export function sensorImage(): DeviceImage {
    if (!existsSync(shipped)) return cachedDeviceImage("src/sensor/main.ts")
    return { path: shipped, bytes: statSync(shipped).size, debugPath: `${shipped}.json`, home: root }
}
