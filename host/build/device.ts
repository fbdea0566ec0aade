import { createHash, type Hash } from "node:crypto"
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { UsageError } from "../credentials.js"
import { cacheFolder, root } from "../folders.js"
import type { DebugFile } from "../image/ir/debug.js"
import { type Machine, optimizeImage } from "../image/optimize.js"
import { temporaryFolder } from "../temporary.js"
import {
    CompilationError,
    type CompiledProgram,
    COMPILER_VERSION,
    compileFiles,
    compilerFolder,
    compilerPackages,
} from "./compiler.js"
import { configure, type Configured } from "./configured.js"
import { exclusively } from "./make-once.js"
import { type ProgramSources, programSources } from "./program-sources.js"

export { root }

/** The compiler's packages as files, from which editors and type checks take their types. */
const packages = (): string => join(cacheFolder("device"), "packages")

export interface DeviceImage {
    /** the image file */
    path: string
    bytes: number
    /** the compiler's debug file: function names, sizes, source map */
    debugPath: string
    /** folder to which the debug file's paths are relative */
    home: string
}

/** What the compiler made, with the types that its optimization needs. */
type CompiledImage = DeviceImage & Pick<CompiledProgram, "types">

/** The sources in this repository, by path. */
function ownSources(): Map<string, string> {
    const paths = ["src", "test"].flatMap((part) =>
        readdirSync(join(root, part), { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".ts"))
            .map((name) => join(part, name)),
    )
    return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]))
}

/**
 * Compiles every module that runs on a device, including unused code, which would otherwise not be checked.
 * @param part folder of the modules
 */
export function buildEverything(part: string): DeviceImage {
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
    return compile("main.ts", ownSources().set("main.ts", main.join("\n")), ["allFunctions", "allPrototypes"])
}

/**
 * Exported classes: a class that is never mentioned is still left out, while a mentioned one is compiled with all its
 * methods.
 */
function exportedClasses(path: string): string[] {
    const source = readFileSync(join(root, path), "utf8")
    return [...source.matchAll(/^export (?:abstract )?class (\w+)/gm)].map((match) => match[1])
}

/** Paths of all modules that run on a device, relative to the project, without programs (main.ts) and entries. */
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

/** The sensor for the official VM. It has no settings, so the bridge's port is compiled in. */
export function buildStockImage(port: number): DeviceImage {
    const bridge = `export const BRIDGE_PORT = ${port}\n`
    const files = ownSources().set(join("src", "sensor", "stock-port.ts"), bridge)
    return optimize(compile("src/sensor/stock.ts", files), "every")
}

/**
 * The image of any program, compiled only if one of its sources, the configuration or the optimizer has changed.
 * @param path of the main file, absolute or relative to Mote's own folder
 * @param configured the configuration's decisions about the program; default: src/sensor/configured.ts as it is
 */
export function cachedDeviceImage(path: string, configured?: Configured): DeviceImage {
    const program = programSources(resolve(root, path))
    if (configured !== undefined) configure(program, configured)
    return cachedProgramImage(program)
}

/** The image of a program whose sources have been collected. */
export function cachedProgramImage(program: ProgramSources): DeviceImage {
    const { path: image, debugPath } = kept(hashOf(program))
    const isKept = (): boolean => existsSync(image) && existsSync(packages())
    if (!isKept())
        exclusively(image, () => {
            if (isKept()) return
            process.stderr.write(`mote: compiling ${program.entry} for the device, once (about ten seconds)\n`)
            keep(optimize(compile(program.entry, program.files), "mote"), image, debugPath)
        })
    return { path: image, bytes: statSync(image).size, debugPath, home: program.home }
}

function hashOf({ entry, files }: ProgramSources): string {
    const hash = createHash("sha256").update(entry)
    hash.update(readFileSync(join(compilerFolder(), "package.json")))
    for (const [place, content] of [...files].sort()) hash.update(place).update(content)
    for (const folder of optimizer) hashFolder(hash, folder)
    return hash.digest("hex").slice(0, 16)
}

/** Paths of a cached image. */
function kept(hash: string): { path: string; debugPath: string } {
    const path = join(cacheFolder("device"), "images", hash)
    return { path: `${path}.devs`, debugPath: `${path}.json` }
}

/**
 * Copies an image from the folder in which it was made to the cache. Renames it last, because another process may look
 * for it meanwhile.
 */
function keep(image: DeviceImage, path: string, debugPath: string): void {
    for (const [from, to] of [
        [image.debugPath, debugPath],
        [image.path, path],
    ]) {
        copyFileSync(from, `${to}.${process.pid}`)
        renameSync(`${to}.${process.pid}`, to)
    }
}

/** Folders of the optimizer and of what tells it of types: TypeScript in the repository, JavaScript in the package. */
const optimizer = ["image", join("build", "sidecar")].map(
    (part) => [join(root, "host", part)].find(existsSync) ?? fileURLToPath(new URL(`../${part}`, import.meta.url)),
)

function hashFolder(hash: Hash, folder: string): void {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.[tj]s$/.test(file))
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(folder, file)))
}

/** Optimizes the compiler's image in place. */
function optimize({ types, ...image }: CompiledImage, machine: Machine): DeviceImage {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    const optimized = optimizeImage(readFileSync(image.path), debug, machine, types)
    writeFileSync(image.path, optimized.image)
    writeFileSync(image.debugPath, JSON.stringify(optimized.debug))
    return { ...image, bytes: optimized.image.length }
}

/** Compiles in a new folder. Throws UsageError with the compiler's messages. */
function compile(entry: string, files: Map<string, string>, flags: string[] = []): CompiledImage {
    const folder = temporaryFolder("compile")
    const [path, debugPath] = [join(folder, "bytecode.devs"), join(folder, "bytecode-dbg.json")]
    try {
        const { image, debug, types } = compileFiles(entry, files, flags)
        writeFileSync(path, image)
        writeFileSync(debugPath, debug)
        keepPackages()
        return { path, bytes: image.length, debugPath, home: root, types }
    } catch (error) {
        if (!(error instanceof CompilationError)) throw error
        throw new UsageError(`${entry} does not compile for the device:\n${error.message}${hint(error.message)}`)
    }
}

/** Explains a compiler error if its own message does not: modules of Node do not exist on a device. */
function hint(message: string): string {
    const [, missing = ""] = /Cannot find module '([^']+)'/.exec(message) ?? []
    return isBuiltin(missing)
        ? `\n${missing} is Node's, and a device has none of it: docs/projects.md says what there is`
        : ""
}

/** Writes the compiler's packages, for editors and type checks, unless they exist. */
function keepPackages(): void {
    const version = join(packages(), "version")
    exclusively(packages(), () => {
        if (existsSync(version) && readFileSync(version, "utf8") === COMPILER_VERSION) return
        const fresh = `${packages()}.${process.pid}`
        for (const [path, content] of Object.entries(compilerPackages())) {
            const place = join(fresh, relative("node_modules", path))
            mkdirSync(dirname(place), { recursive: true })
            writeFileSync(place, content)
        }
        writeFileSync(join(fresh, "version"), COMPILER_VERSION)
        rmSync(packages(), { recursive: true, force: true })
        renameSync(fresh, packages())
    })
}

/** The compiler's image of a program in this repository without optimization, for the official machine. */
export const buildAsCompiled = (entry: string): DeviceImage => compile(entry, ownSources())

/** Names of all functions and methods in an image. */
export function functionNames(image: DeviceImage): Set<string> {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    return new Set(debug.functions.map((entry) => entry.name))
}
