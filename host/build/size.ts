import { buildDeviceImage, sizeByFile } from "./device.js"
import { SENSOR_IMAGE_AIM } from "./limits.js"

/* npm run size: the sensor's image by part. */

const image = buildDeviceImage("src/sensor/main.ts")
const parts = new Map<string, number>()
for (const [file, size] of sizeByFile(image)) {
    const part =
        /^src\/(dtls\/\w+|\w+(\/runtime)?)/.exec(file)?.[0] ?? file.replace(/^.*@devicescript.*$/, "@devicescript/core")
    parts.set(part, (parts.get(part) ?? 0) + size)
}
if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ bytes: image.bytes, aim: SENSOR_IMAGE_AIM, parts: Object.fromEntries(parts) }))
} else {
    for (const [part, size] of [...parts].sort((a, b) => b[1] - a[1]))
        console.log(`${String(size).padStart(7)}  ${part}`)
    console.log(`${String(image.bytes).padStart(7)}  in all (aim ${SENSOR_IMAGE_AIM})`)
}
