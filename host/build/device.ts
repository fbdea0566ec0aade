import { spawnSync } from "node:child_process"
import { createHash, type Hash } from "node:crypto"
import {
    copyFileSync,
    cpSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { dirname, join, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { UsageError } from "../credentials.js"
import { cacheFolder, folderWith, root } from "../folders.js"
import type { DebugFile } from "../image/ir/debug.js"
import { optimizeImage } from "../image/optimize.js"
import { temporaryFolder } from "../temporary.js"
import { exclusively } from "./make-once.js"
import { type ProgramSources, programSources } from "./program-sources.js"

export { root }

/** The compiler's packages, as every compilation writes them anew: editors have their types from here. */
const packages = (): string => join(cacheFolder("device"), "packages")

export interface DeviceImage {
    /** the image file */
    path: string
    bytes: number
    /** the compiler's debug file: function names, sizes, source map */
    debugPath: string
    /** folder that the debug file's paths are relative to */
    home: string
}

/** The version that Mote is made for: its images are the ones that the optimizer and the machine know. */
const COMPILER_VERSION = "2.16.4"

/** The folder of @devicescript/cli: a development dependency of the project, or of Mote's repository. */
export function compilerFolder(): string {
    const inside = join("node_modules", "@devicescript", "cli")
    const place = folderWith(process.cwd(), inside) ?? folderWith(root, inside)
    if (place !== undefined) return join(place, inside)
    throw new UsageError(
        `programs are compiled by @devicescript/cli: npm install --save-dev --save-exact @devicescript/cli@${COMPILER_VERSION}`,
    )
}

/** The official command line, run in the image's own folder: its output always goes to the current one. */
function devicescript(folder: string, args: string[]): { status: number; output: string } {
    const cli = join(compilerFolder(), "devicescript")
    const run = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 })
    return { status: run.status ?? -1, output: run.stdout + run.stderr }
}

/** A folder with copies of the sources: the compiler finds its own packages only below the current folder. */
function prepareFolder(): string {
    const folder = temporaryFolder("compile")
    for (const part of ["src", "test"]) cpSync(join(root, part), join(folder, part), { recursive: true })
    return folder
}

/**
 * Compiles every module that runs on a device, unused code included: what nobody uses is not compiled otherwise,
 * so it would not be checked either.
 * @param part folder that the modules are in
 */
export function buildEverything(part: string): DeviceImage {
    const folder = prepareFolder()
    const modules = deviceModules().filter((path) => path.startsWith(part))
    const lines = modules.flatMap((path) => {
        const classes = exportedClasses(path)
        const names = classes.length === 0 ? "" : `{ ${classes.join(", ")} } from `
        return [`import ${names}"./${path.replace(/\.ts$/, ".js")}"`, ...classes.map((name) => `keep(${name})`)]
    })
    const imports = lines.filter((line) => line.startsWith("import"))
    const uses = lines.filter((line) => line.startsWith("keep"))
    const main = [
        'import * as ds from "@devicescript/core"',
        ...imports,
        "function keep(_c: any) {}",
        ...uses,
        "ds.restart()",
    ]
    writeFileSync(join(folder, "main.ts"), main.join("\n"))
    return compile(folder, "main.ts", ["-F", "allFunctions", "-F", "allPrototypes"])
}

/** A class that nobody mentions is left out even so; a mentioned one comes with all its methods. */
function exportedClasses(path: string): string[] {
    const source = readFileSync(join(root, path), "utf8")
    return [...source.matchAll(/^export (?:abstract )?class (\w+)/gm)].map((match) => match[1])
}

/** Paths of all modules that run on a device, relative to the project; programs (main.ts) and entries left out. */
export function deviceModules(): string[] {
    const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    return files
        .filter(
            (file) =>
                file.endsWith(".ts") &&
                !file.startsWith("platform/node") &&
                !file.startsWith("entry/") &&
                !file.endsWith("main.ts") &&
                !file.endsWith("stock.ts"),
        )
        .filter((file) => file !== "index.ts")
        .map((file) => `src/${file}`)
        .sort()
}

