import { cachedDeviceImage, type DeviceImage } from "./device.js"
import { sizeByFile, sizeByKind, type Sizes } from "./image-size.js"
import { SIZE_PROFILES } from "./size-profiles.js"

/*
 * npm run size: prints the image sizes of all profiles next to their budgets, and the sensor's by part and by kind;
 * with names of profiles, those by part and by kind. --json: {"profiles":{NAME:{"bytes":N,"budget":N}}}.
 */

const print = (size: number, text: string): void => console.log(`${String(size).padStart(7)}  ${text}`)

function printTable(title: string, sizes: Sizes): void {
    console.log(title)
    for (const [name, size] of [...sizes].sort(([, a], [, b]) => b - a)) print(size, name)
}

/** Sums up files by folder. */
function byPart(files: Sizes): Sizes {
    const parts: Sizes = new Map()
    for (const [file, size] of files) {
        const folder = /^(src\/(dtls\/\w+|\w+(\/runtime)?)|test\/device)/.exec(file)?.[0]
        const part = folder ?? file.replace(/^.*@devicescript.*$/, "@devicescript/core")
        parts.set(part, (parts.get(part) ?? 0) + size)
    }
    return parts
}

function printDetails(name: string, image: DeviceImage): void {
    printTable(`${name} by part`, byPart(sizeByFile(image)))
    printTable(`${name} by kind`, sizeByKind(image))
}

const chosen = process.argv.slice(2).filter((name) => !name.startsWith("--"))
const unknown = chosen.filter((name) => !(name in SIZE_PROFILES))
if (unknown.length > 0) {
    console.error(`no size profile ${unknown.join(", ")}; there are ${Object.keys(SIZE_PROFILES).join(", ")}`)
    process.exit(2)
}
const profiles = Object.entries(SIZE_PROFILES).map(([name, { program, budget, configured }]) => ({
    name,
    budget,
    image: cachedDeviceImage(program, configured),
}))
if (process.argv.includes("--json")) {
    const figures = profiles.map(({ name, budget, image: { bytes } }) => [name, { bytes, budget }] as const)
    console.log(JSON.stringify({ profiles: Object.fromEntries(figures) }))
} else {
    const shown = chosen.length > 0 ? chosen : Object.keys(SIZE_PROFILES).slice(0, 1)
    for (const { name, image } of profiles) if (shown.includes(name)) printDetails(name, image)
    console.log("in all")
    for (const { name, budget, image } of profiles) print(image.bytes, `${name} (budget ${budget})`)
}
