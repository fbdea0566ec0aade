import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, type DeviceImage, root } from "./device.js"

/** Where the package has the sensor's image ready. */
export const shippedSensor = join(root, "firmware", "sensor.devs")

/** The sensor program, src/sensor/main.ts: the image that the package brings, else compiled from the sources. */
export function sensorImage(): DeviceImage {
    if (!existsSync(shippedSensor)) return cachedDeviceImage("src/sensor/main.ts")
    return { path: shippedSensor, bytes: statSync(shippedSensor).size, debugPath: `${shippedSensor}.json` }
}
