import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"
import { serialize } from "node:v8"
import { cacheFolder, prebuilt, root } from "../folders.js"
import { translationFiles } from "../translate/files.js"
import type { Choice } from "../translate/translate.js"
import { type Parts, type Sources } from "./llvm.js"
import { exclusivelyAsync } from "./make-once.js"

/** Where compiled machines are kept, by the hash of what they were made of; ignored by git. */
const cache = cacheFolder("wasm")
/** The machine as it is, or one that counts what each function of a program does (mote profile). */
export const MACHINE_KINDS = ["plain", "profiling"] as const
export type MachineKind = (typeof MACHINE_KINDS)[number]

/** What the package calls its machines, which it has ready. */
export const machineFile = (kind: MachineKind): string => (kind === "plain" ? "machine.wasm" : "machine-profiling.wasm")

const TARGET = ["--target=wasm32-wasip1", "-std=c11", "-O2", "-Ivm", "-c"]
const flagsOf = (kind: MachineKind): string[] => (kind === "plain" ? TARGET : [...TARGET, "-DMOTE_PROFILE"])
const LINK = ["-m", "wasm32", "--no-entry", "--strip-all", "-z", "stack-size=65536", "-L/usr/lib/wasm32-wasip1"]

function sources(folder: string): Sources {
    const path = join(root, "firmware", folder)
    const names = readdirSync(path).filter((name) => /\.[ch]$/.test(name))
    return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(path, name))]))
}

const partsOf = (kind: MachineKind): Parts => ({
    flags: flagsOf(kind),
    vm: sources("vm"),
    port: sources("port/wasm"),
    translated: {},
})

function hashOf({ flags, vm, port, translated }: Parts): string {
    const hash = createHash("sha256").update([...flags, ...LINK].join(" "))
    for (const part of [vm, port, translated])
        for (const [name, bytes] of Object.entries(part)) hash.update(name).update(bytes)
    return hash.digest("hex").slice(0, 16)
}

/**
 * Compiles in a process of its own, whose V8 compiles the compiler once and quickly: optimizing LLVM's 60 MB of WebAssembly takes as
 * long as what LLVM does here.
 */
function compile(parts: Parts): Promise<Uint8Array> {
    const [hook, main] = ["tsx.mjs", "llvm-main.ts"].map((name) => join(root, "host", "build", name))
    const args = ["--liftoff-only", "--import", pathToFileURL(hook).href, main]
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] })
    const end = (): void => void child.kill()
    process.once("exit", end)
    child.stdin.on("error", () => undefined) // it has ended, and said why
    child.stdin.end(serialize({ ...parts, link: LINK }))
    return new Promise((resolve, reject) => {
        const [made, messages]: Buffer[][] = [[], []]
        child.stdout.on("data", (bytes: Buffer) => made.push(bytes))
        child.stderr.on("data", (bytes: Buffer) => messages.push(bytes))
        child.on("error", reject)
        child.on("close", (code) => {
            process.removeListener("exit", end)
            if (code === 0) resolve(Buffer.concat(made))
            else reject(new Error(Buffer.concat(messages).toString().trim()))
        })
    })
}

/** What this process is compiling. */
const underWay = new Map<string, Promise<string>>()

function compiledPath(parts: Parts): Promise<string> {
    const path = join(cache, `${hashOf(parts)}.wasm`)
    if (existsSync(path)) return Promise.resolve(path)
    const made = underWay.get(path) ?? compiledOnce(path, parts)
    underWay.set(path, made)
    return made
}

async function compiledOnce(path: string, parts: Parts): Promise<string> {
    await exclusivelyAsync(path, async () => {
        if (!existsSync(path)) await compileTo(path, parts)
    })
    return path
}

async function compileTo(path: string, parts: Parts): Promise<void> {
    process.stderr.write("mote: compiling the simulator (firmware/vm to WebAssembly), once (about fifteen seconds)\n")
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, await compile(parts))
    renameSync(fresh, path)
}

/** Path of the machine compiled from the sources; compiled (some seconds) only when one has changed. */
export const compiledMachine = (kind: MachineKind = "plain"): Promise<string> => compiledPath(partsOf(kind))

/**
 * A machine that has functions of some images as C, as the firmware of a device does.
 * @param choose the functions of each image that become C
 */
export async function translatedMachine(images: Buffer[], choose: Choice): Promise<WebAssembly.Module> {
    const parts = partsOf("plain")
    const files = translationFiles(images, choose).map((path): [string, Uint8Array] => [
        basename(path),
        readFileSync(path),
    ])
    const path = await compiledPath({
        ...parts,
        flags: [...parts.flags, "-DMOTE_TRANSLATED", "-Itranslated"],
        translated: { ...sources("translated"), ...Object.fromEntries(files) },
    })
    return new WebAssembly.Module(readFileSync(path))
}

/** Begins to compile the machine, where it has to be, beside what the caller does until it asks for the module. */
export function prepareMachine(): void {
    machineModule().catch(() => undefined) // who asks for the module is told
}

/** The machine of firmware/vm as a WebAssembly module: the one that the package brings, else the compiled one. */
export async function machineModule(kind: MachineKind = "plain"): Promise<WebAssembly.Module> {
    const shipped = join(prebuilt, machineFile(kind))
    const path = existsSync(shipped) ? shipped : await compiledMachine(kind)
    return new WebAssembly.Module(readFileSync(path))
}