/** The sensor for the official VM; it has no settings, so the bridge's port is compiled in. */
export function buildStockImage(port: number): DeviceImage {
    const folder = prepareFolder()
    writeFileSync(join(folder, "src", "sensor", "stock-port.ts"), `export const BRIDGE_PORT = ${port}\n`)
    return optimize(compile(folder, "src/sensor/stock.ts"))
}

/**
 * The image of a program, wherever it is: compiled only when one of its sources, the suites or the optimizer have changed.
 * @param path of the main file, absolute or relative to Mote's own folder
 * @param configured what the configuration decides about the program; without, src/sensor/configured.ts as it is
 */
export function cachedDeviceImage(path: string, configured?: Configured): DeviceImage {
    const program = programSources(resolve(root, path))
    if (configured !== undefined) configure(program, configured)
    const { path: image, debugPath } = kept(hashOf(program))
    const isKept = (): boolean => existsSync(image) && existsSync(packages())
    if (!isKept())
        exclusively(image, () => {
            if (isKept()) return
            process.stderr.write(`mote: compiling ${program.entry} for the device, once (about ten seconds)\n`)
            keep(buildImage(program), image, debugPath)
        })
    return { path: image, bytes: statSync(image).size, debugPath, home: program.home }
}

/** What a configuration decides about the program itself. */
export interface Configured {
    /** IANA names that `configuredSuites` returns */
    suites: string[]
    /** bytes of this side's connection id that `configuredExtensions` offers; undefined: no connection ids */
    connectionId: number | undefined
}

/** Where that stands in a program. */
const CONFIGURED = join("src", "sensor", "configured.ts")

/** Modules that configured.ts imports and a program without extensions does not have. */
const EXTENSIONS = ["connection-ids.ts", "return-routability.ts"].map((file) => join("src", "dtls", "handshake", file))

function configure({ files }: ProgramSources, { suites, connectionId }: Configured): void {
    const importing = (names: string, module: string): string => `import { ${names} } from "${module}"`
    const source = [
        importing("type CryptoProvider", "../dtls/crypto/provider.js"),
        importing("type CipherSuite", "../dtls/handshake/cipher-suite.js"),
        importing("connectionIds", "../dtls/handshake/connection-ids.js"),
        importing("type HelloExtension", "../dtls/handshake/hello-extension.js"),
        importing("returnRoutability", "../dtls/handshake/return-routability.js"),
        importing(suites.join(", "), "../dtls/key-exchange/suites.js"),
        "export function configuredSuites(): CipherSuite[] {",
        `    return [${suites.map((suite) => `${suite}()`).join(", ")}]`,
        "}",
        "export function configuredExtensions(): ((crypto: CryptoProvider) => HelloExtension)[] {",
        `    return [${connectionId === undefined ? "" : `connectionIds(${connectionId}), returnRoutability()`}]`,
        "}",
        "",
    ].join("\n")
    const places = [CONFIGURED, join("node_modules", "mote-dtls", CONFIGURED)].filter((place) => files.has(place))
    if (places.length === 0)
        throw new UsageError(
            `${connectionId === undefined ? "suites" : "connectionId"}: the program names its own; configuredSuites and ` +
                "configuredExtensions of mote-dtls/device are the configuration's",
        )
    for (const place of places) {
        files.set(place, source)
        // The program itself may import none of them.
        for (const module of EXTENSIONS)
            files.set(join(place.slice(0, -CONFIGURED.length), module), readFileSync(join(root, module), "utf8"))
    }
}

function hashOf({ entry, files }: ProgramSources): string {
    const hash = createHash("sha256").update(entry)
    hash.update(readFileSync(join(compilerFolder(), "package.json")))
    for (const [place, content] of [...files].sort()) hash.update(place).update(content)
    hashFolder(hash, fileURLToPath(new URL("../image", import.meta.url)))
    return hash.digest("hex").slice(0, 16)
}

