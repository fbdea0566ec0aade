/*
 * npm run sbom: writes the components of the package and of each firmware as CycloneDX files in build/sbom. npm
 * describes the package; a firmware consists of the package's sources and the C libraries that it is linked with.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../folders.js"
import { boardLibraries } from "./debian-source.js"

/** The parts of CycloneDX 1.5 that are read or written here. */
interface Component {
    "bom-ref": string
    type: string
    name: string
    version: string
    purl: string
    licenses: { license: { id: string } }[]
}

interface Bom {
    metadata: { component: Component }
    components: Component[]
    dependencies: { ref: string; dependsOn: string[] }[]
}

interface Manifest {
    name: string
    dependencies: Record<string, string>
}

function manifest(): Manifest {
    return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest
}

function bomOfPackage(): Bom {
    const run = spawnSync("npm", ["sbom", "--sbom-format=cyclonedx", "--omit=dev"], { cwd: root, encoding: "utf8" })
    if (run.status !== 0) throw new Error(`npm sbom failed: ${run.error?.message ?? run.stderr}`)
    const bom = JSON.parse(run.stdout) as Bom
    // npm uses the name of the folder.
    bom.metadata.component.name = manifest().name
    return withoutWorkspaces(bom)
}

/** Keeps the package's direct and indirect dependencies: npm also lists this repository's workspaces and theirs. */
function withoutWorkspaces(bom: Bom): Bom {
    const own = Object.entries(manifest().dependencies).map(([name, version]) => `${name}@${version}`)
    const needed = new Set(own)
    // Iterating over a set includes elements added meanwhile.
    for (const ref of needed)
        for (const next of bom.dependencies.find((entry) => entry.ref === ref)?.dependsOn ?? []) needed.add(next)
    const whole = { ref: bom.metadata.component["bom-ref"], dependsOn: own }
    return {
        ...bom,
        components: bom.components.filter((component) => needed.has(component["bom-ref"])),
        dependencies: [whole, ...bom.dependencies.filter(({ ref }) => needed.has(ref))],
    }
}

function library(name: string, version: string, purl: string, license: string): Component {
    return { "bom-ref": purl, type: "library", name, version, purl, licenses: [{ license: { id: license } }] }
}

function debianLibrary(name: string, version: string, license: string): Component {
    return library(name, version, `pkg:deb/debian/${name}@${encodeURIComponent(version)}`, license)
}

/** The release of Debian's library that this machine would link. */
function installedVersion(packageName: string): string {
    const run = spawnSync("dpkg-query", ["-W", "-f", "${Version}", packageName], { encoding: "utf8" })
    if (run.status !== 0) throw new Error(`${packageName} is not installed: the firmware for Linux is linked with it`)
    return run.stdout
}

/** An ESP32's mbedTLS and lwIP come from ESP-IDF, whose release platformio.ini names. */
function espIdf(): Component {
    const version = /ESP-IDF ([\d.]+)/.exec(readFileSync(join(root, "platformio.ini"), "utf8"))?.[1]
    if (version === undefined) throw new Error("platformio.ini names no release of ESP-IDF")
    return library("esp-idf", version, `pkg:github/espressif/esp-idf@v${version}`, "Apache-2.0")
}

const firmwares: Record<string, () => Component[]> = {
    posix: () => [debianLibrary("mbedtls", installedVersion("libmbedtls-dev"), "Apache-2.0")],
    "rv32-virt": () => [
        debianLibrary("mbedtls", boardLibraries.mbedtls.version, "Apache-2.0"),
        debianLibrary("lwip", boardLibraries.lwip.version, "BSD-3-Clause"),
    ],
    "esp32c3-devkitm-1": () => [espIdf()],
    "esp32c6-devkitc-1": () => [espIdf()],
    "esp32s3-devkitc-1": () => [espIdf()],
}

/** A firmware contains none of npm's packages. */
function bomOfFirmware(board: string, bom: Bom): Bom {
    const sources = bom.metadata.component
    const name = `mote-${board}`
    const component = { ...sources, type: "firmware", name, "bom-ref": `${name}@${sources.version}` }
    const components = [sources, ...firmwares[board]()]
    const dependsOn = components.map((part) => part["bom-ref"])
    return {
        ...bom,
        metadata: { ...bom.metadata, component },
        components,
        dependencies: [{ ref: component["bom-ref"], dependsOn }],
    }
}

const folder = join(root, "build", "sbom")
mkdirSync(folder, { recursive: true })
const ofPackage = bomOfPackage()
const all = {
    package: ofPackage,
    ...Object.fromEntries(Object.keys(firmwares).map((b) => [b, bomOfFirmware(b, ofPackage)])),
}
for (const [name, bom] of Object.entries(all)) {
    writeFileSync(join(folder, `${name}.cdx.json`), `${JSON.stringify(bom, undefined, 2)}\n`)
    const parts = bom.components.map(({ name, version }) => `${name} ${version}`)
    console.log(`build/sbom/${name}.cdx.json: ${parts.length === 0 ? "nothing else" : parts.join(", ")}`)
}
