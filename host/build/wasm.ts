import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { deserialize, serialize } from "node:v8"
import { cacheFolder, prebuilt, root } from "../folders.js"
import { temporaryFolder } from "../temporary.js"
import type { Choice } from "../translate/translate.js"
import { type Compilation, type Compiled, oneUnit, type Unit } from "./llvm.js"
import { exclusivelyAsync } from "./make-once.js"

/** Folder for compiled machines and their objects, by the hash of their sources; ignored by git. */
const cache = cacheFolder("wasm")
const objectCache = join(cache, "objects")
/** The normal machine, or one that counts what each function of a program does (mote profile). */
export const MACHINE_KINDS = ["plain", "profiling"] as const
export type MachineKind = (typeof MACHINE_KINDS)[number]

/** File names of the machines in the package. */
export const machineFile = (kind: MachineKind): string => (kind === "plain" ? "machine.wasm" : "machine-profiling.wasm")

/** Disables checks that LLVM does by default because it was built with assertions; they do not affect the code. */
const UNCHECKED = ["-fno-verify-intermediate-code", "-fdiscard-value-names"]
const TARGET = ["--target=wasm32-wasip1", "-std=c11", "-O2", ...UNCHECKED, "-Ivm", "-c"]
/**
 * Flags for a smaller machine: a sixth less code, which compiles sooner and runs as fast, because V8 optimizes it
 * again.
 */
const SMALL = ["-mllvm", "-inline-threshold=40", "-fno-unroll-loops", "-fno-vectorize", "-fno-slp-vectorize"]
const PLAIN = [...TARGET, ...SMALL]
const flagsOf = (kind: MachineKind): string[] => (kind === "plain" ? PLAIN : [...PLAIN, "-DMOTE_PROFILE"])
const LINK = ["-m", "wasm32", "--no-entry", "--strip-all", "-z", "stack-size=65536", "-L/usr/lib/wasm32-wasip1"]

/** Contents by name. */
type Sources = Record<string, Uint8Array>

function sources(folder: string): Sources {
    const path = join(root, "firmware", folder)
    const names = readdirSync(path).filter((name) => /\.[ch]$/.test(name))
    return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(path, name))]))
}

/** The parts of a machine. */
interface Parts {
    /** sources by folder */
    folders: { vm: Sources; port: Sources; translated: Sources }
    units: Unit[]
}

const cFiles = (of: Sources): string[] => Object.keys(of).filter((name) => name.endsWith(".c"))

function partsOf(kind: MachineKind): Parts {
    const units = ["all.c", "port/port.c"].map((main) => ({ main, flags: flagsOf(kind) }))
    return { folders: { vm: sources("vm"), port: sources("port/wasm"), translated: {} }, units }
}

/**
 * A machine with functions of programs as C, which are large and therefore compiled as separate units. @param files C
 * files of host/translate
 */
function translatedParts(files: string[]): Parts {
    const flags = [...TARGET, "-DMOTE_TRANSLATED", "-Itranslated"]
    const { folders, units } = partsOf("plain")
    const common = sources("translated")
    const own = Object.fromEntries(files.map((path) => [basename(path), readFileSync(path)]))
    const translated = { ...common, ...own }
    return {
        folders: { ...folders, translated },
        units: [
            units[0],
            { main: "port/port.c", flags },
            ...cFiles(translated).map((name) => ({ main: `translated/${name}`, flags })),
        ],
    }
}

const hashed = (...parts: (string | Uint8Array)[]): string => {
    const hash = createHash("sha256")
    for (const part of parts) hash.update(part)
    return hash.digest("hex").slice(0, 16)
}

/** Names of the objects, in the order of their units: hashes of their inputs. */
function objectNames({ folders, units }: Parts): string[] {
    const { vm, port, translated } = folders
    const machine = [oneUnit(cFiles(vm)), ...Object.entries(vm), ...Object.entries(port)].flat()
    const headers = Object.entries(translated).filter(([name]) => name.endsWith(".h"))
    return units.map(({ main, flags }) => {
        const own = main.startsWith("translated/") ? [translated[basename(main)], ...headers.flat()] : []
        return `${hashed(...flags, main, ...own, ...machine)}.o`
    })
}

/**
 * Options of V8 for LLVM's 75 MB of WebAssembly: compiles each function only once, quickly, when it is first called.
 * Optimizing the functions would take as long as they run here.
 */
const V8_OPTIONS = ["--liftoff-only", "--wasm-lazy-compilation", "--wasm-lazy-validation"]