/** Where an image stays. */
function kept(hash: string): { path: string; debugPath: string } {
    const path = join(cacheFolder("device"), "images", hash)
    return { path: `${path}.devs`, debugPath: `${path}.json` }
}

/** Copies an image out of the folder that it was made in. Renamed last: another process may look for it meanwhile. */
function keep(image: DeviceImage, path: string, debugPath: string): void {
    for (const [from, to] of [
        [image.debugPath, debugPath],
        [image.path, path],
    ]) {
        copyFileSync(from, `${to}.${process.pid}`)
        renameSync(`${to}.${process.pid}`, to)
    }
}

/** The optimizer: TypeScript in the repository, JavaScript in the package. */
function hashFolder(hash: Hash, folder: string): void {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.[tj]s$/.test(file))
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(folder, file)))
}

/** Compiles copies: the compiler writes into the current folder, and finds its own packages only below it. */
function buildImage({ entry, files }: ProgramSources): DeviceImage {
    const folder = temporaryFolder("compile")
    for (const [place, content] of files) {
        mkdirSync(dirname(join(folder, place)), { recursive: true })
        writeFileSync(join(folder, place), content)
    }
    return optimize(compile(folder, entry))
}

/** Without colours and the compiler's banner. */
function messagesOf(output: string): string {
    const plain = stripVTControlCharacters(output)
    return plain.replace(/^using devs: .*\n/m, "").trim()
}

/** Makes the compiler's image smaller and quicker, in its place. */
function optimize(image: DeviceImage): DeviceImage {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    const optimized = optimizeImage(readFileSync(image.path), debug)
    writeFileSync(image.path, optimized.image)
    writeFileSync(image.debugPath, JSON.stringify(optimized.debug))
    return { ...image, bytes: optimized.image.length }
}

/**
 * Without the compiler's verifier: it refuses code of more than 64 KB, which is the official machine's limit and not ours. Each
 * machine verifies the image that it loads.
 */
function compile(folder: string, entry: string, flags: string[] = []): DeviceImage {
    const { status, output } = devicescript(folder, [
        "build",
        "--ignore-missing-config",
        "--no-verify",
        ...flags,
        entry,
    ])
    const path = join(folder, ".devicescript", "bin", "bytecode.devs")
    // Paths are told as they are in the program's folder, not in the compiler's.
    if (status !== 0)
        throw new UsageError(
            `${entry} does not compile for the device:\n${messagesOf(output).replaceAll(folder + sep, "")}`,
        )
    keepPackages(folder)
    const debugPath = join(folder, ".devicescript", "bin", "bytecode-dbg.json")
    return { path, bytes: statSync(path).size, debugPath, home: root }
}

/** Replaces the kept packages unless they are the same, by the version of the compiler. */
function keepPackages(folder: string): void {
    const version = (place: string): string => readFileSync(join(place, "core", "package.json"), "utf8")
    const made = join(folder, "node_modules", "@devicescript")
    const keptHere = join(packages(), "@devicescript")
    exclusively(packages(), () => {
        if (existsSync(keptHere) && version(keptHere) === version(made)) return
        const fresh = `${packages()}.${process.pid}`
        cpSync(made, join(fresh, "@devicescript"), { recursive: true })
        rmSync(packages(), { recursive: true, force: true })
        renameSync(fresh, packages())
    })
}

/** Compiles and runs a program in the official VM; it must end with ds.restart(). */
export function runInOfficialVm(entry: string): { status: number; output: string } {
    const folder = prepareFolder()
    const options = ["--ignore-missing-config", "--test", "--test-self-exit", "-T", String(VM_TIMEOUT)]
    return devicescript(folder, ["--no-colors", "run", ...options, entry])
}

/** Longest run in the official VM, ms. */
const VM_TIMEOUT = 120000

/** Names of all functions and methods in an image. */
export function functionNames(image: DeviceImage): Set<string> {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    return new Set(debug.functions.map((entry) => entry.name))
}