/** The command that runs llvm-main.ts; in the package it is JavaScript and needs no loader. */
function compilerProgram(): string[] {
    const beside = (name: string): URL => new URL(name, import.meta.url)
    if (import.meta.url.endsWith(".js")) return [fileURLToPath(beside("llvm-main.js"))]
    return ["--import", beside("tsx.mjs").href, fileURLToPath(beside("llvm-main.ts"))]
}

/** Compiles in a separate process, with these options of V8. */
function compile(compilation: Compilation): Promise<Compiled> {
    // Passed as a file, because this process compiles a program meanwhile and does not serve a pipe.
    const input = join(temporaryFolder("llvm"), "compilation")
    writeFileSync(input, serialize(compilation))
    const args = [...V8_OPTIONS, ...compilerProgram(), input]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    const end = (): void => void child.kill()
    process.once("exit", end)
    return new Promise((resolve, reject) => {
        const [made, messages]: Buffer[][] = [[], []]
        child.stdout.on("data", (bytes: Buffer) => made.push(bytes))
        child.stderr.on("data", (bytes: Buffer) => messages.push(bytes))
        child.on("error", reject)
        child.on("close", (code) => {
            process.removeListener("exit", end)
            rmSync(dirname(input), { recursive: true, force: true })
            if (code === 0) resolve(deserialize(Buffer.concat(made)) as Compiled)
            else reject(new Error(Buffer.concat(messages).toString().trim()))
        })
    })
}

/** Compilations under way in this process. */
const underWay = new Map<string, Promise<string>>()

function compiledPath(parts: Parts): Promise<string> {
    const objects = objectNames(parts)
    const path = join(cache, `${hashed(...LINK, ...objects)}.wasm`)
    if (existsSync(path)) return Promise.resolve(path)
    const made = underWay.get(path) ?? compiledOnce(path, parts, objects)
    underWay.set(path, made)
    return made
}

async function compiledOnce(path: string, parts: Parts, objects: string[]): Promise<string> {
    await exclusivelyAsync(path, async () => {
        if (!existsSync(path)) await compileTo(path, parts, objects)
    })
    return path
}

/** Renames a complete file, so that other processes see the whole file or none. */
function write(path: string, bytes: Uint8Array): void {
    writeFileSync(`${path}.${process.pid}`, bytes)
    renameSync(`${path}.${process.pid}`, path)
}

async function compileTo(path: string, { folders, units }: Parts, names: string[]): Promise<void> {
    mkdirSync(objectCache, { recursive: true })
    const place = (name: string): string => join(objectCache, name)
    const isThere = existsSync(place(names[0]))
    const what = isThere ? "program's functions to WebAssembly" : "simulator (firmware/vm to WebAssembly)"
    process.stderr.write(`mote: compiling the ${what}, once (about fifteen seconds)\n`)
    const { module, objects } = await compile({
        tree: { ...folders, "all.c": oneUnit(cFiles(folders.vm)) },
        objects: Object.fromEntries(
            names.map((name, index) => [name, existsSync(place(name)) ? readFileSync(place(name)) : units[index]]),
        ),
        link: LINK,
    })
    for (const [name, bytes] of Object.entries(objects)) write(place(name), bytes)
    write(path, module)
}

/** Path of the machine compiled from the sources; compiled (which takes some seconds) only if one has changed. */
export const compiledMachine = (kind: MachineKind = "plain"): Promise<string> => compiledPath(partsOf(kind))

/**
 * A machine with functions of some images as C, like a device's firmware.
 * @param choose which functions of each image
 */
export async function translatedMachine(images: Buffer[], choose: Choice): Promise<WebAssembly.Module> {
    const { translationFiles } = await import("../translate/files.js") // loaded lazily: other machines do not need it
    await Promise.allSettled(underWay.values()) // their objects are shared with this one
    const path = await compiledPath(translatedParts(translationFiles(images, choose)))
    return new WebAssembly.Module(readFileSync(path))
}

/** Starts to compile the machine, if necessary, so that the caller can do other work before it asks for the module. */
export function prepareMachine(): void {
    machineModule().catch(() => undefined) // reported to the caller that asks for the module
}

/** The machine of firmware/vm as a WebAssembly module: from the package, or else compiled. */
export async function machineModule(kind: MachineKind = "plain"): Promise<WebAssembly.Module> {
    const shipped = join(prebuilt, machineFile(kind))
    const path = existsSync(shipped) ? shipped : await compiledMachine(kind)
    return new WebAssembly.Module(readFileSync(path))
}
